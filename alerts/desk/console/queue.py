"""The queue: the open tickets by urgency, and its living part, which many consoles share."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from threading import Lock
from time import monotonic
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.api.access import Running
from alerts.desk.console.forms import Reading
from alerts.desk.console.render import fragment, page, words_for
from alerts.desk.console.words import Words
from alerts.desk.runtime import Runtime
from alerts.desk.store import console, queries
from alerts.desk.store.queries import QueueFilter
from alerts.desk.ticket import Status

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
    made: float


class SharedRows:
    """The living part as last rendered for each view and language.

    It holds nothing of the one who looks, so two hundred consoles that hear of a new ticket cost one rendering.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._rows: OrderedDict[tuple[str, View], _Rows] = OrderedDict()

    def get(self, runtime: Runtime, words: Words, seen: View) -> _Rows:
        """Return the rows, made anew after a change or when the times left in them are old."""
        key = (words.language, seen)
        with self._lock, runtime.database.read() as connection:
            mark = console.mark(connection)
            known = self._rows.get(key)
            if known and known.mark == mark and self._clock() - known.made < SHARED_SECONDS:
                return known
            now = runtime.now()
            tally = console.tally(connection, seen.wanted, now)
            rows = queries.queue(connection, seen.wanted, PER_PAGE, seen.offset)
            html = fragment(
                "rows.html",
                words,
                rows=rows,
                tally=tally,
                total=tally.total,
                mark=mark,
                now=now,
                newer="/" + seen.query(offset=max(0, seen.offset - PER_PAGE)) if seen.offset else "",
                older="/" + seen.query(offset=seen.offset + PER_PAGE) if seen.offset + PER_PAGE < tally.total else "",
            )
            self._rows[key] = result = _Rows(html, tally.total, mark, self._clock())
            self._rows.move_to_end(key)
            if len(self._rows) > SHARED_VIEWS:
                self._rows.popitem(last=False)
            return result


@router.get("/")
def queue(request: Request, runtime: Running, found: Reading, seen: Looking) -> Response:
    """Show the queue, the most urgent first."""
    words = words_for(request, found)
    rows = _shared(request).get(runtime, words, seen)
    with runtime.database.read() as connection:
        known = console.choices(connection)
    # A filter that matches nothing any more stays visible in its list.
    wanted = seen.wanted
    known = replace(
        known,
        sites=sorted({*known.sites, wanted.site} - {""}),
        owners=sorted({*known.owners, wanted.owner} - {"", queries.NOBODY}),
    )
    return page(
        request,
        "queue.html",
        found,
        wanted=wanted,
        choices=known,
        states=list(Status),
        part="/queue/part" + seen.query(),
        rows_html=rows.html,
        total=rows.total,
    )


@router.get("/queue/part")
def part(request: Request, runtime: Running, found: Reading, seen: Looking) -> Response:
    """Return what changes of the queue."""
    rows = _shared(request).get(runtime, words_for(request, found), seen)
    return HTMLResponse(rows.html, headers={"Cache-Control": "no-store"})


def _shared(request: Request) -> SharedRows:
    shared: SharedRows = request.app.state.shared_rows
    return shared
