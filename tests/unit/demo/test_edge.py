"""The edges' configuration is one that nginx takes."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from demo import ports
from demo.platform.edge import FAULT, Edge
from demo.platform.http_client import Edge as HttpEdge
from demo.platform.http_client import Player
from demo.ports import free_port
from demo.processes import answers, wait_until


@pytest.mark.parametrize(("origin", "fault"), [("", ""), ("127.0.0.1:8080", ""), ("127.0.0.1:8080", FAULT)])
def test_nginx_takes_the_configuration(tmp_path: Path, origin: str, fault: str) -> None:
    edge = Edge("edge-1", tmp_path / "edge-1", free_port(), origin)
    edge.write(tmp_path / "live", "log_format ott '$msec $request $status $bytes_sent';")
    edge.deploy(fault)
    result = subprocess.run([*edge.command, "-t"], capture_output=True, text=True, check=False)
    assert "test is successful" in result.stderr, result.stderr
    assert result.stderr.count("\n") == 2, "a warning"
    files = {path.name for path in edge.prefix.iterdir()}
    assert files <= {"nginx.conf", "fault.conf", "temp", "cache", "access.log", "nginx.pid"}


def test_an_edge_sends_as_slowly_as_the_line_is(tmp_path: Path) -> None:
    """The log says so: of a segment that a socket could hold, the request takes as long as the line needs."""
    edge, content = Edge("edge-1", tmp_path / "edge-1", free_port()), tmp_path / "live"
    (content / "kino").mkdir(parents=True)
    (content / "kino" / "1.ts").write_bytes(bytes(30_000))
    edge.write(content, "log_format ott '$request_time';")
    with subprocess.Popen(edge.command) as nginx:
        try:
            wait_until(answers(edge.status_url), 60, "nginx did not start")
            asyncio.run(_fetch(HttpEdge("edge-1", "127.0.0.1", edge.port)))
            wait_until(lambda: edge.log.read_text().count("\n") == 2, 60, "nginx logged nothing")
        finally:
            nginx.terminate()
    slow, fast = map(float, edge.log.read_text().split())
    assert slow >= 1.5
    assert fast < slow


async def _fetch(edge: HttpEdge) -> None:
    player = Player(edge, "test")
    for rate in (10_000, 0):
        assert len((await player.get("/live/kino/1.ts", rate)).body) == 30_000
    player.close()


def test_ports_are_all_different() -> None:
    assert len(set(ports.free(40))) == 40
