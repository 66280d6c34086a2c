"""The wall: one view after another, to be read from five metres, without a hand on it.

With scripts the page asks for its own part and changes the view by itself, and counts the age of what it shows even
when nobody answers any more. Without scripts the browser goes from view to view by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.console import planned as works
from alerts.desk.console.billing.today import latest
from alerts.desk.console.billing.words import sentence
from alerts.desk.console.channels.album import PERIOD
from alerts.desk.console.channels.album import Round as Pictures
from alerts.desk.console.channels.lineup import Round as Channels
from alerts.desk.console.channels.routes import known_channels
from alerts.desk.console.channels.tiles import tiles
from alerts.desk.console.overview.health import Site, sites
from alerts.desk.console.overview.key_figures import BUSY, HOUR, Busiest, busiest, day_end, seven, signed
from alerts.desk.console.overview.routes import blocks, card, freshness, hour, living
from alerts.desk.console.overview.snapshot import NOW_PERIOD, WEEK, Past, Present
from alerts.desk.console.shared import Known
from alerts.desk.core.figures import figure
from alerts.desk.core.words import Words
from alerts.desk.tickets import listing as console
from alerts.desk.tickets import queries
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.troubles import troubles
from alerts.desk.web.chart import Frame, Line, Mark, line_chart
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import fragment, page, words_for
from alerts.desk.web.session import runtime_of

FIGURES, MAP, TICKETS, CHANNELS, _ = VIEWS = ("figures", "map", "tickets", "channels", "busy")
SECONDS, LEAST_SECONDS, MOST_SECONDS = 15, 5, 3600
TICKETS_SHOWN = 6
TILES_SHOWN = 12
MASSES_SHOWN = 2
WORKS_SHOWN = 2
SCREENS_SHOWN, LARGE_SHOWN = 50, 12  # channels at a time; of these so many that are faulty and large
GAP = 900.0  # seconds without a point that break a line

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Tour:
    """Which views follow each other, which of them is on, and for how many seconds."""

    views: tuple[str, ...]
    view: str
    seconds: int

    def address(self, path: str, view: str) -> str:
        """Return where a view of this tour is."""
        chosen = {"views": ",".join(self.views)} if self.views != VIEWS else {}
        pace = {"seconds": self.seconds} if self.seconds != SECONDS else {}
        return f"{path}?{urlencode({'view': view} | chosen | pace)}"

    @property
    def following(self) -> str:
        """Return the view after this one."""
        return self.views[(self.views.index(self.view) + 1) % len(self.views)]


def tour(views: str = "", view: str = "", seconds: int = SECONDS) -> Tour:
    """Read a tour from an address; what it does not know it leaves out."""
    chosen = tuple(dict.fromkeys(each for each in views.split(",") if each in VIEWS)) or VIEWS
    return Tour(chosen, view if view in chosen else chosen[0], min(max(seconds, LEAST_SECONDS), MOST_SECONDS))


Touring = Annotated[Tour, Depends(tour)]


@router.get("/wall")
async def wall(request: Request, found: Reading, on: Touring) -> Response:
    """Show a view."""
    html = await _living(request, words_for(request, found), on)
    return page(
        request,
        "console/wall/wall.html",
        found,
        part_html=html,
        period=int(NOW_PERIOD),
        picture_period=int(PERIOD),
        on=on,
        refresh=on.address("/wall", on.following),
    )


@router.get("/wall/part")
async def part(request: Request, found: Reading, on: Touring) -> Response:
    """Return a view."""
    return HTMLResponse(await _living(request, words_for(request, found), on), headers={"Cache-Control": "no-store"})


async def _living(request: Request, words: Words, on: Tour) -> Markup:
    channels = await known_channels(request) if on.view == CHANNELS else None
    beside = Beside(channels, await _billing(request, words))
    return await living(request, ("wall", words.language, on), partial(_render, words, on, beside))


class Beside(NamedTuple):
    """What the wall shows besides the overview's figures."""

    channels: tuple[Known[Channels], Known[Pictures]] | None
    billing: list[str]


async def _billing(request: Request, words: Words) -> list[str]:
    """Return a line on each billing, where the desk keeps their cases; unknown where nobody answers."""
    if runtime_of(request).settings.billing is None:
        return []
    known = (await latest(request)).value
    return [sentence(words, each) for each in known.today] if known else [words("billing.wall_none")]


