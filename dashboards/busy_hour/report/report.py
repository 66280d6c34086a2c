"""A report: everything a planner signs about one quantity of one scope, from records alone. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.forecast import forecast, week_ahead
from dashboards.busy_hour.measures import capacity, traffic
from dashboards.busy_hour.measures import exceptional_days as exceptional
from dashboards.busy_hour.measures import scenario as scenarios
from dashboards.busy_hour.measures.capacity import Capacity, Surviving
from dashboards.busy_hour.measures.measures import Measures, Month, Top, highest, measure, months, weekly_pattern
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.measures.series import QUARTER, Calendar, DaySeries, day_series
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records.record import Record, measured


class ReportError(ValueError):
    """The report cannot be made; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the planner decides; see the settings of the same names."""

    calendar: Calendar
    min_coverage: float = 0.9
    weekend: frozenset[int] = frozenset({5, 6})
    fixed_clock: int | None = None
    fixed_period: tuple[int, int] | None = None
    exceptional: Mapping[date, str] = field(default_factory=dict)
    capacities: Sequence[Capacity] = ()
    scenario: Scenario = field(default_factory=Scenario)


class DayLine(NamedTuple):
    """One day of the report."""

    day: date
    quarter: traffic.Peak | None
    full: traffic.Peak | None
    strict: traffic.Peak | None  # by hours without a missing quarter, where that differs
    share: float | None
    coverage: float
    flags: frozenset[str]
    counted: bool


class ExceptionalDay(NamedTuple):
    """A day outside the ordinary: confirmed by the calendar, or proposed by its distance from the median."""

    day: date
    confirmed: bool
    value: float | None
    z: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """Figures; their rendering is elsewhere."""

    scope: str
    quantity: str
    rules: Rules
    volume: bool  # figures are sums over the hour, not means
    step: int
    definitions: tuple[int, ...]
    first: date
    last: date
    days: tuple[DayLine, ...]
    measures: Measures
    with_exceptional: Measures
    working_days: Measures
    weekend: Measures
    peak_quarter: Top | None
    peak_full: Top | None
    levels_quarter: traffic.LoadLevels
    levels_full: traffic.LoadLevels
    months: tuple[Month, ...]
    percentile: traffic.Percentile | None
    percentile_step: int
    stability: traffic.Stability | None
    coincidence: traffic.Coincidence | None
    exceptional: tuple[ExceptionalDay, ...]
    pattern: dict[int, list[float | None]]
    surviving: Surviving | None
    unstated: tuple[str, ...]  # nodes with traffic that the capacity leaves out
    forecast: forecast.Forecast | None
    week_ahead: week_ahead.WeekAhead | None

    @property
    def calendar_days(self) -> int:
        """Return how many days the span has, with a record or without."""
        return (self.last - self.first).days + 1


def build(
    scope_and_quantity: tuple[str, str],
    records: Sequence[Record],
    elements: Mapping[str, Sequence[Record]],
    rules: Rules,
    period: tuple[date | None, date | None] = (None, None),
) -> Report:
    """Return the report of the days of `period`; the forecast also uses the days before it.

    `records` are those of the scope up to the end of the period, `elements` those of its parts.
    """
    scope, quantity = scope_and_quantity
    first, last = period
    history = [day for day in days_of(records, rules.calendar) if last is None or day.date <= last]
    chosen = [day for day in history if first is None or day.date >= first]
    if not chosen:
        raise ReportError(_nothing(scope, quantity, records, first, last))
    complete = [day for day in chosen if day.coverage >= rules.min_coverage and day.peak("quarter")]
    ordinary = [day for day in complete if day.date not in rules.exceptional]
    peaks = {day.date: peak.value for day in complete if (peak := day.peak("quarter"))}
    if len({day.kind == "volume" for day in chosen}) > 1:
        raise ReportError(f"{quantity} of {scope}: some days are amounts and others means; report them apart by --from")
    try:
        figures = measure(ordinary, rules.fixed_clock, rules.fixed_period)
        pattern = weekly_pattern(ordinary)
    except traffic.StepError as error:
        raise ReportError(f"{quantity} of {scope}: {error}; report them apart by --from") from None
    fine, fine_step = traffic.fine_values(chosen)
    alike = len(ordinary) == len(complete)
    left = capacity_left(rules, scope, quantity)
    return Report(
        scope=scope,
        quantity=quantity,
        rules=rules,
        volume=chosen[-1].kind == "volume",
        step=chosen[-1].series.step,
        definitions=tuple(sorted({record.definition for record in records})),
        first=first or chosen[0].date,
        last=last or chosen[-1].date,
        days=tuple(day_line(day, rules) for day in chosen),
        measures=figures,
        with_exceptional=figures if alike else measure(complete, rules.fixed_clock, rules.fixed_period),
        working_days=measure([day for day in ordinary if day.date.weekday() not in rules.weekend]),
        weekend=measure([day for day in ordinary if day.date.weekday() in rules.weekend]),
        peak_quarter=highest(complete, "quarter"),
        peak_full=highest(complete, "full"),
        levels_quarter=traffic.load_levels(_peaks(complete, "quarter")),
        levels_full=traffic.load_levels(_peaks(complete, "full")),
        months=tuple(months(complete)),
        percentile=traffic.percentile_95(fine),
        percentile_step=fine_step,
        stability=traffic.stability(ordinary, figures.tcbh),
        coincidence=_coincidence(ordinary, elements, rules),
        exceptional=tuple(exceptional_days(peaks, rules.exceptional, first or chosen[0].date, last or chosen[-1].date)),
        pattern=pattern,
        surviving=left,
        unstated=scenarios.unstated(
            rules.capacities, scope, quantity, [name for name, found in elements.items() if found]
        ),
        forecast=forecast_of(history, rules, left),
        week_ahead=week_ahead.week_ahead(history),
    )


def days_of(records: Sequence[Record], calendar: Calendar) -> list[Day]:
    """Return the days of the records in `calendar`, cut again where they were recorded in another."""
    if not records:
        return []
    if _are_of(records, calendar):
        return [measured(record) for record in records]
    steps = {(record.series.step, record.series.fine_step, record.phase) for record in records}
    if len(steps) > 1:
        raise ReportError("records with different steps cannot be cut into days of another zone; report them apart")
    step, fine_step, phase = steps.pop()
    starts = np.concatenate(
        [np.arange(len(record.series.slots)) * step + record.series.span.start + phase for record in records]
    )
    values = np.concatenate([record.series.slots for record in records])
    result = []
    for span in calendar.days(calendar.day_of(starts[0]), calendar.day_of(starts[-1])):
        if step > QUARTER and (span.start + phase - starts[0]) % step:
            raise ReportError(
                f"values every {step} s do not fit the days of {calendar.zone.key}; use the zone they came in"
            )
        low, high = np.searchsorted(starts, [span.start, span.end])
        if np.isnan(values[low:high]).all():
            continue
        series = day_series(span, starts[low:high].astype(np.float64), values[low:high], step, phase)
        result.append(Day(_with_fine(series, records, fine_step), calendar.zone, phase, records[0].kind))
    return result


def _with_fine(series: DaySeries, records: Sequence[Record], fine_step: int) -> DaySeries:
    near = [
        record
        for record in records
        if record.series.span.end > series.span.start and record.series.span.start < series.span.end
    ]
    times = np.concatenate([np.arange(len(near_.series.fine)) * fine_step + near_.series.span.start for near_ in near])
    values = np.concatenate([record.series.fine for record in near])
    inside = (times >= series.span.start) & (times < series.span.end)
    return DaySeries(series.span, series.step, series.slots, fine_step, values[inside])


def _are_of(records: Sequence[Record], calendar: Calendar) -> bool:
    spans = {span.day: span for span in calendar.days(records[0].day, records[-1].day)}
    return all(record.zone == calendar.zone.key and record.series.span == spans[record.day] for record in records)


def day_line(day: Day, rules: Rules) -> DayLine:
    """Return what a report says of one day."""
    quarter, full = day.peak("quarter"), day.peak("full")
    strict = day.strict_peak() if quarter and quarter.partial else None
    complete = day.coverage >= rules.min_coverage
    facts = {
        "partial": quarter is not None and quarter.partial,
        "full_partial": full is not None and full.partial,
        "incomplete": not complete,
        "exceptional": day.date in rules.exceptional,
        "offset_change": day.offset_change,
        "no_busy_hour": quarter is None,
    }
    return DayLine(
        day.date,
        quarter,
        full,
        strict,
        day.share(quarter) if quarter else None,
        day.coverage,
        frozenset(name for name, holds in facts.items() if holds),
        complete and quarter is not None and day.date not in rules.exceptional,
    )


def _peaks(days: Sequence[Day], candidates: traffic.Candidates) -> list[float]:
    return [peak.value for day in days if (peak := day.peak(candidates))]


def _coincidence(
    days: Sequence[Day], elements: Mapping[str, Sequence[Record]], rules: Rules
) -> traffic.Coincidence | None:
    try:
        parts = {
            name: [day for day in days_of(records, rules.calendar) if day.coverage >= rules.min_coverage]
            for name, records in elements.items()
            if records
        }
    except ReportError:
        return None  # the days of an element cannot be cut again, so there are none in common
    return traffic.coincidence(days, parts)


def exceptional_days(
    peaks: Mapping[date, float], confirmed: Mapping[date, str], first: date, last: date
) -> list[ExceptionalDay]:
    """Return the days that the calendar confirms, and those whose busy hour lies far from the median."""
    scores = exceptional.robust_z(peaks)
    found = {
        proposal.day: ExceptionalDay(proposal.day, confirmed=False, value=proposal.value, z=proposal.z, reason="")
        for proposal in exceptional.propose(peaks)
    }
    for day, reason in confirmed.items():
        if first <= day <= last:
            found[day] = ExceptionalDay(day, confirmed=True, value=peaks.get(day), z=scores.get(day), reason=reason)
    return [found[day] for day in sorted(found)]


def capacity_left(rules: Rules, scope: str, quantity: str) -> Surviving | None:
    """Return what survives under the scenario; raise ReportError where nothing does."""
    try:
        return scenarios.left(rules.capacities, scope, quantity, rules.scenario)
    except ValueError as error:
        raise ReportError(str(error)) from None


def forecast_of(history: Sequence[Day], rules: Rules, left: Surviving | None) -> forecast.Forecast | None:
    """Return when the thresholds are reached; None where the days are too few."""
    values = {
        day.date: peak.value
        for day in history
        if day.coverage >= rules.min_coverage and day.date not in rules.exceptional and (peak := day.peak("quarter"))
    }
    levels = [(share, share * left.surviving) for share in capacity.THRESHOLDS] if left else []
    scenario = rules.scenario
    if not scenario.any:
        return forecast.forecast(values, levels)
    return forecast.forecast(values, levels, forecast.Assumed(scenario.growth, 1.0 + scenario.event))


def _nothing(scope: str, quantity: str, records: Sequence[Record], first: date | None, last: date | None) -> str:
    asked = f"{first or 'the beginning'} to {last or 'the end'}"
    if not records:
        return f"{quantity} of {scope}: nothing is recorded for {asked}; run backfill or import first"
    return f"{quantity} of {scope}: no day from {asked}; recorded are {records[0].day} to {records[-1].day}"
