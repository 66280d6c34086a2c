"""`ott-agent init` and `ott-agent top` from outside."""

import re
from pathlib import Path

import pytest

from tests.contract.agent.program import agent, run
from tests.contract.agent.test_program import make_certificates


def test_what_init_writes_passes_the_check(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    result = run("init", "--output", str(file))
    assert result.returncode == 0, result.stderr
    assert run("check-config", "--config", str(file)).returncode == 0
    assert run("init").stdout == file.read_text()
    again = run("init", "--output", str(file))
    assert again.returncode == 2
    assert f"{file}: is there already and is not overwritten; name another" in again.stderr
    nowhere = run("init", "--output", str(tmp_path / "none/agent.toml"))
    assert nowhere.returncode == 2
    assert "cannot be written: No such file or directory; name another" in nowhere.stderr


def test_top_asks_the_running_agent(tmp_path: Path) -> None:
    with agent(tmp_path):
        result = run("top", "--config", str(tmp_path / "agent.toml"), "--count", "2", "--every", "100ms")
    assert result.returncode == 0, result.stderr
    assert len(re.findall(r"^CPU +\d+\.\d %  load \d", result.stdout, re.MULTILINE)) == 2
    assert "collectors            all fine" in result.stdout
    gone = run("top", "--config", str(tmp_path / "agent.toml"), "--count", "1")
    assert gone.returncode == 1
    assert "Connection refused; does the agent run" in gone.stderr


@pytest.mark.parametrize("tls", ["", "tls"])
def test_top_uses_the_agents_own_secrets(tmp_path: Path, tls: str) -> None:
    (tmp_path / "token").write_text("tok\n")
    (tmp_path / "token").chmod(0o600)
    settings = f'[auth]\ntoken = {{ file = "{tmp_path}/token" }}\n'
    if tls:
        make_certificates(tmp_path)
        settings += f'[tls]\ncertificate = "{tmp_path}/server.pem"\nkey = "{tmp_path}/server.key"\n'
    with agent(tmp_path, settings):
        result = run("top", "--config", str(tmp_path / "agent.toml"), "--count", "1", "--every", "100ms")
    assert result.returncode == 0, result.stderr
    assert "memory" in result.stdout
