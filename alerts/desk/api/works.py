"""Planned works over the API: as JSON and as iCalendar."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import Field, StrictBool, StrictStr

from alerts.desk.access.trail import By
from alerts.desk.alarms import planned_store
from alerts.desk.alarms.planned_store import Kept
from alerts.desk.api.known import only
from alerts.desk.api.tmf_models import Wire
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Actor, Reader, Running
from alerts.desk.works import ical, importing, recording, store
from alerts.desk.works.changes import finished
from alerts.desk.works.ical_lines import decoded
from alerts.desk.works.window_checks import checked_windows
from alerts.desk.works.windows import next_window, state_of
from alerts.desk.works.works import Scope, Works, WorksError, checked

BASE = "/api/v1/works"
CALENDAR = "text/calendar"
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 503)}
_ONE: Responses = _COMMON | {404: RESPONSES[404]}

router = APIRouter(prefix=BASE, tags=["planned works"], dependencies=[Depends(only())])
Names = list[StrictStr]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Calendar = Annotated[bytes, Body(media_type=CALENDAR)]


class ScopeIn(Wire):
    """What is worked on; `*` is a wildcard."""

    elements: Names = Field([])
    sites: Names = Field([])
    channels: Names = Field([])


class WorksIn(Wire):
    """Planned works. `starts` and `ends` are the first window, in wall-clock time of the time zone."""

    title: StrictStr
    scope: ScopeIn
    starts: datetime
    ends: datetime
    time_zone: StrictStr = Field("", description="An IANA name; the desk's own where it is absent.")
    recurrence: StrictStr = Field("", description="An RRULE of iCalendar; empty: once.")
    skipped: list[datetime] = Field([], description="Starts of windows that do not take place.")
    added: list[datetime] = Field([], description="Starts of windows beside those of the recurrence.")
    approver: StrictStr = Field("", description="Who approved; without one, alarms open tickets as ever.")
    impact: StrictStr = ""
    back_out: StrictStr = ""
    confirm_end: StrictBool = Field(default=False, description="Somebody has to confirm that the works are finished.")


class WorksChange(WorksIn):
    """Works as they were read, changed: what only the desk sets may come back with them."""

    also = ("id", "href", "uid", "series", "instance", "state", "nextWindow", "finishedAt", "alarms")


@router.post("", status_code=201, responses=_COMMON)
def create(given: WorksIn, runtime: Running, caller: Actor) -> Response:
    """Plan works."""
    try:
        works = checked_windows(checked(_works(given, runtime)))
    except WorksError as error:
        return _refused(error)
    with runtime.database.write() as connection:
        stored = recording.record(connection, works, By(caller.name), runtime.now())
    return JSONResponse(_body(stored, runtime.now()), 201, {"Location": _address(stored)})


@router.put("/{number}", responses=_ONE)
def change(number: Number, given: WorksChange, runtime: Running, caller: Actor) -> Response:
    """Replace works: to extend them, to approve them, to change their scope."""

    def changed(known: Works) -> Works:
        fresh = checked_windows(checked(_works(given, runtime)))
        mine = replace(fresh, number=number, uid=known.uid, series=known.series, instance=known.instance)
        return replace(mine, cancelled_at=known.cancelled_at, finished_at=known.finished_at)

    return _change(runtime, caller.name, number, changed)


@router.post("/{number}/cancel", responses=_ONE)
def cancel(number: Number, runtime: Running, caller: Actor) -> Response:
    """Cancel works, and changed windows of theirs; what still fires in their scope opens tickets at once."""
    now = runtime.now()
    with runtime.database.write() as connection:
        known = store.find(connection, number, lock=True)
        if known is None:
            return _missing(number)
        return JSONResponse(_body(recording.cancel(connection, known, By(caller.name), now), now))


@router.post("/{number}/finish", responses=_ONE)
def finish(number: Number, runtime: Running, caller: Actor) -> Response:
    """Confirm that works are finished; what still fires in their scope opens tickets at once."""
    return _change(runtime, caller.name, number, lambda known: finished(known, runtime.now()))


@router.get("", responses=_COMMON)
def read_all(runtime: Running, _: Reader) -> Response:
    """List all works."""
    now = runtime.now()
    with runtime.database.read() as connection:
        return JSONResponse([_body(works, now) for works in store.everything(connection)])


@router.get("/calendar.ics", responses=_COMMON, response_class=PlainTextResponse)
def export(runtime: Running, _: Reader) -> Response:
    """Return all works as one calendar."""
    with runtime.database.read() as connection:
        text = ical.written(store.everything(connection), runtime.now())
    return Response(text, media_type=CALENDAR)


@router.post("/import", responses=_COMMON | {413: RESPONSES[413]})
def take(body: Calendar, runtime: Running, caller: Actor) -> Response:
    """Take works from a calendar; events that are known by their UID are replaced."""
    now = runtime.now()
    try:
        kept = importing.take(runtime.database, decoded(body), runtime.settings.time_zone, By(caller.name), now)
    except ValueError as error:
        return _refused(error)
    return JSONResponse([_body(works, now) for works in kept])


@router.get("/{number}", responses=_ONE)
def read(number: Number, runtime: Running, _: Reader) -> Response:
    """Read works and the alarms that belong to them."""
    with runtime.database.read() as connection:
        works = store.find(connection, number)
        alarms = planned_store.of_works(connection, number)
    if works is None:
        return _missing(number)
    return JSONResponse(_body(works, runtime.now()) | {"alarms": [_alarm(each) for each in alarms]})


def _refused(error: ValueError) -> Response:
    """Return the answer to what is not valid, with the attributes' names as they are sent."""
    sentence = str(error).replace("time_zone", "timeZone").replace("back_out", "backOut")
    return answer(400, "Bad Request", sentence)


