"""Free ports: none that listens, none twice, none that the kernel may give to somebody's connection."""

import socket
from pathlib import Path

import pytest

from demo import ports


def test_no_port_is_found_twice() -> None:
    found = [port for _ in range(20) for port in (*ports.free(3), ports.free_port())]
    assert len(set(found)) == len(found) == 80


def test_ports_lie_below_those_of_the_kernels_choice() -> None:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        first = int(ports.RANGE.read_text("ascii").split()[0])
        assert chosen.getsockname()[1] >= first
    assert all(ports.LOWEST <= port < first for port in ports.free(200))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_is_taken_is_passed_over(kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, other = ports.free(2)
    monkeypatch.setattr(ports, "_candidates", lambda: [taken, other])
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", taken))
        assert ports.free_port() == other
        with pytest.raises(OSError, match="no 2 ports of"):
            ports.free(2)


def test_where_the_kernel_chooses_from_nearly_all_ports_its_range_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = tmp_path / "ip_local_port_range"
    narrow.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "RANGE", narrow)
    assert max(ports.free(200)) > 32_768
