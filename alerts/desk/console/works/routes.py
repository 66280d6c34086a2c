"""Planned works: the list, the calendar of a month, and the page of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request, Response

from alerts.desk.access.roles import Permission
from alerts.desk.alarms import overrun, planned_store
from alerts.desk.alarms.planned_store import Kept
from alerts.desk.console.planned import REPEATS, Row, row
from alerts.desk.console.topology import names, present_of, topology_of
from alerts.desk.console.works import forms
from alerts.desk.console.works.month import first_of, month
from alerts.desk.core.words import Words
from alerts.desk.tickets.states import ticket_number
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Running, Visitor, runtime_of
from alerts.desk.works import store
from alerts.desk.works.windows import Window, windows
from alerts.desk.works.works import Scope, Works

PAST = 30  # works that are over, on the list
ALARMS = 200
AHEAD, WINDOWS = timedelta(days=120), 5
STATES = ("overrun", "running", "planned", "proposed", "ended", "cancelled")
LASTS = timedelta(hours=4)  # of new works, until somebody says otherwise

router = APIRouter(include_in_schema=False)


@router.get("/works")
def every(request: Request, found: Reading) -> Response:
    """Show all works, and the month that the address names."""
    return show_list(request, found, wanted=request.query_params.get("month", ""))


def show_list(request: Request, found: Visitor, *, wanted: str = "", status: int = 200, problem: str = "") -> Response:
    """Render the list, with what went wrong above it if something did."""
    runtime, words = runtime_of(request), words_for(request, found)
    now, zone = runtime.now(), runtime.settings.zone
    with runtime.database.read() as connection:
        all_works = store.everything(connection)
        overran = {each.works.number: each for each in overrun.current(connection, now) if each.overrun}
    rows = [row(words, works, now, overran.get(works.number)) for works in all_works]
    first = first_of(wanted, now.astimezone(zone).date())
    return page(
        request,
        "console/works/works.html",
        found,
        status,
        here="/works",
        rows=[each for each in _sorted(rows) if each.state not in ("ended", "cancelled")],
        past=[each for each in reversed(_sorted(rows)) if each.state in ("ended", "cancelled")][:PAST],
        month=month(all_works, first, zone),
        today=now.astimezone(zone).date(),
        may=found.principal.may(Permission.ACT),
        problem=problem,
        done=request.query_params.get("taken", "")[:9],
    )


def _sorted(rows: Sequence[Row]) -> list[Row]:
    def order(each: Row) -> tuple[int, datetime, int]:
        start = each.window.starts if each.window else each.works.starts.replace(tzinfo=UTC)
        return STATES.index(each.state), start, each.works.number

    return sorted(rows, key=order)


@router.get("/works/new")
async def fresh(request: Request, runtime: Running, found: Reading) -> Response:
    """Show an empty form; the address may name what is to be worked on."""
    settings, query = runtime.settings, request.query_params
    begins = (runtime.now().astimezone(settings.zone) + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    empty = forms.Given(
        elements=[name[:200] for name in query.getlist("element")[:50]],
        sites=[name[:200] for name in query.getlist("site")[:50]],
        channels=[name[:200] for name in query.getlist("channel")[:50]],
        starts=f"{begins:%Y-%m-%dT%H:%M}",
        ends=f"{begins + LASTS:%Y-%m-%dT%H:%M}",
        time_zone=settings.time_zone,
        confirm_end=True,
    )
    return await show_form(request, found, empty, None)


@router.get("/works/{number}/edit")
async def edit(request: Request, number: str, found: Reading) -> Response:
    """Show the form of works."""
    works = known(request, number)
    return await show_form(request, found, forms.fields_of(works), works)


async def show_form(
    request: Request, found: Visitor, given: forms.Given, works: Works | None, status: int = 200, problem: str = ""
) -> Response:
    """Render the form, with what is wrong above it if something is."""
    if not found.principal.may(Permission.ACT):
        raise HTTPException(403)
    there = names(topology_of(request), await present_of(request))
    chosen = {name for _, some in there.elements for name in some}
    return page(
        request,
        "console/works/form.html",
        found,
        status,
        here=f"/works/{works.number}" if works else "/works",
        given=given,
        works=works,
        names=there,
        more_elements=[name for name in given.elements if name not in chosen],
        more_sites=[name for name in given.sites if name not in there.sites],
        more_channels=[name for name in given.channels if name not in there.channels],
        repeats=tuple(REPEATS),
        problem=problem,
        **({"written": ""} if status == 400 else {}),  # the form keeps its fields
    )


def known(request: Request, number: str) -> Works:
    """Return the works of an address."""
    runtime = runtime_of(request)
    with runtime.database.read() as connection:
        works = store.find(connection, ticket_number(number))
    if works is None:
        raise HTTPException(404)
    return works


@router.get("/works/{number}")
def one(request: Request, number: str, found: Reading) -> Response:
    """Show works."""
    return show(request, found, known(request, number))


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of works shows beside themselves."""

    coming: Sequence[Window]
    alarms: Sequence[Kept]
    more: int
    strangers: Sequence[str]
    series: Works | None  # that the works are a changed window of
    changed: Sequence[Works]  # windows of the works


def show(request: Request, found: Visitor, works: Works, status: int = 200, problem: str = "") -> Response:
    """Render works, with what went wrong above them if something did."""
    runtime, words = runtime_of(request), words_for(request, found)
    now = runtime.now()
    with runtime.database.read() as connection:
        alarms = planned_store.of_works(connection, works.number)
        related = store.of_uids(connection, [works.series or works.uid])
        overran = next(
            (each for each in overrun.current(connection, now) if each.overrun and each.works.number == works.number),
            None,
        )
    shown = row(words, works, now, overran)
    zone = ZoneInfo(works.time_zone)
    extend = (shown.window.ends if shown.window else now) + timedelta(hours=1)
    return page(
        request,
        "console/works/one.html",
        found,
        status,
        here=f"/works/{works.number}",
        works=works,
        row=shown,
        scope=scope_lines(words, works),
        view=Page(
            windows(works, now, now + AHEAD)[:WINDOWS] if works.cancelled_at is None else (),
            alarms[:ALARMS],
            max(len(alarms) - ALARMS, 0),
            strangers(request, works),
            next((each for each in related if works.series and not each.series), None),
            [each for each in related if each.series == works.uid],
        ),
        extend=f"{extend.astimezone(zone):%Y-%m-%dT%H:%M}",
        zone=replace(words, zone=zone),
        elsewhere=str(runtime.settings.zone) != works.time_zone,
        version=forms.version(works),
        may=found.principal.may(Permission.ACT),
        problem=problem,
    )


def scope_lines(words: Words, works: Works) -> list[tuple[str, str]]:
    """Return the scope, a line for each kind of thing."""
    found = works.scope
    kinds = (("elements", found.elements), ("sites", found.sites), ("channels", found.channels))
    return [(words(f"works.{name}"), ", ".join(some)) for name, some in kinds if some]


def strangers(request: Request, works: Works) -> list[str]:
    """Return the names of the scope that match nothing, where the nodes are known."""
    topology = topology_of(request)
    if not topology.nodes:
        return []
    there = names(topology, None)
    elements = {name for _, some in there.elements for name in some}
    wanted = [(Scope(elements=(name,)), name, "node", elements) for name in works.scope.elements]
    wanted += [(Scope(sites=(name,)), name, "site", set(there.sites)) for name in works.scope.sites]
    return [name for scope, name, label, among in wanted if not any(scope.holds({label: each}) for each in among)]
