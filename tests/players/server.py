"""A web server of live channels on loopback: each case for each client has a clock of its own."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

AHEAD = 16.0  # seconds of a channel that are over when its client first asks


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a path of a case; `base` is the address of the case for this client."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    base: str
    began: float  # Unix time at which the channel began
    now: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent; with `raw` exactly these bytes, whereupon the connection is closed."""

    body: bytes = b""
    type: str | None = None
    status: str = "200 OK"
    headers: tuple[str, ...] = ()
    raw: bytes | None = None


Handler = Callable[[Request], Answer | None]


class Channels:
    """Answers `/CASE/CLIENT/PATH`, and `/page/NAME` with the players' files."""

    def __init__(self, handlers: dict[str, Handler], files: dict[str, tuple[bytes, str]]) -> None:
        self._handlers, self._files = handlers, files
        self._began: dict[tuple[str, str], float] = {}
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broken = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*broken):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest if one)}
        answer = self.answer(target, headers) or Answer(b"not here", "text/plain", "404 Not Found")
        self.asked.append(f"{target} {answer.status}")
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            return False
        head = [f"HTTP/1.1 {answer.status}", "Cache-Control: no-store", f"Content-Length: {len(answer.body)}"]
        head += [f"Content-Type: {answer.type}"] if answer.type is not None else []
        text = "\r\n".join([*head, *answer.headers, "", ""])
        writer.write(text.encode() + (b"" if method == "HEAD" else answer.body))
        await writer.drain()
        return True

    def answer(self, target: str, headers: dict[str, str]) -> Answer | None:
        parts = urlsplit(target)
        case, _, rest = parts.path.lstrip("/").partition("/")
        if case == "page":
            found = self._files.get(rest)
            return None if found is None else Answer(*found)
        client, _, path = rest.partition("/")
        handler = self._handlers.get(case)
        if handler is None:
            return None
        now = time.time()
        began = self._began.setdefault((case, client), now - AHEAD)
        base = f"http://{headers.get('host', '')}/{case}/{client}"
        return handler(Request(path, parse_qs(parts.query), headers, base, began, now))


@contextmanager
def served(channels: Channels) -> Iterator[str]:
    """Serve until the end of the block, in a thread of its own; give the address."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(channels.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:

        async def stop() -> None:
            server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