def _render(
    words: Words,
    on: Tour,
    beside: Beside,
    runtime: Runtime,
    present: Known[Present],
    past: Known[Past],
) -> Markup:
    now, known = runtime.now(), beside.channels
    with runtime.database.read() as connection:
        tally = console.tally(connection, QueueFilter(), now)
        running = works.current(connection, words, now)
        if on.view == TICKETS:
            rows = queries.queue(connection, QueueFilter(), TICKETS_SHOWN)
            shown: dict[str, object] = {"rows": rows, "more": tally.total - len(rows)}
        elif on.view == MAP:
            shown = _map(words, sites(present.value, troubles(connection)))
        elif known is not None:
            shown = _channels(words, known, now.timestamp(), on.seconds)
        elif on.view == FIGURES:
            shown = _figures(words, present.value, past.value)
        else:
            shown = _busy_hour(words, present.value, past.value, now)
    return fragment(
        "console/wall/wall_part.html",
        words,
        now=now,
        on=on,
        following=on.address("/wall/part", on.following),
        same=on.address("/wall/part", on.view),
        tally=tally,
        billing=beside.billing,
        masses=runtime.masses[:MASSES_SHOWN],
        works=running[:WORKS_SHOWN],
        more_works=len(running) - WORKS_SHOWN,
        freshness=freshness(runtime, words, present),
        **shown,
    )


def _map(words: Words, found: list[Site]) -> dict[str, object]:
    """Return the sites, the worst first; the nodes that are well only where there is room for all."""

    def urgency(site: Site) -> tuple[bool, tuple[int, int, str], str]:
        return not (site.ill or site.tickets), min((tile.urgency for tile in site.ill), default=(9, 0, "")), site.name

    few = sum(len(site.tiles) for site in found) <= TILES_SHOWN
    return {"few": few, "blocks": blocks(words, sorted(found, key=urgency), TILES_SHOWN, TILES_SHOWN if few else 0)}


def _channels(
    words: Words, known: tuple[Known[Channels], Known[Pictures]], now: float, seconds: int
) -> dict[str, object]:
    """Return the faulty channels, and of the others those whose turn it is: every wall shows the same ones."""
    channels, album = known
    found = channels.value.channels if channels.value else ()
    names = album.value.names if album.value else {}
    wrong = [each for each in found if each.wrong]
    well = [each for each in found if not each.wrong]
    large = wrong[:LARGE_SHOWN]
    # A large screen takes the place of four.
    room = max(10, SCREENS_SHOWN - 4 * len(large))
    turns = max(1, -(-len(well) // room))
    first = int(now // seconds) % turns * room
    return {
        "wrong": tiles(words, large, names, now),
        "more_wrong": len(wrong) - len(large),
        "well": tiles(words, well[first : first + room], names, now),
        "range": (first + 1, min(first + room, len(well)), len(well)),
    }


def _figures(words: Words, present: Present | None, past: Past | None) -> dict[str, object]:
    known = seven(present, past)
    return {
        "cards": [card(words, each, past, (230, 110)) for each in known.figures],
        "load": [card(words, each, None) for each in known.load],
    }


@dataclass(frozen=True, slots=True)
class Hour:
    """A busy hour in words: which one, how many, when, and how that compares."""

    name: str
    value: str
    when: str
    compared: str


def _busy_hour(words: Words, present: Present | None, past: Past | None, now: datetime) -> dict[str, object]:
    if past is None:
        return {"chart": Markup(), "hours": ()}
    today, before = past.today, past.week_ago
    recorded = next(each for each in seven(present, past).figures if each.name == BUSY)
    frame = Frame(today.midnight.timestamp(), day_end(today).timestamp() - 1, "count", 600, 220)
    shifted = [(at + WEEK.total_seconds(), value) for at, value in before.online]
    lines = [Line(words("wall.today"), today.online), Line(words("wall.week_before"), shifted, "before")]
    hours = []
    if so_far := busiest(today):
        share = signed(words, so_far.value, recorded.value)
        hours.append(_hour(words, "so_far", so_far, share and words("wall.to_recorded", share=share)))
    if recorded.value is not None and recorded.start:
        level = [
            (frame.start + GAP * place, recorded.value) for place in range(int((frame.end - frame.start) / GAP) + 1)
        ]
        lines.append(Line(words("wall.bound"), level, "bound"))
        share = signed(words, recorded.value, recorded.before)
        last = Busiest(recorded.start, recorded.value)
        hours.append(_hour(words, "recorded", last, share and words("wall.to_week", share=share)))
    if expected := busiest(before):
        at = Busiest(expected.start + WEEK, expected.value)
        hours.append(_hour(words, "expected", at, _until(words, at.start, now)))
    marks = [Mark(words("wall.now"), now.timestamp())]
    return {"chart": line_chart(words, words("wall.view.busy"), lines, frame, marks, gap=GAP), "hours": hours}


def _hour(words: Words, name: str, found: Busiest, compared: str) -> Hour:
    return Hour(words(f"wall.hour.{name}"), figure(words, found.value, "count"), hour(words, found.start), compared)


def _until(words: Words, start: datetime, now: datetime) -> str:
    if now < start:
        return words("wall.in", span=words.span((start - now).total_seconds()))
    return words("wall.running" if now < start + HOUR else "wall.over")
