"""What a node loses by itself, on the real kernel: connections nobody accepts and datagrams nobody reads."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from agent.host import netstat
from agent.host.root import Host

# SO_RXQ_OVFL, by which the multicast probe learns what its own socket lost.
LOST = 40
DATAGRAM = b"x" * 1316


def counters() -> dict[str, float]:
    return {
        sample.metric.name: sample.value
        for sample in netstat.COLLECTOR.on(Host()).collect()
        if isinstance(sample.value, float)
    }


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_connections_that_nobody_accepts_overflow_the_queue(sockets: ExitStack) -> None:
    before = counters()
    server = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
    for _ in range(8):
        client = sockets.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex(server.getsockname())
    end = time.monotonic() + 10
    while (after := counters())["node_netstat_TcpExt_ListenOverflows"] < before[
        "node_netstat_TcpExt_ListenOverflows"
    ] + 4:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert after["node_netstat_TcpExt_ListenDrops"] >= before["node_netstat_TcpExt_ListenDrops"] + 4


@pytest.mark.parametrize(
    ("family", "address", "protocol"), [(socket.AF_INET, "127.0.0.1", "Udp"), (socket.AF_INET6, "::1", "Udp6")]
)
def test_datagrams_that_nobody_reads_are_those_the_probe_takes_for_its_own(
    sockets: ExitStack, family: socket.AddressFamily, address: str, protocol: str
) -> None:
    receiver = sockets.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    try:
        receiver.bind((address, 0))
    except OSError as error:
        pytest.skip(f"{address}: {error}")
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    receiver.setsockopt(socket.SOL_SOCKET, LOST, 1)
    sender = sockets.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    before = counters()[f"node_netstat_{protocol}_RcvbufErrors"]
    for _ in range(100):
        sender.sendto(DATAGRAM, receiver.getsockname())
    receiver.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            receiver.recv(2000)
    sender.sendto(b"last", receiver.getsockname())
    _, ancillary, _, _ = receiver.recvmsg(2000, 64)
    own = int.from_bytes(ancillary[0][2][:4], "little")
    assert own > 50
    assert counters()[f"node_netstat_{protocol}_RcvbufErrors"] >= before + own
