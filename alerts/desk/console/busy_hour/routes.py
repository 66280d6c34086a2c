"""The busy hour: each day's, this month against capacity, the forecast; as ott-busyhour has them on record."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup

from alerts.desk.console.busy_hour.client import MAX_DAYS, Planner, Refused, Series, choose
from alerts.desk.console.periods import Period, PeriodError, period
from alerts.desk.console.shared import Known
from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.words import Words
from alerts.desk.web.chart import Frame, Line, Mark, line_chart
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import runtime_of
from alerts.desk.web.spreadsheet import Cell, download, refused
from service.planning import Day, Days, Outlook, Recorded, Trend

ASSUMPTIONS = ("growth", "event", "lose", "add_node")
PERIODS = ("weeks", "month", "last_month", "year")
MAX_CHOICES = 1000
A_DAY = 86400.0
UNITS: dict[str, Unit] = {
    "subscribers_online": "count",
    "sessions": "count",
    "viewers": "count",
    "egress_bits_per_second": "bits",
    "node_load": "ratio",
    "stall_ratio": "ratio",
}
_CSV_UNITS = {"egress_bits_per_second": "bit/s", "node_load": "ratio", "stall_ratio": "ratio"}
LEVELS = ((0.85, "critical"), (0.70, "act"), (0.60, "warn"))

T = TypeVar("T")
EXAMPLE = 'busy_hour = "http://127.0.0.1:9782"'  # the port that ott-busyhour has by itself

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for, as it was written."""

    scope: str
    quantity: str
    period: str
    first: str
    last: str
    assumed: Mapping[str, str]  # what a scenario assumes, as it was written

    def query(self) -> str:
        """Return the address's query; what is empty is left out."""
        names = ("scope", "quantity", "period", "from", "to")
        values = zip(names, (self.scope, self.quantity, self.period, self.first, self.last), strict=True)
        filled = {name: value for name, value in values if value}  # without the scenario, which changes no recorded day
        return f"?{urlencode(filled)}" if filled else ""


def wanted(request: Request) -> Wanted:
    """Read what the address asks for."""

    def written(name: str) -> str:
        return request.query_params.get(name, "").replace("\0", "").strip()[:200]

    assumed = {name: text for name in ASSUMPTIONS if (text := written(name))}
    return Wanted(written("scope"), written("quantity"), written("period"), written("from"), written("to"), assumed)


