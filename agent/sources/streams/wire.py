"""HTTP/1.1 as browsers and curl read it, on asyncio's streams.

Libraries refuse what players accept: a blank in the name of a header of a cache, a blank after a chunk's size, an
answer with line feeds only. One such header would blind the probe (docs/decisions/124).
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from typing import NamedTuple

from agent.runtime.http import name_in_tls
from service.nouns import counted

LONGEST_HEAD = 256 << 10  # Chromium's limit
_PIECE = 1 << 16
_STATUS_LINE = re.compile(rb"(?:HTTP/(\d+)(?:\.(\d+))?|ICY)[ \t]+(\d{3})(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?", re.DOTALL)
_BODILESS = frozenset({204, 304})
# Type, flags and stream of the frame with which a server of HTTP/2 begins (RFC 9113, 3.4).
_SETTINGS = b"\x04\0\0\0\0\0"


class WireError(Exception):
    """What came is no HTTP that a client could read."""


class BrokenOff(WireError):  # noqa: N818 - it says what happened
    """The connection ended before the answer did."""


class Head(NamedTuple):
    """The head of an answer; of a header that came several times, the values joined by commas."""

    version: tuple[int, int]
    status: int
    reason: str
    headers: dict[str, str]
    cookies: tuple[str, ...]


class Origin(NamedTuple):
    """Where a connection leads."""

    secure: bool
    host: str
    port: int


class Connection:
    """One connection to an origin, used for one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.used = False
        self.reusable = False

    @classmethod
    async def open(cls, origin: Origin, tls: ssl.SSLContext | None) -> "Connection":
        """Connect; raise OSError."""
        reader, writer = await asyncio.open_connection(
            origin.host,
            origin.port,
            ssl=tls,
            server_hostname=name_in_tls(origin.host) if tls is not None else None,
            limit=LONGEST_HEAD,
            happy_eyeballs_delay=0.25,
        )
        return cls(reader, writer)

    @property
    def closed(self) -> bool:
        """Return whether the server has ended an idle connection."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        """End the connection without waiting for the server."""
        self._writer.transport.abort()

    async def request(self, method: str, target: str, headers: dict[str, str]) -> Head:
        """Send a request and return the answer's head; raise WireError or OSError."""
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
        await self._writer.drain()
        while True:
            head = await self._head()
            if head.status >= 200 or head.status == 101:
                return head

    async def body(self, method: str, head: Head) -> AsyncIterator[bytes]:
        """Yield the pieces of the body; raise WireError where it breaks off."""
        persistent = head.version >= (1, 1)
        connection = head.headers.get("connection", "").lower()
        persistent = "close" not in connection and (persistent or "keep-alive" in connection)
        length = _length(head)
        if method == "HEAD" or head.status in _BODILESS or (length == 0 and not _chunked(head)):
            self.reusable = persistent
        elif _chunked(head):
            async for piece in self._chunks():
                yield piece
            self.reusable = persistent
        elif length is not None:
            async for piece in self._counted(length):
                yield piece
            self.reusable = persistent
        else:
            while piece := await self._reader.read(_PIECE):
                yield piece

    async def _counted(self, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            piece = await self._reader.read(min(length, _PIECE))
            if not piece:
                raise BrokenOff(f"{counted(length, 'byte')} of the announced length did not come")
            length -= len(piece)
            yield piece

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            line = await self._line("the size of a chunk")
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise WireError(f"the size of a chunk is {line[:40]!r}, not a hexadecimal number")
            size = int(match[1], 16)
            if size == 0:
                break
            async for piece in self._counted(size):
                yield piece
            if await self._line("the end of a chunk"):
                raise WireError("a chunk is longer than its size says")
        while await self._line("the end of the last chunk"):
            pass  # trailers

    async def _line(self, what: str) -> bytes:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial[3:9] == _SETTINGS:
                raise WireError(
                    "the server speaks HTTP/2 only, this program HTTP/1.1 only: let the server answer both"
                ) from None
            raise BrokenOff(f"the connection ended before {what}") from None
        except asyncio.LimitOverrunError:
            raise WireError(f"{what} is longer than {LONGEST_HEAD >> 10} KiB") from None
        return line.rstrip(b"\r\n")

    async def _head(self) -> Head:
        line = await self._line("the answer")
        for _ in range(4):
            if line:
                break
            line = await self._line("the answer")
        match = _STATUS_LINE.search(line)
        if match is None or match.start() > 4:
            raise WireError(f"the answer begins with {line[:40]!r}, not with an HTTP status line")
        headers: dict[str, str] = {}
        cookies: list[str] = []
        size, last = len(line), ""
        while line := await self._line("the end of the headers"):
            size += len(line) + 2
            if size > LONGEST_HEAD:
                raise WireError(f"the headers are longer than {LONGEST_HEAD >> 10} KiB")
            if line[:1] in b" \t" and last:
                headers[last] += " " + _text(line).strip()
                continue
            name, colon, value = _text(line).partition(":")
            last = name.strip().lower() if colon else ""
            if last == "set-cookie":
                cookies.append(value.strip())
            elif last:
                headers[last] = f"{headers[last]}, {value.strip()}" if last in headers else value.strip()
        version = (int(match[1] or 1), int(match[2] or 0))
        return Head(version, int(match[3]), _text(match[4] or b"").strip(), headers, tuple(cookies))


def _chunked(head: Head) -> bool:
    return "chunked" in head.headers.get("transfer-encoding", "").lower()


def _length(head: Head) -> int | None:
    """Return Content-Length, which some servers send twice; None where it is none, as browsers take it."""
    values = {value.strip() for value in head.headers.get("content-length", "").split(",")} - {""}
    if not values or _chunked(head):
        return None
    if len(values) > 1:
        raise WireError("several Content-Length headers contradict each other")
    value = values.pop()
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


def _text(line: bytes) -> str:
    """Return a header's text: UTF-8 where it is, else one character a byte."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
