"""The edges' configuration is one that nginx takes."""

import subprocess
from pathlib import Path

from demo import ports
from demo.platform.edge import Edge
from demo.ports import free_port


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    edge = Edge("edge-1", tmp_path / "edge-1", free_port())
    edge.write(tmp_path / "live", "log_format ott '$msec $request $status $bytes_sent';")
    result = subprocess.run([*edge.command, "-t"], capture_output=True, text=True, check=False)
    assert "test is successful" in result.stderr, result.stderr
    assert result.stderr.count("\n") == 2, "a warning"
    assert {path.name for path in edge.prefix.iterdir()} <= {"nginx.conf", "temp", "access.log", "nginx.pid"}


def test_ports_are_all_different() -> None:
    assert len(set(ports.free(40))) == 40