def _missing(number: int) -> Response:
    return answer(404, "Not Found", f"there are no works {number}")


def _works(given: WorksIn, runtime: Runtime) -> Works:
    scope = Scope(tuple(given.scope.elements), tuple(given.scope.sites), tuple(given.scope.channels))
    return Works(
        title=given.title,
        scope=scope,
        starts=given.starts,
        ends=given.ends,
        time_zone=given.time_zone or runtime.settings.time_zone,
        recurrence=given.recurrence,
        skipped=tuple(given.skipped),
        added=tuple(given.added),
        approver=given.approver.strip(),
        impact=given.impact,
        back_out=given.back_out,
        confirm_end=given.confirm_end,
    )


def _change(runtime: Runtime, by: str, number: int, changed: Callable[[Works], Works]) -> Response:
    with runtime.database.write() as connection:
        known = store.find(connection, number, lock=True)
        if known is None:
            return _missing(number)
        try:
            works = checked(changed(known))
        except WorksError as error:
            return _refused(error)
        now = runtime.now()
        return JSONResponse(_body(recording.record(connection, works, By(by), now), now))


def _address(works: Works) -> str:
    return f"{BASE}/{works.number}"


def _body(works: Works, now: datetime) -> dict[str, object]:
    following = next_window(works, now) if works.cancelled_at is None else None
    return {
        "id": works.number,
        "href": _address(works),
        "uid": works.uid,
        "series": works.series,
        "instance": works.instance.isoformat() if works.instance else None,
        "title": works.title,
        "state": state_of(works, now),
        "scope": {
            "elements": list(works.scope.elements),
            "sites": list(works.scope.sites),
            "channels": list(works.scope.channels),
        },
        "starts": works.starts.isoformat(),
        "ends": works.ends.isoformat(),
        "timeZone": works.time_zone,
        "recurrence": works.recurrence,
        "skipped": [each.isoformat() for each in works.skipped],
        "added": [each.isoformat() for each in works.added],
        "nextWindow": [each.isoformat() for each in following] if following else None,
        "approver": works.approver,
        "impact": works.impact,
        "backOut": works.back_out,
        "confirmEnd": works.confirm_end,
        "finishedAt": works.finished_at.isoformat() if works.finished_at else None,
    }


def _alarm(kept: Kept) -> dict[str, object]:
    occurrence = kept.occurrence
    return {
        "labels": dict(occurrence.labels),
        "startsAt": occurrence.starts_at.isoformat(),
        "endsAt": occurrence.ends_at.isoformat() if occurrence.ends_at else None,
        "ticketOpenedAt": kept.released_at.isoformat() if kept.released_at else None,
    }
