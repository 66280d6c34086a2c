"""The way between two Alertmanagers, which can be cut and joined again while they run.

Where the kernel permits it each one has a network namespace of its own and their gossip crosses a bridge in a third;
a cut takes a port out of the bridge, so that packets vanish as in a switch that died. Elsewhere their gossip goes
through a proxy that lets nothing pass while it is cut. The way to and from everybody else stays whole in both.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from bench.namespaces import entering, inside, namespace, possible, run
from demo import ports

PEERS = (0, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one Alertmanager runs: addresses are host:port."""

    near: str  # the host under which it reaches this process
    web: str
    gossip: str
    advertised: str
    command: tuple[str, ...] = ()  # what comes before its own command


class Network(Protocol):
    """Two places and the way between them."""

    kind: str
    places: tuple[Place, ...]

    def cut(self) -> None:
        """Let nothing pass between the two."""

    def join(self) -> None:
        """Let everything pass again."""


@contextmanager
def network() -> Iterator[Network]:
    """Lay the way: over namespaces where that is possible, else over a proxy."""
    with ExitStack() as stack:
        found: Network
        try:
            found = stack.enter_context(_namespaces())
        except OSError:
            found = stack.enter_context(proxy())
        yield found


class _Namespaces:
    kind = "network namespaces"

    def __init__(self, switch: int, places: tuple[Place, ...]) -> None:
        self.places = places
        self._switch = switch

    def cut(self) -> None:
        inside(self._switch, "ip link set port0 nomaster")

    def join(self) -> None:
        inside(self._switch, "ip link set port0 master switch")


@contextmanager
def _namespaces() -> Iterator[Network]:
    if not possible():
        raise OSError("namespaces with a way to this one need root and iproute2")
    # RFC 2544 keeps these addresses for measurements.
    number = os.getpid() % 512
    base = f"198.{18 + number // 256}.{number % 256}"
    with ExitStack() as stack:
        switch = stack.enter_context(namespace())
        inside(switch, "ip link add name switch type bridge", "ip link set switch up")
        places = []
        for peer in PEERS:
            peer_space = stack.enter_context(namespace())
            outer = f"chaos{os.getpid()}.{peer}"
            # The devices vanish with the namespaces that hold their other ends.
            run(f"ip link add {outer} type veth peer name web netns {peer_space}")
            run(f"ip addr add {base}.{4 * peer + 1}/30 dev {outer}")
            run(f"ip link set {outer} up")
            inside(
                peer_space,
                "ip link set lo up",
                f"ip addr add {base}.{4 * peer + 2}/30 dev web",
                "ip link set web up",
                f"ip link add gossip type veth peer name port{peer} netns {switch}",
                f"ip addr add {base}.{65 + peer}/29 dev gossip",
                "ip link set gossip up",
            )
            inside(switch, f"ip link set port{peer} up", f"ip link set port{peer} master switch")
            gossip = f"{base}.{65 + peer}:9094"
            places.append(
                Place(
                    f"{base}.{4 * peer + 1}", f"{base}.{4 * peer + 2}:9093", gossip, gossip,
                    entering(peer_space),
                )
            )  # fmt: skip
        yield _Namespaces(switch, tuple(places))


class _Proxy:
    kind = "proxy"

    def __init__(self, places: tuple[Place, ...], is_open: threading.Event) -> None:
        self.places = places
        self._open = is_open

    def cut(self) -> None:
        self._open.clear()

    def join(self) -> None:
        self._open.set()


@contextmanager
def proxy() -> Iterator[Network]:
    """Lay the way over a proxy, which every machine permits."""
    is_open, over = threading.Event(), threading.Event()
    is_open.set()
    free = ports.free(6)
    places = tuple(
        Place("127.0.0.1", f"127.0.0.1:{free[peer]}", f"127.0.0.1:{free[2 + peer]}", f"127.0.0.1:{free[4 + peer]}")
        for peer in PEERS
    )
    with ExitStack() as stack:
        stack.callback(over.set)
        for peer in PEERS:
            stream = stack.enter_context(socket.create_server(("127.0.0.1", free[4 + peer])))
            packets = stack.enter_context(closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
            packets.bind(("127.0.0.1", free[4 + peer]))
            target = ("127.0.0.1", free[2 + peer])
            for work in (
                lambda stream=stream, target=target: _streams(stream, target, is_open),
                lambda packets=packets, target=target: _packets(packets, target, is_open, over),
            ):
                threading.Thread(target=work, daemon=True).start()
        yield _Proxy(places, is_open)


def _packets(packets: socket.socket, target: tuple[str, int], is_open: threading.Event, over: threading.Event) -> None:
    """Pass packets on. Answers need no way back: each ping names the address that wants the answer."""
    while not over.is_set():
        try:
            packet = packets.recv(65536)
            if is_open.is_set():
                packets.sendto(packet, target)
        except ConnectionRefusedError:
            continue  # the kernel's word that an earlier packet met nobody
        except OSError:
            return


def _streams(listener: socket.socket, target: tuple[str, int], is_open: threading.Event) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_stream, args=(client, target, is_open), daemon=True).start()


def _stream(client: socket.socket, target: tuple[str, int], is_open: threading.Event) -> None:
    is_open.wait()
    try:
        server = socket.create_connection(target)
    except OSError:
        client.close()
        return
    back = threading.Thread(target=_pump, args=(server, client, is_open), daemon=True)
    back.start()
    _pump(client, server, is_open)
    back.join()
    client.close()
    server.close()


def _pump(source: socket.socket, target: socket.socket, is_open: threading.Event) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            is_open.wait()
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
