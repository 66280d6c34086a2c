"""A channel's page: its pictures, every way by which it arrives side by side, courses, PIDs, quality, open tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.console.channels import ways
from alerts.desk.console.channels.album import Place
from alerts.desk.console.channels.details import STEP, AllDetails, Courses, Details
from alerts.desk.console.channels.lineup import Channel, Lineup
from alerts.desk.console.channels.lineup import Round as Channels
from alerts.desk.console.channels.routes import freshness
from alerts.desk.console.channels.shelf import NoSuchPictureError, Shelf
from alerts.desk.console.channels.thumbnails import Moments
from alerts.desk.console.channels.tiles import SHAPES, fault_in_words, in_words
from alerts.desk.console.overview.snapshot import NOW_PERIOD
from alerts.desk.console.shared import Known
from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.words import Words
from alerts.desk.tickets import listing as console
from alerts.desk.tickets.of_channel import open_tickets
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.chart import Frame, Line, line_chart
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import fragment, page, words_for
from alerts.desk.web.session import runtime_of

TICKETS = 20
CHARTS: Sequence[tuple[str, Unit]] = (
    ("errors", "number"),
    ("segments", "number"),
    ("rate", "bits"),
    ("stalls", "ratio"),
    ("sessions", "count"),
)

router = APIRouter(include_in_schema=False)


def name(name: Annotated[str, Query(max_length=200)] = "") -> str:
    """Read the channel's name from an address."""
    if not name or not name.isprintable():
        raise HTTPException(404)
    return name


Name = Annotated[str, Depends(name)]


@router.get("/channels/one")
async def channel(request: Request, found: Reading, wanted: Name) -> Response:
    """Show a channel."""
    html = await _living(request, words_for(request, found), wanted)
    part = f"/channels/one/part?{urlencode({'name': wanted})}"
    return page(
        request,
        "console/channels/channel.html",
        found,
        part_html=html,
        period=int(NOW_PERIOD),
        part=part,
        channel=wanted,
    )


@router.get("/channels/one/part")
async def part(request: Request, found: Reading, wanted: Name) -> Response:
    """Return what changes of a channel's page."""
    html = await _living(request, words_for(request, found), wanted)
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


