"""The queue: the open tickets by urgency, and its living part, which many consoles share."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.access.roles import Permission
from alerts.desk.alarms.correlation import store as correlation
from alerts.desk.core.words import Words
from alerts.desk.tickets import impact_words, queries
from alerts.desk.tickets import listing as console
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import Status
from alerts.desk.web import events
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import fragment, page, words_for
from alerts.desk.web.session import Running, Visitor
from service.cache import Cache

PER_PAGE = 100
SHARED_SECONDS = 2.0
SHARED_VIEWS = 64

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at: a filter and a place in the list."""

    wanted: QueueFilter
    offset: int

    def query(self, **changes: object) -> str:
        """Return the address's query of this view with other values; what is empty is left out."""
        values = asdict(self.wanted) | {"offset": self.offset} | changes
        closed = {"closed": 1} if values.pop("with_closed") else {}
        filled = {name: value for name, value in values.items() if value} | closed
        return f"?{urlencode(filled)}" if filled else ""


def view(
    site: str = "",
    node: str = "",
    owner: str = "",
    status: str = "",
    text: str = "",
    closed: bool = False,  # noqa: FBT001, FBT002 - a check box
    offset: int = 0,
) -> View:
    """Read a view from an address."""
    site, node, owner, status, text = (each.replace("\0", "")[:200] for each in (site, node, owner, status, text))
    wanted = QueueFilter(site=site, node=node, owner=owner, status=status, text=text, with_closed=closed)
    return View(wanted, min(max(offset, 0), 2**31))


Looking = Annotated[View, Depends(view)]


@dataclass(frozen=True, slots=True)
class _Rows:
    html: Markup
    total: int
    mark: str


@dataclass(frozen=True, slots=True)
class Look:
    """What decides how the living part looks: the language, the view, and whether its reader may act on tickets."""

    words: Words
    view: View
    acts: bool


class SharedRows:
    """The living part as last rendered for each look.

    It holds nothing of the one who looks, so two hundred consoles that hear of a new ticket cost one rendering.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._rows: Cache[Look, _Rows] = Cache(SHARED_VIEWS, SHARED_SECONDS, clock)

    def get(self, runtime: Runtime, look: Look) -> _Rows:
        """Return the rows, rebuilt after a change or when the times left in them are old."""
        with runtime.database.read() as connection:
            mark = console.mark(connection)
        return self._rows.get(look, lambda: _rendered(runtime, look, mark), mark)


def _rendered(runtime: Runtime, look: Look, mark: str) -> _Rows:
    seen, now = look.view, runtime.now()
    with runtime.database.read() as connection:
        tally = console.tally(connection, seen.wanted, now)
        rows = queries.queue(connection, seen.wanted, PER_PAGE, seen.offset)
        causes = correlation.causes_of(connection, [row.id for row in rows])
    html = fragment(
        "console/queue/rows.html",
        look.words,
        acts=look.acts,
        rows=rows,
        causes={number: cause for number, (cause, _) in causes.items()},
        impact=lambda ticket: impact_words.short(ticket.impact, look.words),
        tally=tally,
        total=tally.total,
        mark=mark,
        now=now,
        newer="/" + seen.query(offset=max(0, seen.offset - PER_PAGE)) if seen.offset else "",
        older="/" + seen.query(offset=seen.offset + PER_PAGE) if seen.offset + PER_PAGE < tally.total else "",
    )
    return _Rows(html, tally.total, mark)


def look_of(request: Request, found: Visitor, seen: View) -> Look:
    """Return how a reader looks at a view."""
    return Look(words_for(request, found), seen, found.principal.may(Permission.ACT))


@router.get("/")
def queue(request: Request, runtime: Running, found: Reading, seen: Looking) -> Response:
    """Show the queue, the most urgent first."""
    return show(request, runtime, found, seen)


def show(request: Request, runtime: Runtime, found: Visitor, seen: View, status: int = 200, **told: object) -> Response:
    """Render the queue, with what was done to it or went wrong above it."""
    look = look_of(request, found, seen)
    rows = _shared(request).get(runtime, look)
    with runtime.database.read() as connection:
        known = console.choices(connection)
    # A filter that matches nothing any more stays visible in its list.
    wanted = seen.wanted
    known = replace(
        known,
        sites=sorted({*known.sites, wanted.site} - {""}),
        owners=sorted({*known.owners, wanted.owner} - {"", queries.NOBODY}),
    )
    query = seen.query()
    return page(
        request,
        "console/queue/queue.html",
        found,
        status,
        path="/",
        here="/" + query,
        acts=look.acts,
        wanted=wanted,
        choices=known,
        states=list(Status),
        part="/queue/part" + query,
        events="/queue/events" + query,
        rows_html=rows.html,
        total=rows.total,
        **({"problem": "", "results": ()} | told),
    )


@router.get("/queue/part")
def part(request: Request, runtime: Running, found: Reading, seen: Looking) -> Response:
    """Return what changes of the queue."""
    rows = _shared(request).get(runtime, look_of(request, found, seen))
    return HTMLResponse(rows.html, headers={"Cache-Control": "no-store"})


@router.get("/queue/events")
async def stream(request: Request, runtime: Running, found: Reading, seen: Looking) -> Response:
    """Send the part itself after each change."""
    look = look_of(request, found, seen)
    shared = _shared(request)

    def make() -> events.News:
        rows = shared.get(runtime, look)
        return events.news(rows.mark, rows.html, "part")

    async def tell(mark: str) -> events.News:
        return await events.shared_news(request).get(look, mark, make)

    return events.stream(request, tell)


def _shared(request: Request) -> SharedRows:
    shared: SharedRows = request.app.state.shared_rows
    return shared