Asking = Annotated[Wanted, Depends(wanted)]


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the page and the file are made of."""

    known: Sequence[Recorded]
    series: Series
    period: Period
    days: Days | None
    month: Days | None
    outlook: Outlook | None
    refused: str  # the service's own words
    age: float | None  # seconds; of the oldest answer shown while the service is away


async def look(request: Request, asking: Wanted) -> Seen:
    """Ask for what the address wants; raise PeriodError where that is no period."""
    runtime = runtime_of(request)
    planner: Planner = request.app.state.planner
    base = runtime.settings.busy_hour
    today = runtime.now().astimezone(runtime.settings.zone).date()
    shown = period(PERIODS, asking.period, (asking.first, asking.last), today, MAX_DAYS)
    listed = await planner.series(base)
    known = () if listed.value is None or isinstance(listed.value, Refused) else listed.value.series
    series = choose(known, asking.scope, asking.quantity)
    days, month, outlook = await asyncio.gather(
        planner.days(base, series, shown.first, shown.last),
        planner.days(base, series, today.replace(day=1), today),
        planner.outlook(base, series, asking.assumed),
    )
    answers: tuple[Known[object], ...] = (listed, days, month, outlook)  # type: ignore[assignment] # only read here
    away = [each.age for each in answers if each.failing or each.value is None]
    return Seen(
        known=known[:MAX_CHOICES],
        series=series,
        period=shown,
        days=_answered(days),
        month=_answered(month),
        outlook=_answered(outlook),
        refused=next((each.value.reason for each in answers if isinstance(each.value, Refused)), ""),
        age=max(away) if away else None,
    )


def _answered(known: Known[T | Refused]) -> T | None:
    return None if isinstance(known.value, Refused) else known.value


@router.get("/busy-hour")
async def show(request: Request, found: Reading, asking: Asking) -> Response:
    """Show the busy hours of a period."""
    words = words_for(request, found)
    if not runtime_of(request).settings.busy_hour:
        return page(request, "console/busy_hour/busy_hour_unset.html", found, example=EXAMPLE)
    seen: Seen | None = None
    problem = ""
    try:
        seen = await look(request, asking)
    except PeriodError as error:
        problem = words(str(error))
    zone = runtime_of(request).settings.zone
    trend = seen.outlook.trend if seen and seen.outlook else None

    def render() -> Response:
        return page(
            request,
            "console/busy_hour/busy_hour.html",
            found,
            400 if problem else 200,
            asking=asking,
            problem=problem,
            periods=PERIODS,
            chosen=seen.period.name if seen else "days",
            seen=seen,
            scopes=list(dict.fromkeys(_names(seen, "scope"))),
            quantities=list(dict.fromkeys(_names(seen, "quantity"))),
            lines=list(reversed(seen.days.days)) if seen and seen.days else [],
            chart=_days_chart(words, zone, seen, seen.days) if seen and seen.days and seen.days.days else "",
            ahead=_ahead_chart(words, zone, seen, trend) if seen and trend and trend.points else "",
            assumptions=ASSUMPTIONS,
            csv=f"/busy-hour.csv{asking.query()}",
            value=lambda number: "–" if number is None else figure(words, number, _unit(seen)),
            share=lambda number: _share(words, number),
            level=level,
            remarks=lambda day: ", ".join(remarks(words, day)),
        )

    return await run_in_threadpool(render)


@router.get("/busy-hour.csv")
async def file(request: Request, found: Reading, asking: Asking) -> Response:
    """Return the days that the page shows as a file."""
    words = words_for(request, found)
    try:
        seen = await look(request, asking) if runtime_of(request).settings.busy_hour else None
    except PeriodError as error:
        return refused(words(str(error)))
    if seen is None or seen.days is None:
        return refused(seen.refused if seen and seen.refused else words("busy_hour.nothing"))
    unit = _CSV_UNITS.get(seen.series.quantity, seen.series.quantity)
    header = ("date", "busy hour starts", f"busy hour [{unit}]", "share of surviving capacity [ratio]",
              "coverage [ratio]", "counted", "exceptional", "reason", "flags", "scope", "quantity")  # fmt: skip
    name = f"busy-hour-{seen.period.first}-{seen.period.last}.csv"
    return download(name, header, _rows(seen, seen.days), words.language)


def _rows(seen: Seen, days: Days) -> Iterator[Sequence[Cell]]:
    for day in reversed(days.days):
        yield [
            str(day.date),
            day.start.isoformat(timespec="seconds") if day.start else None,
            day.value,
            _of(day.value, days.surviving),
            day.coverage,
            int(day.counted),
            day.exceptional.status if day.exceptional else "",
            day.exceptional.reason if day.exceptional else "",
            " ".join(day.flags),
            seen.series.scope,
            seen.series.quantity,
        ]


def _names(seen: Seen | None, what: str) -> Iterable[str]:
    """The choices, and what is chosen now even where nothing of it is recorded."""
    if seen:
        yield from (getattr(each, what) for each in seen.known)
        yield getattr(seen.series, what)


def _unit(seen: Seen | None) -> Unit:
    return UNITS.get(seen.series.quantity, "number") if seen else "number"


def _of(value: float | None, surviving: float | None) -> float | None:
    return value / surviving if value is not None and surviving else None


def _share(words: Words, value: float | None) -> str:
    return "–" if value is None else figure(words, value, "ratio")


def level(value: float | None) -> str:
    """Return which threshold a share of the surviving capacity has passed: "", warn, act or critical."""
    return next((name for share, name in LEVELS if value is not None and value >= share), "")


def remarks(words: Words, day: Day) -> Iterator[str]:
    """Yield what is special about a day."""
    if day.exceptional:
        reason = day.exceptional.reason
        yield words(f"busy_hour.{day.exceptional.status}") + (f": {reason}" if reason else "")
    yield from (words.of("busy_hour.flag", flag) for flag in day.flags if flag not in ("exceptional", "full_partial"))


def _noon(day: date, zone: tzinfo) -> float:
    return datetime.combine(day, time(12), zone).timestamp()


def _days_chart(words: Words, zone: tzinfo, seen: Seen, days: Days) -> Markup:
    start, end = (moment.timestamp() for moment in seen.period.instants(zone))
    lines = [
        Line(
            words("busy_hour.value"), [(_noon(day.date, zone), day.value) for day in days.days if day.value is not None]
        )
    ]
    if days.surviving is not None:
        lines.append(Line(words("busy_hour.surviving"), _flat(days.surviving, start, end), "bound"))
    marks = [
        Mark(f"{words.day(day.date)}: {', '.join(remarks(words, day))}", _noon(day.date, zone))
        for day in days.days
        if day.exceptional
    ]
    return line_chart(words, words("busy_hour.by_day"), lines, Frame(start, end, _unit(seen)), marks, gap=1.5 * A_DAY)


def _flat(level: float, start: float, end: float) -> list[tuple[float, float]]:
    """Return a limit with a point a day, since a longer distance is drawn as a gap."""
    return [(start + number * A_DAY, level) for number in range(int((end - start) // A_DAY))] + [(end, level)]


def _ahead_chart(words: Words, zone: tzinfo, seen: Seen, trend: Trend) -> Markup:
    points = trend.points
    start, end = _noon(trend.history[0].date, zone), _noon(points[-1].date, zone)
    last = (_noon(trend.history[-1].date, zone), trend.history[-1].value)
    times = [_noon(point.date, zone) for point in points]
    lines = [
        Line(words("busy_hour.measured"), [(_noon(each.date, zone), each.value) for each in trend.history]),
        Line(words("busy_hour.forecast"), [last, *zip(times, (point.value for point in points), strict=True)], "ahead"),
        Line(words("busy_hour.high"), list(zip(times, (point.high for point in points), strict=True)), "range"),
        Line(words("busy_hour.low"), list(zip(times, (point.low for point in points), strict=True)), "range"),
    ]
    lines += [
        Line(words(f"busy_hour.threshold.{level(each.threshold)}"), [(start, each.level), (end, each.level)], kind)
        for each, kind in zip(trend.exhaustion, ("before", "other", "bound"), strict=False)
    ]
    return line_chart(words, words("busy_hour.ahead"), lines, Frame(start, end, _unit(seen)))
