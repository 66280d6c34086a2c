"""Log lines as syslog datagrams: nginx's `access_log syslog:server=127.0.0.1:5514`, HAProxy's `log`.

A datagram that comes while the agent is away, or faster than it reads, is lost: a file is the exact input. The
kernel counts what it dropped for lack of room, and so do we.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from agent.sources.edge_log.formats.batch import Parser, Reason
from agent.sources.edge_log.formats.syslog_header import HEADER
from agent.sources.edge_log.input.chunk import Chunk
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.position import Position
from service.setting_types import host_and_port

_LARGEST = 65_536
_AT_ONCE = 2_000
_ROOM = 8 << 20
# Linux's SO_RXQ_OVFL, which Python does not name: each datagram brings the number dropped so far.
_OVERFLOWS = 40


class SyslogListener:
    """A socket, to be polled as a follower is; it has no positions."""

    def __init__(self, address: str, max_line: int, losses: Losses) -> None:
        self._losses = losses
        self._address = address
        self.faults: list[str] = []
        self.parser: Parser | None = None
        self.state = ""
        self.read_to = float("inf")  # what comes is read at once: no line of long ago waits anywhere
        self.follows = float("-inf")
        self.dropped = self._overflows = 0
        self.looked_at = 0.0
        self._max_line = max_line
        self._path = Path(address) if address.startswith("/") else None
        self._inode = 0
        self._socket = self._bound()

    def _bound(self) -> socket.socket:
        target: str | tuple[str, int] = self._address
        family = socket.AF_UNIX
        if self._path is None:
            target = host_and_port(self._address)
            family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        elif self._path.exists() and not self._path.is_socket():
            raise FileExistsError(f"{self._path} is no socket: remove it, or name another path in syslog")
        else:
            self._path.unlink(missing_ok=True)
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.settimeout(0)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            bound.setsockopt(socket.SOL_SOCKET, _OVERFLOWS, 1)
            bound.bind(target)
            self._inode = self._path.stat().st_ino if self._path is not None else 0
        except OSError:
            bound.close()
            raise
        return bound

    @property
    def path(self) -> str:
        """Where datagrams come to."""
        return self._address

    def positions(self) -> list[Position]:
        """Return nothing: there is no going back to a datagram."""
        return []

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        if self._path is not None and self._leads_here():
            self._path.unlink(missing_ok=True)

    def _leads_here(self) -> bool:
        """Return whether the socket's path still leads to it: something that tidies up may have removed it."""
        try:
            return self._path is None or self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def poll(self, now: float) -> Iterator[Chunk]:
        """Yield the datagrams that have come, as lines."""
        del now
        self.faults = []
        yield from self._chunks()
        if not self._leads_here():
            self._losses.note(Loss.DROPPED, self._address, "its socket was removed")
            try:
                fresh = self._bound()
            except OSError as error:
                self.faults = [f"{self._address}: {error.strerror or error}"]
                return
            self._socket.close()
            self._socket, self._overflows = fresh, 0

    def _chunks(self) -> Iterator[Chunk]:
        dropped = self.dropped
        while lines := self._receive():
            short = [line for line in lines if len(line) <= self._max_line]
            if short:
                yield Chunk(self, b"\n".join(short) + b"\n")
            for _ in range(len(lines) - len(short)):
                yield Chunk(self, b"", Reason.TOO_LONG)
        if self.dropped > dropped:
            self._losses.note(Loss.DROPPED, self._address)

    def _receive(self) -> list[bytes]:
        lines = []
        try:
            for _ in range(_AT_ONCE):
                data, ancillary, _, _ = self._socket.recvmsg(_LARGEST, socket.CMSG_SPACE(4))
                for level, kind, content in ancillary:
                    if (level, kind) == (socket.SOL_SOCKET, _OVERFLOWS):
                        self._note_dropped(*struct.unpack("=I", content[:4]))
                lines.append(line_of(data))
        except BlockingIOError:
            pass
        return lines

    def _note_dropped(self, overflows: int) -> None:
        """Count what was dropped since the last datagram; the kernel's number has 32 bits."""
        more = (overflows - self._overflows) % (1 << 32)
        self.dropped += more
        self._overflows = overflows


def line_of(datagram: bytes) -> bytes:
    """Return the message without its header; what has none is taken as it is."""
    header = HEADER.match(datagram) if datagram.startswith(b"<") else None
    return (datagram[header.end() :] if header else datagram).rstrip(b"\r\n\0").replace(b"\n", b" ")
