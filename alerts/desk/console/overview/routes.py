"""The overview: the seven figures, sites and nodes, channels, and who is on the desk; live, shared by its readers."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.access.people import Person, people
from alerts.desk.access.roles import ROLES, Permission
from alerts.desk.console import planned as works
from alerts.desk.console.overview.channels import channels
from alerts.desk.console.overview.health import Site, Tile, sites
from alerts.desk.console.overview.key_figures import HOUR, Figure, change, seven, signed
from alerts.desk.console.overview.snapshot import NOW_PERIOD, STEP, WEEK, Past, Platform, Present
from alerts.desk.console.shared import Known, Rendered
from alerts.desk.core.figures import figure
from alerts.desk.core.words import Words
from alerts.desk.tickets import listing as console
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.troubles import troubles
from alerts.desk.web.chart import Frame, Line, line_chart
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import fragment, page, words_for
from alerts.desk.web.session import runtime_of
from alerts.desk.works import store as stored_works

HERE = timedelta(minutes=2)  # who was seen within it is on the desk
OLD = 3 * NOW_PERIOD  # seconds after which figures are called old
LARGE_TILES = 100  # tiles with words; the rest of a large platform is small ones under a heading that says the word
SOON, COMING = timedelta(hours=24), 5  # works that begin so soon are named, at most so many
WELL_TILES = 24  # of one site: more of them are small
FIRST_ROW = 4  # cards; with the viewers' stalls three in the next one, and the load of the servers has a row of its own
# Width and height of a chart by its part of a row (overview.css), so that all have letters of nearly one size.
FOURTH, THIRD, PART_OF_ROW, PART_OF_HALF = (300, 96), (360, 96), (330, 96), (190, 96)

router = APIRouter(include_in_schema=False)


@router.get("/overview")
async def overview(request: Request, found: Reading) -> Response:
    """Show the platform as it is now."""
    words = words_for(request, found)
    html = await living(request, ("overview", words.language), partial(_render, words))
    return page(request, "console/overview/overview.html", found, part_html=html, period=int(NOW_PERIOD))


@router.get("/overview/part")
async def part(request: Request, found: Reading) -> Response:
    """Return what changes of the overview."""
    words = words_for(request, found)
    html = await living(request, ("overview", words.language), partial(_render, words))
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


async def living(
    request: Request, key: Hashable, render: Callable[[Runtime, Known[Present], Known[Past]], Markup]
) -> Markup:
    """Return a part that shows the platform, rendered once for all who read it within a second."""
    platform: Platform = request.app.state.platform
    rendered: Rendered = request.app.state.rendered
    present, past = await platform.look()
    runtime = runtime_of(request)
    return await run_in_threadpool(rendered.get, key, lambda: render(runtime, present, past))


def _render(words: Words, runtime: Runtime, present: Known[Present], past: Known[Past]) -> Markup:
    now = runtime.now()
    with runtime.database.read() as connection:
        tally = console.tally(connection, QueueFilter(), now)
        wrong = troubles(connection)
        here = people(connection, now)
        running = works.current(connection, words, now)
        coming = works.coming(stored_works.relevant(connection, now), words, now, now + SOON)
    known = seven(present.value, past.value)
    return fragment(
        "console/overview/overview_part.html",
        words,
        now=now,
        tally=tally,
        masses=runtime.masses,
        freshness=freshness(runtime, words, present),
        refusal=runtime.refused,
        works=running,
        coming=coming[:COMING],
        cards=[
            card(words, each, past.value, THIRD if known.stalls and place >= FIRST_ROW else FOURTH)
            for place, each in enumerate((*known.figures, *filter(None, [known.stalls])))
        ],
        load=[card(words, each, past.value, PART_OF_ROW if known.stalls else PART_OF_HALF) for each in known.load],
        fullest=known.fullest and (known.fullest[0], figure(words, known.fullest[1], "ratio")),
        blocks=blocks(words, sites(present.value, wrong)),
        channels=channels(present.value),
        staff=staff(here, now),
        bystanders=sum(person.logged_in and not _acts(person) for person in here),
        count=lambda value: figure(words, value, "count"),
    )


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the figures are, and what to say when they are not fresh."""

    at: datetime | None
    old: bool
    problem: str


def freshness(runtime: Runtime, words: Words, present: Known[Present]) -> Freshness:
    """Return whether the figures can be believed."""
    if not runtime.settings.prometheus:
        return Freshness(None, old=True, problem=words("overview.unset"))
    if present.value is None:
        return Freshness(None, old=True, problem=words("overview.lost"))
    old = present.failing or present.age > OLD
    problem = words(
        "overview.old", time=f"{present.value.at.astimezone(words.zone):%H:%M:%S}", age=words.span(present.age)
    )
    return Freshness(present.value.at, old, problem if old else "")


@dataclass(frozen=True, slots=True)
class Card:
    """One figure in the reader's words."""

    name: str
    value: str  # empty: not known
    unit: str
    ratio: float | None
    services: str
    note: str
    change: str
    share: str  # the same in per cent with its sign
    chart: Markup


