import tomllib
from pathlib import Path

import pytest

from agent import init
from agent.init import Seen, propose
from agent.preset import ServerPreset
from agent.presets import load_preset
from agent.settings import AgentSettings, converter
from service.settings import structure


def settings(text: str) -> AgentSettings:
    return structure(tomllib.loads(text), AgentSettings, Path("proposal"), converter())


def uncommented(text: str) -> str:
    """The proposal with its offers taken up: prose stays a comment."""
    lines = []
    for line in text.splitlines():
        offer = line.removeprefix("# ")
        code = offer.startswith(("[[", "[auth]")) or " = " in offer.split("#")[0]
        lines.append(offer if code and not offer.startswith(("First", "No ", "A ", "Settings")) else line)
    return "\n".join(line for line in lines if "runs here. First" not in line)


NODES = {
    "an empty node": Seen(frozenset(), (), pressure=True, node="n"),
    "an edge": Seen(frozenset({"nginx", "varnishd"}), ("/var/log/nginx/access.log",), pressure=False, node="edge-1"),
    "middleware": Seen(frozenset({"mariadbd", "apache2", "node_exporter"}), (), pressure=True, node="mw"),
    "everything": Seen(
        frozenset({*init.SERVERS, "mysqld", "mariadbd"}), ("/var/log/nginx/a.log", "/b.log"), pressure=True, node="x"
    ),
}


@pytest.mark.parametrize("seen", NODES.values(), ids=NODES.keys())
def test_the_proposal_loads_as_it_is_and_with_its_offers_taken(seen: Seen) -> None:
    proposed = settings(propose(seen))
    assert proposed.server == []
    assert proposed.subscribers == []
    taken = settings(uncommented(propose(seen)))
    assert len(taken.server) == len(seen.processes & init.SERVERS.keys())
    for server in taken.server:
        assert load_preset(ServerPreset, "servers", server.preset)


def test_only_what_was_seen_is_switched_on() -> None:
    edge = settings(propose(NODES["an edge"]))
    assert edge.host.without == ["pressure"]
    assert edge.host.processes == ["nginx", "varnishd"]
    assert edge.edge_log[0].paths == ["/var/log/nginx/access.log"]
    middleware = settings(propose(NODES["middleware"]))
    assert not middleware.host.enabled
    assert middleware.edge_log == []
    assert settings(propose(NODES["an empty node"])).host.processes == []


def test_logs_are_found_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "var/log/nginx").mkdir(parents=True)
    for name in ("access.log", "ott_access.log", "error.log", "access.log.1"):
        (tmp_path / "var/log/nginx" / name).touch()
    seen = init.look(tmp_path)
    assert seen.logs == ("/var/log/nginx/access.log", "/var/log/nginx/ott_access.log")
    assert not seen.pressure
    assert any("python" in name or "pytest" in name for name in seen.processes)
