"""The head-end: sends channels by multicast on the loopback interface, whole or with a fault.

The faults are read from a file, a line for each channel that has one, such as `sport-1 black`. Packets are numbered by
the clock, so that a head-end that starts again goes on where it would have been.
"""

import argparse
import logging
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from demo.platform.lineup import BY_MULTICAST
from demo.platform.programme import PACKETS_A_SECOND, PMT_PID, Programme, count_on, move, pid_of, programmes
from demo.platform.transport import CLOCK, NULL_PID
from service import logs

IN_DATAGRAM = 7
_LOSS = 90  # of so many packets one is left out
_JUMP_PACKETS, _JUMP = PACKETS_A_SECOND // 2, 2 * CLOCK  # twice a second the clock jumps by two
_STEP = IN_DATAGRAM / PACKETS_A_SECOND  # seconds
_NULL = bytes([0x47, NULL_PID >> 8, NULL_PID & 0xFF, 0x10]).ljust(188, b"\xff")
_HERE = "127.0.0.1"

logger = logging.getLogger("demo.headend")


class Channel:
    """One channel as it is sent."""

    def __init__(self, made: Mapping[str, Programme], begin: int) -> None:
        self.sent = begin  # packets, as the clock numbers them
        self._programmes = made
        self._counters: dict[int, int] = {}

    def due(self, until: int, fault: str) -> list[bytes]:
        """Return the datagrams that are due before packet number `until`."""
        datagrams = []
        while self.sent + IN_DATAGRAM <= until:
            packets = [self._packet(self.sent + index, fault) for index in range(IN_DATAGRAM)]
            datagrams.append(b"".join(packets))
            self.sent += IN_DATAGRAM
        return datagrams

    def _packet(self, number: int, fault: str) -> bytes:
        packet = self._programmes.get(fault, self._programmes[""]).packet(number)
        if fault == "tables" and pid_of(packet) == PMT_PID:
            return _NULL
        if fault == "clock":
            move(packet, number // _JUMP_PACKETS * _JUMP)
        count_on(packet, self._counters)
        return _NULL if fault == "loss" and number % _LOSS == 0 else bytes(packet)


def group(port: int, number: int) -> str:
    """Return the group of the `number`-th channel of the demo with this port: other demos have others."""
    return f"239.{192 + number}.{port >> 8}.{port & 0xFF}"


def addresses(ports: Sequence[int]) -> tuple[str, ...]:
    """Return where each channel is sent: groups where this machine delivers them on its loopback interface."""
    groups = all(_arrives(group(port, number), port) for number, port in enumerate(ports))
    return tuple(f"{group(port, number) if groups else _HERE}:{port}" for number, port in enumerate(ports))


def _arrives(address: str, port: int) -> bool:
    with closing(sender()) as out, closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as receiver:
        try:
            receiver.bind((address, port))
            request = struct.pack("@4s4si", socket.inet_aton(address), bytes(4), socket.if_nametoindex("lo"))
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
            receiver.settimeout(1)
            out.sendto(b"?", (address, port))
            return receiver.recv(1) == b"?"
        except OSError:
            return False


def sender() -> socket.socket:
    """Return a socket whose packets never leave this machine."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(_HERE))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
    return out


class Faults:
    """What the file says, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path, self._changed = path, 0
        self._of: dict[str, str] = {}

    def of(self, channel: str) -> str:
        """Return the fault of a channel; empty for none."""
        return self._of.get(channel, "")

    def look(self) -> None:
        """Read the file if it is another one."""
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if changed != self._changed:
            self._changed = changed
            lines = self._path.read_text("utf-8").splitlines() if changed else []
            self._of = dict(line.split(maxsplit=1) for line in lines)
            logger.info("faults: %s", self._of or "none")


def main() -> None:
    """Send until stopped."""
    parser = argparse.ArgumentParser("python -m demo.platform.headend", description=__doc__)
    parser.add_argument("faults", type=Path)
    parser.add_argument("ready", type=Path, help="made when the first packets have gone")
    parser.add_argument("address", nargs=len(BY_MULTICAST), help="GROUP:PORT of each channel")
    arguments = parser.parse_args()
    logs.configure("text")
    made = [programmes(number) for number in range(len(BY_MULTICAST))]
    targets = [(host, int(port)) for host, _, port in (address.rpartition(":") for address in arguments.address)]
    offset = time.time() - time.monotonic()
    begin = int(time.time() * PACKETS_A_SECOND)
    logger.info("%d channels are sent", len(targets))
    channels = {name: Channel(of_channel, begin) for name, of_channel in zip(BY_MULTICAST, made, strict=True)}
    faults = Faults(arguments.faults)
    with closing(sender()) as out:
        while True:
            faults.look()
            until = int((time.monotonic() + offset) * PACKETS_A_SECOND)
            for (name, channel), target in zip(channels.items(), targets, strict=True):
                for datagram in channel.due(until, faults.of(name)):
                    out.sendto(datagram, target)
            if not arguments.ready.exists():
                arguments.ready.touch()
            time.sleep(_STEP)


if __name__ == "__main__":
    main()
