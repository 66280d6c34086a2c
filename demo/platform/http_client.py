"""HTTP/1.1 GET as a player does it, with every byte received counted, headers too.

The count is what the edge's log must agree with, so it is taken from the socket and not from a library's idea of a
body. One connection is kept open; the edge may close it between two requests.
"""

import asyncio
from typing import NamedTuple

_CHUNK = 1 << 16


class Edge(NamedTuple):
    """A streaming server by the name it has in monitoring."""

    name: str
    host: str
    port: int


class Answer(NamedTuple):
    """Status, body and the bytes that came over the wire."""

    status: int
    body: bytes
    received: int


class Player:
    """One connection to one edge."""

    def __init__(self, edge: Edge, agent: str) -> None:
        self.edge = edge
        self._agent = agent
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, bytes_per_second: int = 0) -> Answer:
        """Fetch `path` over a line of that rate, 0 being any; raise OSError when the edge does not answer."""
        line = f"X-Line-Rate: {bytes_per_second}\r\n" if bytes_per_second else ""
        if self._streams is not None:
            try:
                return await self._request(path, line, *self._streams)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.close()
        try:
            self._streams = await asyncio.open_connection(self.edge.host, self.edge.port, limit=_CHUNK)
            return await self._request(path, line, *self._streams)
        except asyncio.IncompleteReadError as error:
            self.close()
            raise ConnectionResetError(f"{self.edge.name} closed the connection") from error
        except BaseException:
            # Also when this screen is switched off: half an answer must not meet the next request.
            self.close()
            raise

    async def _request(
        self, path: str, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Answer:
        host = f"{self.edge.host}:{self.edge.port}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {self._agent}\r\n{line}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status_line, *fields = head.decode("latin-1").split("\r\n")
        lengths = [
            value for name, _, value in (field.partition(":") for field in fields) if name.lower() == "content-length"
        ]
        body = await reader.readexactly(int(lengths[0]))
        if "connection: close" in head.decode("latin-1").lower():
            self.close()
        return Answer(int(status_line.split()[1]), body, len(head) + len(body))

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
