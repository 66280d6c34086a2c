"""`ott-agent join`: two keys of the settings change, everything else stays."""

import json
import tomllib
from pathlib import Path

import pytest

from agent.__main__ import command_line
from agent.cli.init import propose
from agent.cli.join import RefusedError, changed, run
from agent.sources.node import Seen
from tests.unit.agent.cli.test_init import NODES

TLS = {"certificate": "/t/node.pem", "key": "/t/node.key", "client_ca": "/t/ca.pem"}


@pytest.mark.parametrize("seen", NODES.values(), ids=NODES.keys())
def test_every_proposal_can_join_and_join_again(seen: Seen) -> None:
    text = propose(seen)
    joined = changed(text, "10.0.1.11:9780", TLS)
    assert tomllib.loads(joined) == tomllib.loads(text) | {"listen": "10.0.1.11:9780", "tls": TLS}
    assert changed(joined, "10.0.1.11:9780", TLS) == joined
    assert set(text.splitlines()) - set(joined.splitlines()) <= {text.splitlines()[2]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "state = '/x'\n",
        "[host]\nenabled = true\n",
        "listen = '''a:1'''\n[host]\n",
        "[tls]\ncertificate = 'other'\n",
    ],
)
def test_other_settings_join_or_are_refused(text: str) -> None:
    try:
        joined = changed(text, "a:1", TLS)
    except (RefusedError, ValueError):
        assert "tls" in text or "'''" in text
        return
    assert tomllib.loads(joined) == tomllib.loads(text) | {"listen": "a:1", "tls": TLS}


def test_the_command_writes_certificates_and_settings(tmp_path: Path) -> None:
    config, bundle = tmp_path / "agent.toml", tmp_path / "edge.ottwatch"
    config.write_text(propose(NODES["an edge"]))
    bundle.write_text(json.dumps({"listen": "10.0.1.11:9780", "certificate": "C", "key": "K", "client_ca": "A"}))
    arguments = command_line({"join"}).parse_args(["join", str(bundle), "--config", str(config)])
    assert run(arguments) == 0
    assert (tmp_path / "tls/node.key").read_text() == "K"
    assert (tmp_path / "tls/node.key").stat().st_mode & 0o777 == 0o640
    assert tomllib.loads(config.read_text())["tls"]["client_ca"] == str(tmp_path / "tls/ca.pem")
    bundle.write_text("{}")
    before = config.read_text()
    assert run(arguments) == 2
    assert config.read_text() == before