@router.get("/channels/one/picture")
async def picture(
    request: Request,
    _: Reading,
    wanted: Name,
    instance: Annotated[str, Query(max_length=200)],
    delivery: Annotated[str, Query(max_length=20)],
    moment: Annotated[str, Query(max_length=20)],
) -> Response:
    """Return one picture of a channel."""
    shelf: Shelf = request.app.state.shelf
    if runtime_of(request).settings.pictures is None:
        raise HTTPException(404)
    try:
        image = await run_in_threadpool(shelf.picture, Place(instance, delivery, wanted), moment)
    except NoSuchPictureError:
        raise HTTPException(404) from None
    except (OSError, ValueError):
        raise HTTPException(502) from None
    # A moment's picture never changes; it is the reader's alone.
    return Response(image, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600, immutable"})


async def _living(request: Request, words: Words, wanted: str) -> Markup:
    lineup: Lineup = request.app.state.lineup
    every: AllDetails = request.app.state.channel_details
    shelf: Shelf = request.app.state.shelf
    runtime = runtime_of(request)
    channels = await lineup.latest()
    found = next((each for each in channels.value.channels if each.name == wanted), None) if channels.value else None
    if channels.value is not None and found is None:
        raise HTTPException(404)
    details, courses = await every.latest(wanted)
    places = [Place(seen.instance, seen.delivery, wanted) for seen in found.pictures] if found else []
    kept: Mapping[Place, Moments] = {}
    if runtime.settings.pictures is not None and places:
        kept = await run_in_threadpool(shelf.listed, places)
    view = View(wanted, found, channels, details.value, courses.value, kept)
    return await run_in_threadpool(_render, words, runtime, view)


@dataclass(frozen=True, slots=True)
class View:
    """What is known of the channel."""

    name: str
    channel: Channel | None
    channels: Known[Channels]
    details: Details | None
    courses: Courses | None
    kept: Mapping[Place, Moments]


def _render(words: Words, runtime: Runtime, view: View) -> Markup:
    now = runtime.now()
    with runtime.database.read() as connection:
        tally = console.tally(connection, QueueFilter(), now)
        tickets = open_tickets(connection, view.name, TICKETS)
    look = view.channel.look if view.channel else "unknown"
    return fragment(
        "console/channels/channel_part.html",
        words,
        now=now,
        tally=tally,
        tickets=tickets,
        name=view.name,
        freshness=freshness(runtime, words, view.channels),
        look=look,
        shape=SHAPES.get(look, "□"),
        said=in_words(words, view.channel) if view.channel else "",
        faults=[(f, fault_in_words(words, f)) for f in view.channel.faults] if view.channel else (),
        facts=facts(words, view),
        columns=ways.columns(words, view.details) if view.details else (),
        rows=ways.ROWS,
        pids=ways.pids(words, view.details) if view.details else (),
        charts=charts(words, view.courses) if view.courses else (),
        strips=strips(words, view.kept, now),
        off=runtime.settings.pictures is None,
    )


def facts(words: Words, view: View) -> list[tuple[str, str]]:
    """Return what viewers get, as names and figures; only what is known."""
    found: list[tuple[str, str]] = []
    if view.channel and view.channel.sessions is not None:
        found.append((words("channels.fact.sessions"), figure(words, view.channel.sessions, "count")))
    if view.details:
        watched, stalled = view.details.value("watched"), view.details.value("stalled")
        if watched:
            # Seconds watched in each second: so many players report.
            found.append((words("channels.fact.reporting"), figure(words, watched, "count")))
            found.append((words("channels.fact.stalls"), figure(words, (stalled or 0.0) / watched, "ratio")))
        played = view.details.value("played")
        if played is not None:
            found.append((words("channels.fact.played"), figure(words, played, "bits")))
    return found


def charts(words: Words, courses: Courses) -> list[Markup]:
    """Return the courses that have points."""
    result = []
    for key, unit in CHARTS:
        series = courses.lines[key] or ()
        lines = [
            Line(
                words("channels.priority", number=each.labels["priority"]) if "priority" in each.labels else "",
                each.points,
                "main" if place == 0 else "other",
            )
            for place, each in enumerate(sorted(series, key=lambda each: each.labels.get("priority", "")))
            if each.points
        ]
        if lines:
            frame = Frame(courses.start, courses.end, unit, 560, 150)
            result.append(line_chart(words, words(f"channels.chart.{key}"), lines, frame, gap=3 * STEP))
    return result


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one way, the newest first."""

    title: str
    pictures: Sequence[tuple[str, str]]  # address and time


def strips(words: Words, kept: Mapping[Place, Moments], now: datetime) -> list[Strip]:
    """Return the pictures around faults and the last ones, by way."""
    result = []
    for place, moments in sorted(kept.items()):
        way = f"{words.of('channels.way', place.delivery)}, {place.instance}"
        for title, found in (("last", moments.last), ("around", moments.faults)):
            if found:
                shown = [(_address(place, each), _time(words, each, now)) for each in reversed(found)]
                result.append(Strip(words(f"channels.pictures.{title}", way=way), shown))
    return result


def _address(place: Place, moment: str) -> str:
    query: dict[str, object] = {"name": place.channel, "instance": place.instance}
    return f"/channels/one/picture?{urlencode(query | {'delivery': place.delivery, 'moment': moment})}"


def _time(words: Words, moment: str, now: datetime) -> str:
    at = datetime.fromtimestamp(float(moment), UTC).astimezone(words.zone)
    today = at.date() == now.astimezone(words.zone).date()
    return f"{at:%H:%M:%S}" if today else f"{at.day} {words(f'month.{at.month}')} {at:%H:%M:%S}"
