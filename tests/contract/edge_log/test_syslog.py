"""Datagrams through a real socket."""

import socket
from pathlib import Path

import pytest

from agent.sources.edge_log.input.syslog import line_of
from demo.ports import free_port
from tests.contract.edge_log.conftest import Edge, line, until


@pytest.mark.parametrize(
    ("datagram", "text"),
    [
        (b"<190>Jan 22 03:56:14 edge-1 nginx: a line\n", b"a line"),
        (b"<190>Jan  2 03:56:14 nginx: a: line", b"a: line"),
        (b"<134>Jan 22 03:56:14 haproxy[7]: a line", b"a line"),
        (b"<165>1 2026-01-22T03:56:14.000Z edge-1 nginx 7 - - a line", b"a line"),
        (b'<165>1 - edge-1 nginx - - [x@1 a="b"][y@1] \xef\xbb\xbfa line', b"a line"),
        (b"<134>a line\n", b"a line"),
        (b"<6>2026-11-30T18:03:47.347765+00:00 a line\n", b"a line"),
        (b"no header", b"no header"),
        (b"two\nlines\n", b"two lines"),
        (b"", b""),
    ],
)
def test_the_line_of_a_datagram(datagram: bytes, text: bytes) -> None:
    assert line_of(datagram) == text


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_datagrams_are_counted(edge: Edge, kind: str) -> None:
    target: str | tuple[str, int] = str(edge.folder / "s") if kind == "unix" else ("127.0.0.1", free_port())
    address = target if isinstance(target, str) else f"127.0.0.1:{target[1]}"
    edge.keys = {"paths": [], "syslog": address, "max_line": 2000}
    edge.start()
    until(edge.figures)
    with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(100):
            sender.sendto(b"<190>Jan 22 00:00:01 edge-1 nginx: " + line(1, f"{number}"), target)
        sender.sendto(b"<190>Jan 22 00:00:01 edge-1 nginx: garbage", target)
        sender.sendto(b"x" * 3000, target)
    figures = edge.await_lines(102)
    assert (figures["viewers{}"], figures["log_rejected_lines_total{format}"]) == (100, 1)
    assert (figures["log_rejected_lines_total{too_long}"], figures["log_dropped_datagrams_total{}"]) == (1, 0)
    edge.stop()
    assert not Path(address).exists()


def test_counters_go_on_after_a_restart(edge: Edge) -> None:
    edge.keys = {"paths": [], "syslog": str(edge.folder / "s")}
    for count in (1, 2):
        edge.start()
        until(edge.figures)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(line(1, "aa"), str(edge.folder / "s"))
        assert edge.await_lines(count)["viewers{}"] == 1
        edge.stop()


def test_a_port_that_is_taken_is_a_failure_with_a_reason(edge: Edge) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        edge.keys = {"paths": [], "syslog": f"127.0.0.1:{other.getsockname()[1]}"}
        edge.start()
        assert edge.await_failure("in use")


def test_a_socket_that_was_removed_is_made_again_and_said(edge: Edge) -> None:
    path = edge.folder / "s"
    edge.keys = {"paths": [], "syslog": str(path)}
    edge.start()
    until(edge.figures)
    inode = path.stat().st_ino
    path.rename(edge.folder / "elsewhere")
    until(lambda: (path.exists() and path.stat().st_ino != inode) or None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(line(1, "aa"), str(path))
    figures = edge.await_lines(1)
    assert (figures["viewers{}"], figures["log_losses_total{dropped}"]) == (1, 1)