def card(words: Words, each: Figure, past: Past | None, frame: tuple[int, int] = FOURTH) -> Card:
    """Return a figure as a card shows it."""
    name = words(f"overview.figure.{each.name}")
    chart = Markup()
    if past:
        end = past.at.timestamp()
        begin = Frame(end - 24 * HOUR.total_seconds(), end, each.unit, *frame)
        week = [(at + WEEK.total_seconds(), value) for at, value in each.week]
        lines = [Line(words("overview.day"), each.day), Line(words("overview.week_before"), week, "before")]
        chart = line_chart(words, name, lines, begin, gap=2.5 * STEP)
    # Between thousands is a no-break space: the plain one comes before the unit.
    number, _, unit = ("" if each.value is None else figure(words, each.value, each.unit)).partition(" ")
    return Card(
        name,
        number,
        unit,
        min(each.value, 1.0) if each.value is not None and each.unit == "ratio" else None,
        " · ".join(f"{service.upper()} {figure(words, value, each.unit)}" for service, value in each.services),
        hour(words, each.start) if each.start else each.node,
        change(words, each),
        signed(words, each.value, each.before),
        chart,
    )


def hour(words: Words, start: datetime) -> str:
    """Return a day and its busy hour."""
    local = start.astimezone(words.zone)
    return f"{local.day} {words(f'month.{local.month}')}, {local:%H:%M}–{local + HOUR:%H:%M}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A node's tile in words."""

    name: str
    look: str  # the class: how bad it is
    shape: str
    word: str
    rest: str
    address: str


@dataclass(frozen=True, slots=True)
class Block:
    """A site as the map shows it: large tiles with words, and small ones under a heading."""

    name: str
    head: str
    site: Shown | None  # tickets about the site itself
    large: Sequence[Shown]
    small_ill: Sequence[Shown]
    small_well: Sequence[Shown]


SHAPES = {"critical": "▲", "major": "◆", "minor": "●", "warning": "○", "silent": "✕", "answers": "✓", "unknown": "?"}


def blocks(words: Words, found: Sequence[Site], most: int = LARGE_TILES, well: int = WELL_TILES) -> list[Block]:
    """Return the sites in words; at most so many tiles are large ones, the worst first."""
    result = []
    left = most
    for site in found:
        ill, fine = site.ill, site.well
        large = [*ill[:left], *(fine if len(fine) <= well and len(ill) + len(fine) <= left else ())]
        left -= len(large)
        shown = {tile.name for tile in large}
        result.append(
            Block(
                site.name or words("overview.platform"),
                _head(words, site),
                _of_site(words, site),
                [tile_in_words(words, tile) for tile in large],
                [tile_in_words(words, tile) for tile in ill if tile.name not in shown],
                [tile_in_words(words, tile) for tile in fine if tile.name not in shown],
            )
        )
    return result


def _head(words: Words, site: Site) -> str:
    if not site.tiles:
        return ""
    parts = [words.number("overview.nodes", len(site.tiles))]
    if site.silent:
        parts.append(words("overview.silent", number=site.silent))
    return ", ".join(parts)


def _of_site(words: Words, site: Site) -> Shown | None:
    if not site.tickets:
        return None
    word = f"{words.of('severity', site.severity)}, {words.number('overview.tickets', site.tickets)}"
    address = "/?" + urlencode({"site": site.name}) if site.name else "/"
    return Shown(words("overview.whole_site"), site.severity, _shape(site.severity), word, "", address)


def tile_in_words(words: Words, tile: Tile) -> Shown:
    """Return a node as its tile shows it."""
    state = words(f"overview.answer.{tile.answer}")
    worst = words.of("severity", tile.severity)
    counted = words.number("overview.tickets", tile.tickets) if tile.tickets else ""
    silent = tile.answer == "silent"
    look = "critical silent" if silent else tile.severity or tile.answer
    word = f"{worst}, {counted}" if tile.tickets and not silent else ", ".join(filter(None, (state, counted)))
    rest = [words.of("overview.place", tile.role)] if tile.role else []
    if tile.answer == "answers":
        rest += [f"{words('overview.cpu')} {figure(words, tile.cpu, 'ratio')}"] if tile.cpu is not None else []
        rest += [words.number("overview.sessions", round(tile.sessions))] if tile.sessions is not None else []
    elif tile.tickets and not silent:
        rest.append(state)
    address = "/?" + urlencode({"node": tile.name} | ({"site": tile.site} if tile.site else {}))
    shape = SHAPES["silent"] if silent else _shape(tile.severity) if tile.tickets else SHAPES[tile.answer]
    return Shown(tile.name, look, shape, word, " · ".join(rest), address)


def _shape(severity: str) -> str:
    return SHAPES.get(severity, "□")


def staff(found: Sequence[Person], now: datetime) -> list[tuple[Person, bool]]:
    """Return who works on tickets and whether they are here: those who are first, then by what they hold."""
    shown = [
        (person, bool(person.seen_at and now - person.seen_at <= HERE))
        for person in found
        if person.tickets or (person.logged_in and _acts(person))
    ]
    return sorted(shown, key=lambda each: (not each[1], not each[0].logged_in, -each[0].tickets, each[0].name))


def _acts(person: Person) -> bool:
    return Permission.ACT in ROLES.get(person.role, frozenset())
