"""Charts of a ticket's series around its opening, asked of Prometheus apart from the ticket's own page.

The page must not wait for Prometheus, nor the webhook for the page: a few threads ask, an answer is kept for some
seconds for all readers, and who asks while none has come is told so.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic

import httpx
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from alerts import thresholds
from alerts.desk.alarms.alert_chart import Drawn, belongs, drawn, likeness
from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.words import Words
from alerts.desk.tickets import queries
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import ticket_number
from alerts.desk.tickets.store import NoSuchTicketError
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.web.chart import Frame, Line, Mark, line_chart
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Running
from service.http_clients import inside
from service.prometheus import QueryRejectedError, Series, Window, finite
from service.promql import expression_of

AROUND = timedelta(hours=1)
STEP = 30.0  # seconds between points: 240 of them
MOST_CHARTS, MOST_LINES = 2, 4
ALARMS = 20  # occurrences whose expressions are looked at
PATIENCE = 2.0  # seconds that a reader waits
KEPT_SECONDS, KEPT_FAILURE_SECONDS, KEPT = 15.0, 5.0, 64
THREADS = 4
WIDTH, HEIGHT = 560, 170

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Plot:
    """One chart's data."""

    drawn: Drawn
    courses: Sequence[Series]
    limit: Sequence[tuple[float, float]]


class Measured:
    """Plots by ticket: asked for by a few threads at a time, kept for a while, and given up by who cannot wait."""

    def __init__(self, client: httpx.Client | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._client = client or inside()
        self._clock = clock
        self._lock = Lock()
        self._places = BoundedSemaphore(THREADS)
        self._known: OrderedDict[int, tuple[float, Future[list[Plot]]]] = OrderedDict()

    async def get(self, number: int, ask: Callable[[httpx.Client], list[Plot]]) -> list[Plot]:
        """Return a ticket's plots; raise OSError where Prometheus fails, TimeoutError where it takes too long."""
        with self._lock:
            asked, answer = self._known.get(number, (0.0, None))
            if answer is None or self._old(asked, answer):
                answer = self._ask(number, ask)
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(answer)), PATIENCE)

    def _ask(self, number: int, ask: Callable[[httpx.Client], list[Plot]]) -> Future[list[Plot]]:
        if sum(not future.done() for _, future in self._known.values()) >= KEPT:
            raise TimeoutError("too many wait for Prometheus already")
        answer: Future[list[Plot]] = Future()
        # A thread that hangs must not keep the desk from stopping, as one of a pool would.
        Thread(target=self._run, args=(answer, ask), name="charts", daemon=True).start()
        self._known[number] = (self._clock(), answer)
        self._known.move_to_end(number)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return answer

    def _run(self, answer: Future[list[Plot]], ask: Callable[[httpx.Client], list[Plot]]) -> None:
        with self._places:
            try:
                answer.set_result(ask(self._client))
            except Exception as error:  # noqa: BLE001 - the top of a thread: who asked is told
                answer.set_exception(error)

    def _old(self, asked: float, answer: Future[list[Plot]]) -> bool:
        if not answer.done():
            return False
        return self._clock() - asked >= (KEPT_FAILURE_SECONDS if answer.exception() else KEPT_SECONDS)


@router.get("/ticket/{number}/charts")
async def charts(request: Request, number: str, runtime: Running, found: Reading) -> Response:
    """Show the series around a ticket's opening; the ticket's page fetches this and takes the section out of it."""
    place = ticket_number(number)
    ticket, alarms = await asyncio.to_thread(_ticket, runtime, place)
    words, now = words_for(request, found), runtime.now()
    frame = frame_of(ticket, now)
    measured: Measured = request.app.state.measured
    pictures: list[tuple[Markup, str]] = []
    problem, every = "", 30 if now < ticket.opened_at + AROUND else 0
    try:
        plots = await measured.get(place, lambda client: ask(client, runtime, wanted(alarms), frame))
    except TimeoutError:
        problem, every = words("charts.slow"), 3
    except QueryRejectedError as error:
        problem, every = words("charts.rejected", reason=error.reason), 0
    except OSError:
        problem, every = words("charts.down"), 15
    else:
        marks = moments(ticket, alarms, words)
        pictures = [(picture(plot, frame, marks, words), plot.drawn.text) for plot in plots]
    return page(
        request,
        "console/ticket/charts.html",
        found,
        row=ticket,
        pictures=pictures,
        problem=problem,
        every=every,
        opened=ticket.opened_at,
        ended=ended(alarms),
    )


