"""CMCD in headers, through nginx and Caddy themselves: what a player sent is what is read of their logs."""

import http.client
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.sources.edge_log.formats.by_name import PRESETS, make_format
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine
from demo.platform.edge import Edge
from demo.ports import free_port
from demo.processes import wait_until

PLAYER = {
    "CMCD-Request": 'bl=(2000),mtp=(100),nor=("a,b.ts"),sn=8,sta=p',
    "CMCD-Object": "br=(300),d=2000,ot=av",
    "CMCD-Status": "bs",
    "CMCD-Session": 'cid="channel",sf=h,sid="run-3",v=2',
}
CADDYFILE = """\
{{
    admin off
    auto_https off
    storage file_system {home}/storage
}}
http://127.0.0.1:{port} {{
    root * {root}
    uri strip_prefix /live
    file_server
    log {{
        output file {home}/access.log
        format json
    }}
}}
"""


def nginx(home: Path, root: Path, port: int) -> tuple[list[str], Path]:
    edge = Edge("edge-1", home, port)
    edge.write(root, f"log_format ott '{PRESETS['ott_cmcd']}';")
    return edge.command, edge.log


def caddy(home: Path, root: Path, port: int) -> tuple[list[str], Path]:
    home.mkdir()
    (home / "Caddyfile").write_text(CADDYFILE.format(home=home, root=root, port=port))
    return ["caddy", "run", "--config", str(home / "Caddyfile")], home / "access.log"


@pytest.mark.parametrize(("make", "name"), [(nginx, "ott_cmcd"), (caddy, "caddy")])
def test_what_a_player_sends_in_headers_is_read_of_the_log(
    tmp_path: Path, make: Callable[[Path, Path, int], tuple[list[str], Path]], name: str
) -> None:
    root, port = tmp_path / "live", free_port()
    (root / "kino").mkdir(parents=True)
    (root / "kino" / "1.ts").write_bytes(bytes(1000))
    command, log = make(tmp_path / "home", root, port)
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin"}
    ) as server:
        try:
            wait_until(lambda: _asked(port, {}), 60, "the server did not start")
            before = log.read_text().count("\n") if log.exists() else 0
            assert _asked(port, PLAYER)
            wait_until(lambda: log.exists() and log.read_text().count("\n") > before, 60, "nothing was logged")
        finally:
            server.terminate()
    batch = make_format(name, choice=Choice(cmcd=True)).parser().parse(log.read_bytes())
    definition = Definition(cmcd=True)
    quality = Quality(definition)
    engine = Engine(definition, b"secret", companion=quality)

    engine.feed(batch, max(batch.times))

    assert not quality.malformed
    assert quality.requests == {2: 1}
    (tally,) = quality.tallies.values()
    assert (tally.played_seconds, tally.played_bits) == (2.0, 600_000.0)
    assert engine.flush().identity_sources["session"] == 1


def _asked(port: int, headers: dict[str, str]) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/live/kino/1.ts", headers=headers)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
