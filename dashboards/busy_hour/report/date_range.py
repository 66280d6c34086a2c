"""A span of recorded days as the desk's console shows it: what a report says of them, without its costlier parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboards.busy_hour.measures import capacity, traffic
from dashboards.busy_hour.measures.capacity import Surviving
from dashboards.busy_hour.measures.measures import Top, highest
from dashboards.busy_hour.records.record import Record
from dashboards.busy_hour.report.report import DayLine, ExceptionalDay, Rules, day_line, days_of, exceptional_days


@dataclass(frozen=True, slots=True)
class Span:
    """The days of one series from `first` to `last`; days without a record are not among them."""

    first: date
    last: date
    days: tuple[DayLine, ...]
    exceptional: dict[date, ExceptionalDay]
    adpqh: float | None
    peak: Top | None
    surviving: Surviving | None

    @property
    def counted(self) -> int:
        """Return how many days the average rests on."""
        return sum(line.counted for line in self.days)


def span_of(
    scope_and_quantity: tuple[str, str], records: Sequence[Record], rules: Rules, period: tuple[date, date]
) -> Span:
    """Return the days of `period`; the figures are those of a report of the same period."""
    first, last = period
    days = [day for day in days_of(records, rules.calendar) if first <= day.date <= last]
    complete = [day for day in days if day.coverage >= rules.min_coverage and day.peak("quarter")]
    peaks = {day.date: peak.value for day in complete if (peak := day.peak("quarter"))}
    ordinary = [day for day in complete if day.date not in rules.exceptional]
    return Span(
        first=first,
        last=last,
        days=tuple(day_line(day, rules) for day in days),
        exceptional={entry.day: entry for entry in exceptional_days(peaks, rules.exceptional, first, last)},
        adpqh=traffic.adph(ordinary, "quarter"),
        peak=highest(complete, "quarter"),
        surviving=capacity.surviving(rules.capacities, *scope_and_quantity),
    )
