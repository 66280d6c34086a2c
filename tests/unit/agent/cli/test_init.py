import tomllib
from pathlib import Path

import pytest

from agent.cli.init import propose
from agent.settings import AgentSettings, converter
from agent.sources.edge_log.proposal import FORMATS
from agent.sources.node import Seen, look
from agent.sources.presets import load_preset
from agent.sources.server.preset import ServerPreset
from agent.sources.server.proposal import SERVERS
from service.settings import structure


def settings(text: str) -> AgentSettings:
    return structure(tomllib.loads(text), AgentSettings, Path("proposal"), converter())


def uncommented(text: str) -> str:
    """The proposal with its offers taken up: prose stays a comment."""
    lines = []
    for line in text.splitlines():
        offer = line.removeprefix("# ")
        code = offer.startswith(("[[", "[auth]")) or " = " in offer.split("#")[0]
        lines.append(
            offer if code and not offer.startswith(("First", "No ", "A ", "Found", "Settings", "/proc")) else line
        )
    return "\n".join(line for line in lines if "runs here. First" not in line)


NODES = {
    "an empty node": Seen(frozenset(), {}, pressure=True, node="n"),
    "an edge": Seen(
        frozenset({"nginx", "varnishd"}), {"combined": ["/var/log/nginx/access.log"]}, pressure=False, node="edge-1"
    ),
    "middleware": Seen(frozenset({"mariadbd", "apache2", "node_exporter"}), {}, pressure=True, node="mw"),
    "a head-end": Seen(frozenset({"dvblast", "ffmpeg"}), {}, pressure=True, node="head-end"),
    "everything": Seen(
        frozenset({*SERVERS, "mysqld", "mariadbd"}),
        {name: [f"/{name}.log", "/b.log"] for name in FORMATS},
        pressure=True,
        node="x",
    ),
}


@pytest.mark.parametrize("seen", NODES.values(), ids=NODES.keys())
def test_the_proposal_loads_as_it_is_and_with_its_offers_taken(seen: Seen) -> None:
    proposed = settings(propose(seen))
    assert proposed.of("server") == []
    assert proposed.of("subscribers") == []
    taken = settings(uncommented(propose(seen)))
    assert len(taken.of("server")) == len(seen.processes & SERVERS.keys())
    assert len(taken.of("edge_log")) == max(len(seen.logs), 1)
    assert proposed.of("multicast") == proposed.of("picture") == []
    channels = [table.channel for kind in ("multicast", "picture") for table in taken.of(kind)]
    assert channels == (["first", "*"] if seen.node == "head-end" else [])
    assert [log.service for log in proposed.of("edge_log")] == ["ott"][: len(seen.logs)]
    for server in taken.of("server"):
        assert load_preset(ServerPreset, "server", server.preset)


def test_only_what_was_seen_is_switched_on() -> None:
    edge = settings(propose(NODES["an edge"]))
    assert edge.host.without == ["pressure"]
    assert edge.host.processes == ["nginx", "varnishd"]
    assert edge.of("edge_log")[0].paths == ["/var/log/nginx/access.log"]
    middleware = settings(propose(NODES["middleware"]))
    assert not middleware.host.enabled
    assert middleware.of("edge_log") == []
    assert settings(propose(NODES["an empty node"])).host.processes == []


def test_logs_are_found_below_the_root_with_their_formats(tmp_path: Path) -> None:
    files = {
        "nginx": ["access.log", "ott_access.log", "error.log", "access.log.1"],
        "apache2": ["access.log", "other_vhosts_access.log"],
        "caddy": ["access.log"],
        ".": ["haproxy.log"],
    }
    for folder, names in files.items():
        (tmp_path / "var/log" / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            (tmp_path / "var/log" / folder / name).touch()
    seen = look(tmp_path)
    assert seen.logs == {
        "ott": ["/var/log/nginx/ott_access.log"],
        "combined": ["/var/log/apache2/access.log", "/var/log/nginx/access.log"],
        "combined_vhost": ["/var/log/apache2/other_vhosts_access.log"],
        "caddy": ["/var/log/caddy/access.log"],
        "haproxy": ["/var/log/haproxy.log"],
    }
    assert settings(propose(seen)).of("edge_log")[0].format == "ott"
    assert not seen.pressure
    assert seen.processes == frozenset()  # there is no /proc below this root


# As the `main` of nginx.org's packages writes them, and Debian's combined.
OF_MAIN = (
    '192.0.2.1 - - [22/Jan/2026:03:56:14 +0500] "GET /live/a/1.ts HTTP/1.1" 200 188 "-" "Player/1.0" "203.0.113.5"\n'
)
COMBINED = OF_MAIN.replace(' "203.0.113.5"', "")


@pytest.mark.parametrize("server", ["nginx", "angie"])
@pytest.mark.parametrize("line", [OF_MAIN, OF_MAIN.replace("203.0.113.5", "-"), COMBINED])
def test_the_proposed_format_reads_the_log_that_was_found(tmp_path: Path, server: str, line: str) -> None:
    log = tmp_path / "var/log" / server / "access.log"
    log.parent.mkdir(parents=True)
    log.write_text(line)
    (table,) = settings(propose(look(tmp_path))).of("edge_log")
    assert table.paths == [f"/var/log/{server}/access.log"]
    batch = table.make_format().parser().parse(line.encode())
    assert (batch.rejects, list(batch.uris)) == ([], [b"/live/a/1.ts"])


def test_without_proc_the_proposal_says_that_it_saw_nothing(tmp_path: Path) -> None:
    text = propose(look(tmp_path))
    assert "/proc was not mounted" in text
    assert settings(text).host.processes == []
    assert "/proc" not in propose(look(Path("/")))
    assert any("python" in name or "pytest" in name for name in look(Path("/")).processes)


def test_pressure_that_is_switched_off_is_none(tmp_path: Path) -> None:
    (tmp_path / "proc/pressure/cpu").mkdir(parents=True)  # cannot be read, as with psi=0
    assert not look(tmp_path).pressure
