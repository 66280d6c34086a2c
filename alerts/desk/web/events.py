"""Server-sent events: the desk tells open pages what changed.

`/events` tells only that something changed. A page whose living part is the same for many readers gets the part itself,
made and packed once however many streams it goes to: two hundred consoles that each fetched it would wait seconds.
A reader who comes back after a break names the mark it has (`Last-Event-ID`) and is told nothing twice.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from alerts.desk.access import secrets
from alerts.desk.core.database import UNAVAILABLE
from alerts.desk.web.broadcast import Pulse
from alerts.desk.web.forms import Reading
from alerts.desk.web.session import COOKIE, runtime_of

RETRY_MILLISECONDS = 2000
KEPT = 128  # pieces of news, one a view and language

router = APIRouter(include_in_schema=False)

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class News:
    """One event as it goes out, and the mark of what it tells."""

    mark: str
    plain: bytes
    packed: bytes


def news(mark: str, text: str, kind: str = "message") -> News:
    """Return an event that carries a text of any number of lines."""
    lines = "\n".join(f"data: {line}" for line in text.splitlines())
    return _news(mark, f"event: {kind}\nid: {mark}\n{lines}\n\n")


def _news(mark: str, event: str) -> News:
    plain = event.encode()
    # A block that refers to nothing before it and ends on a whole byte fits behind any other in any stream.
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return News(mark, plain, packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH))


_OPENING = _news("", f"retry: {RETRY_MILLISECONDS}\n\n")
_QUIET = _news("", ": quiet\n\n")


class SharedNews:
    """News that many streams ask for at once: made once for a key and a mark, in a thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[str, asyncio.Task[News]]] = OrderedDict()

    async def get(self, key: Hashable, mark: str, make: Callable[[], News]) -> News:
        """Return the news of a mark; who comes while it is being made waits for the same."""
        known = self._known.get(key)
        if known is None or known[0] != mark or _failed(known[1]):
            known = self._known[key] = (mark, asyncio.create_task(asyncio.to_thread(make)))
            self._known.move_to_end(key)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return await asyncio.shield(known[1])  # one reader who leaves takes it from nobody else


def _failed(task: asyncio.Task[News]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


@router.get("/events")
async def events(request: Request, _: Reading) -> Response:
    """Tell that something changed; the page then asks for its own part."""

    async def tell(mark: str) -> News:
        return await shared_news(request).get("events", mark, lambda: news(mark, mark))

    return stream(request, tell)


def shared_news(request: Request) -> SharedNews:
    """Return what the streams of this desk share."""
    shared: SharedNews = request.app.state.shared_news
    return shared


def stream(request: Request, tell: Callable[[str], Awaitable[News]]) -> Response:
    """Return a stream that passes on what `tell` makes of each mark of the pulse, until the reader goes away."""
    pulse: Pulse = request.app.state.pulse
    seen = request.headers.get("last-event-id") or request.query_params.get("mark", "")
    packs = "gzip" in request.headers.get("accept-encoding", "")
    # X-Accel-Buffering: nginx in front must pass each line on at once.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}
    if packs:
        headers["Content-Encoding"] = "gzip"
    told = _told(pulse, tell, seen, _attending(request))
    pieces = _packed(told) if packs else _plain(told)
    return StreamingResponse(pieces, media_type="text/event-stream", headers=headers)


async def _packed(told: AsyncIterator[News]) -> AsyncIterator[bytes]:
    yield _GZIP_HEADER
    async for each in told:
        yield each.packed


async def _plain(told: AsyncIterator[News]) -> AsyncIterator[bytes]:
    async for each in told:
        yield each.plain


def _attending(request: Request) -> Callable[[], None]:
    """Return what notes that the reader's page is still open, though it asks for nothing."""
    runtime, digest = runtime_of(request), secrets.digest(request.cookies.get(COOKIE, ""))
    return lambda: runtime.attendance.note(digest, runtime.now())


async def _told(
    pulse: Pulse, tell: Callable[[str], Awaitable[News]], seen: str, attend: Callable[[], None]
) -> AsyncIterator[News]:
    yield _OPENING
    async for mark in pulse.marks():
        attend()
        if not mark:
            yield _QUIET
            continue
        try:
            found = await tell(mark)
        except UNAVAILABLE:
            return  # the reader comes again in a moment and says what it has
        if found.mark != seen:
            seen = found.mark
            yield found
