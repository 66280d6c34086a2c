"""Log lines as syslog datagrams: nginx's `access_log syslog:server=127.0.0.1:5514`, HAProxy's `log`.

A datagram that comes while the agent is away, or faster than it reads, is lost: a file is the exact input. The
kernel counts what it dropped for want of room, and so do we.
"""

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from agent.sources.edge_log.batch import Parser, Reason
from agent.sources.edge_log.log_file import Position
from agent.sources.edge_log.piece import Piece

# BSD syslog as nginx and HAProxy send it, and RFC 5424.
_HEADER = re.compile(
    rb"<\d{1,3}>(?:"
    rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:[^ :]+ )?[^ :]{1,48}: "
    rb"|1 (?:[^ ]+ ){5}(?:-|(?:\[[^\]]*\])+) (?:\xef\xbb\xbf)?)"
)
_LARGEST = 65_536
_AT_ONCE = 2_000
_ROOM = 8 << 20
# Linux's SO_RXQ_OVFL, which Python does not name: each datagram brings the number dropped so far.
_OVERFLOWS = 40


class SyslogListener:
    """A socket, to be polled as a follower is; it has no positions."""

    def __init__(self, address: str, max_line: int) -> None:
        self.faults: list[str] = []
        self.parser: Parser | None = None
        self.state = ""
        self.read_to = float("inf")  # what comes is read at once: no line of long ago waits anywhere
        self.dropped = 0
        self.looked_at = 0.0
        self._max_line = max_line
        self._path: Path | None = None
        if address.startswith("/"):
            self._path = Path(address)
            self._path.unlink(missing_ok=True)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            target: str | tuple[str, int] = address
        else:
            target = host_and_port(address)
            family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.settimeout(0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            self._socket.setsockopt(socket.SOL_SOCKET, _OVERFLOWS, 1)
            self._socket.bind(target)
        except OSError:
            self._socket.close()
            raise

    def positions(self) -> list[Position]:
        """Return nothing: there is no going back to a datagram."""
        return []

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def poll(self, now: float) -> Iterator[Piece]:
        """Yield the datagrams that have come, as lines."""
        del now
        while lines := self._receive():
            short = [line for line in lines if len(line) <= self._max_line]
            if short:
                yield Piece(self, b"\n".join(short) + b"\n")
            for _ in range(len(lines) - len(short)):
                yield Piece(self, b"", Reason.TOO_LONG)

    def _receive(self) -> list[bytes]:
        lines = []
        try:
            for _ in range(_AT_ONCE):
                data, ancillary, _, _ = self._socket.recvmsg(_LARGEST, socket.CMSG_SPACE(4))
                for level, kind, content in ancillary:
                    if (level, kind) == (socket.SOL_SOCKET, _OVERFLOWS):
                        (self.dropped,) = struct.unpack("=I", content[:4])
                lines.append(line_of(data))
        except BlockingIOError:
            pass
        return lines


def line_of(datagram: bytes) -> bytes:
    """Return the message without its header; what has none is taken as it is."""
    header = _HEADER.match(datagram)
    return (datagram[header.end() :] if header else datagram).rstrip(b"\r\n\0").replace(b"\n", b" ")


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of "127.0.0.1:5514" or "[::1]:5514"; raise ValueError with the remedy."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f'syslog must be "127.0.0.1:5514" or the path of a socket, not {address!r}')
    return host, int(port)