def _ticket(runtime: Runtime, number: int) -> tuple[Ticket, Sequence[AlarmRecord]]:
    with runtime.database.read() as connection:
        ticket = queries.find(connection, number)
        if ticket is None:
            raise NoSuchTicketError(f"there is no ticket {number}")
        return ticket, queries.alarms_of(connection, number, ALARMS)


def wanted(alarms: Sequence[AlarmRecord]) -> list[tuple[Drawn, Mapping[str, str]]]:
    """Return what to draw of a ticket's alarms, each with the labels that the alarms of one expression share."""
    alike: dict[str, list[Mapping[str, str]]] = {}
    for alarm in alarms:
        alike.setdefault(expression_of(alarm.generator_url), []).append(alarm.labels)
    result: list[tuple[Drawn, Mapping[str, str]]] = []
    for expression, labels in alike.items():
        shared = dict(set.intersection(*(set(each.items()) for each in labels)))
        result += [(each, shared) for each in drawn(expression, shared)]
    return result[:MOST_CHARTS]


def frame_of(ticket: Ticket, now: datetime) -> Frame:
    """Return the time that the charts show: an hour before the opening to an hour after it, or to now."""
    end = max(min(now, ticket.opened_at + AROUND), ticket.opened_at)
    return Frame((ticket.opened_at - AROUND).timestamp(), end.timestamp(), "number", WIDTH, HEIGHT)


def ask(
    client: httpx.Client, runtime: Runtime, wanted: Sequence[tuple[Drawn, Mapping[str, str]]], frame: Frame
) -> list[Plot]:
    """Ask Prometheus for the plots; raise PrometheusError where it fails."""
    prometheus, window = runtime.prometheus(client), Window(frame.start, frame.end, STEP)

    def points(query: str) -> list[Series]:
        return [finite(series) for series in prometheus.query_range(query, window)]

    result = []
    for each, labels in wanted:
        found = [series for series in points(each.value) if belongs(series.labels, labels)]
        limits = points(_vector(each.limit)) if each.limit and found else []
        # A threshold has a series for the whole platform beside that of the site.
        best = max(limits, key=lambda course: likeness(course.labels, labels), default=None)
        result.append(Plot(each, found, best.points if best else ()))
    return result


def _vector(query: str) -> str:
    """Return a threshold's query so that a bare number gives a series, too."""
    return f"vector({query})" if re.fullmatch(r"[-+.\deE]+", query) else query


def picture(plot: Plot, frame: Frame, marks: Sequence[Mark], words: Words) -> Markup:
    """Draw one plot: its series, the threshold dashed, the moments as lines."""
    unit = unit_of(plot.drawn)
    shown = sorted(plot.courses, key=lambda course: -max((value for _, value in course.points), default=0.0))
    differing = {
        name for course in shown for name, value in course.labels.items() if value != shown[0].labels.get(name)
    }
    lines = [
        Line(
            ", ".join(f"{name}={course.labels[name]}" for name in sorted(differing & course.labels.keys()))
            or words("charts.now"),
            course.points,
            "main" if place == 0 else "other",
        )
        for place, course in enumerate(shown[:MOST_LINES])
    ]
    if lines and plot.limit:
        latest = figure(words, plot.limit[-1][1], unit)
        lines.append(Line(words("charts.limit", value=latest), plot.limit, "bound"))
    within = Frame(frame.start, frame.end, unit, frame.width, frame.height)
    title = words("charts.series", n=len(shown)) if len(shown) > MOST_LINES else words("charts.value")
    return line_chart(words, title, lines, within, marks, gap=3 * STEP)


def unit_of(each: Drawn) -> Unit:
    """Return the unit: that of the threshold where it is ours."""
    if each.age:
        return "seconds"
    known = _thresholds().get(each.threshold)
    return {"ratio": "ratio", "seconds": "seconds"}.get(known.unit if known else "", "number")  # type: ignore[return-value]


@cache
def _thresholds() -> dict[str, thresholds.Threshold]:
    return thresholds.load()


def ended(alarms: Sequence[AlarmRecord]) -> datetime | None:
    """Return when the last of the alarms ended; None while one fires."""
    ends = [alarm.ends_at for alarm in alarms if alarm.ends_at is not None]
    return max(ends) if ends and len(ends) == len(alarms) else None


def moments(ticket: Ticket, alarms: Sequence[AlarmRecord], words: Words) -> list[Mark]:
    """Return the opening and the recovery."""
    marks = [Mark(words("charts.opened"), ticket.opened_at.timestamp())]
    if end := ended(alarms):
        marks.append(Mark(words("charts.ended"), end.timestamp()))
    return marks
