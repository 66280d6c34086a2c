"""The mosaic: every channel with its picture, its state and how many watch; the pictures in one answer for all."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.console.channels.album import PERIOD, Album
from alerts.desk.console.channels.album import Round as Pictures
from alerts.desk.console.channels.lineup import Lineup
from alerts.desk.console.channels.lineup import Round as Channels
from alerts.desk.console.channels.tiles import tiles
from alerts.desk.console.overview.routes import OLD, Freshness
from alerts.desk.console.overview.snapshot import NOW_PERIOD
from alerts.desk.console.shared import Known, Rendered
from alerts.desk.core.words import Words
from alerts.desk.tickets import listing as console
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import fragment, page, words_for
from alerts.desk.web.session import runtime_of

PAGE_PERIOD = 2 * NOW_PERIOD  # seconds between two parts of the mosaic, the largest of the living pages

router = APIRouter(include_in_schema=False)


@router.get("/channels")
async def mosaic(request: Request, found: Reading) -> Response:
    """Show all channels."""
    html = await _living(request, words_for(request, found))
    return page(
        request,
        "console/channels/mosaic.html",
        found,
        part_html=html,
        period=int(PAGE_PERIOD),
        picture_period=int(PERIOD),
    )


@router.get("/channels/part")
async def part(request: Request, found: Reading) -> Response:
    """Return what changes of the mosaic."""
    html = await _living(request, words_for(request, found))
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


@router.get("/channels/pictures")
async def pictures(request: Request, _: Reading, mark: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Return all pictures in one answer; nothing where `mark` names those that are known already."""
    album: Album = request.app.state.album
    known = (await album.latest()).value
    if known is None or known.mark == mark:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": "no-store", "X-Pictures-Mark": known.mark}
    return Response(known.packed, media_type="application/octet-stream", headers=headers)


async def known_channels(request: Request) -> tuple[Known[Channels], Known[Pictures]]:
    """Return what is known of the channels and their pictures."""
    lineup: Lineup = request.app.state.lineup
    album: Album = request.app.state.album
    # The page does not wait for pictures: it asks for them itself.
    return await lineup.latest(), await album.latest(0)


async def _living(request: Request, words: Words) -> Markup:
    rendered: Rendered = request.app.state.rendered_channels
    channels, album = await known_channels(request)
    runtime = runtime_of(request)
    key = (words.language, channels.value and channels.value.at, album.failing)
    # Most readers find what another one's request has rendered: that takes no thread.
    if (known := rendered.known(key)) is not None:
        return known
    return await run_in_threadpool(rendered.get, key, lambda: _render(words, runtime, channels, album))


def _render(words: Words, runtime: Runtime, channels: Known[Channels], album: Known[Pictures]) -> Markup:
    now = runtime.now()
    with runtime.database.read() as connection:
        tally = console.tally(connection, QueueFilter(), now)
    found = channels.value.channels if channels.value else ()
    names = album.value.names if album.value else {}
    return fragment(
        "console/channels/mosaic_part.html",
        words,
        now=now,
        tally=tally,
        freshness=freshness(runtime, words, channels),
        wrong=tiles(words, [each for each in found if each.wrong], names, now.timestamp()),
        well=tiles(words, [each for each in found if not each.wrong], names, now.timestamp()),
        off=runtime.settings.pictures is None,
        failing=album.failing,
    )


def freshness(runtime: Runtime, words: Words, known: Known[Channels]) -> Freshness:
    """Return whether the figures can be believed."""
    if not runtime.settings.prometheus:
        return Freshness(None, old=True, problem=words("overview.unset"))
    if known.value is None:
        return Freshness(None, old=True, problem=words("overview.lost"))
    old = known.failing or known.age > OLD
    time = f"{known.value.at.astimezone(words.zone):%H:%M:%S}"
    return Freshness(known.value.at, old, words("overview.old", time=time, age=words.span(known.age)) if old else "")
