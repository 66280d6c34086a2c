"""What other programs are told: which series are recorded, the days of one, its forecast.

Everything comes from the records; nothing is asked of Prometheus. A forecast is computed once for each state of the
records and the settings, since its back-test takes longer than a reader should wait.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dashboards.busy_hour.forecast.forecast import Forecast
from dashboards.busy_hour.measures import capacity
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report import capacity_words, forecast_words
from dashboards.busy_hour.report.date_range import Span, span_of
from dashboards.busy_hour.report.render_json import exceptional_object, scenario_object, trend_object
from dashboards.busy_hour.report.report import DayLine, Rules, capacity_left, days_of, forecast_of
from dashboards.busy_hour.report.words import in_every_language
from dashboards.busy_hour.web.queries import AskedWronglyError
from service import planning
from service.cache import Cache

MAX_DAYS = 400
MAX_SERIES = 5000
FORECASTS_KEPT = 256
MARGIN = timedelta(days=1)  # a record of another zone may reach into the first and the last day


class NotRecordedError(LookupError):
    """There is no such series."""


class _Made(NamedTuple):
    forecast: Forecast | None
    surviving: capacity.Surviving | None
    last: date


@dataclass
class Pages:
    """The answers, made from the records. Every method raises StoreError when the database does not answer."""

    store: Store
    rules: Callable[[], Rules]  # as the settings are at this moment
    _forecasts: Cache[tuple[str, str, Scenario], _Made] = field(default_factory=lambda: Cache(FORECASTS_KEPT))
    _turn: threading.Lock = field(default_factory=threading.Lock)  # a forecast takes the interpreter for a while

    def series(self) -> planning.RecordedSeries:
        """Return which series are recorded."""
        calendar = self.rules().calendar
        found = self.store.series()
        return planning.RecordedSeries(
            zone=calendar.zone.key,
            day_begins=calendar.begins.isoformat("minutes"),
            series=tuple(
                planning.Recorded(scope=scope, quantity=quantity, first=first, last=last, days=days)
                for scope, quantity, first, last, days in found[:MAX_SERIES]
            ),
            left_off=max(0, len(found) - MAX_SERIES),
        )

    def days(self, series: tuple[str, str], first: date, last: date) -> planning.Days:
        """Return the days of a series, both ends included.

        Raises AskedWronglyError for a period that ends before it begins or is too long, NotRecordedError, ReportError
        for records that do not fit.
        """
        if first > last:
            raise AskedWronglyError(f"from={first} is later than to={last}")
        if (last - first).days >= MAX_DAYS:
            raise AskedWronglyError(f"from={first} to={last} are more than {MAX_DAYS} days; ask for fewer at a time")
        self._version(series)
        rules = self.rules()
        records = self.store.load(*series, first - MARGIN, last + MARGIN)
        return _days(series, span_of(series, records, rules, (first, last)), rules)

    def outlook(self, series: tuple[str, str], assumed: Callable[[Rules], Scenario]) -> planning.Outlook:
        """Return the forecast of a series under a scenario; raises NotRecordedError and ReportError."""
        rules = self.rules()
        scenario = assumed(rules)
        made = self._made(series, replace(rules, scenario=scenario))
        assumption = scenario_object(scenario, series[1])
        return planning.Outlook(
            scope=series[0],
            quantity=series[1],
            scenario=None if assumption is None else planning.Scenario.model_validate(assumption),
            last=made.last,
            words=in_every_language(lambda words: forecast_words.forecast_sentence(made.forecast, words)),
            capacity_words=in_every_language(
                lambda words: capacity_words.redundancy_sentence(made.surviving, series[1], words)
            ),
            trend=None if made.forecast is None else planning.Trend.model_validate(trend_object(made.forecast)),
        )

    def _made(self, series: tuple[str, str], rules: Rules) -> _Made:
        def make() -> _Made:
            with self._turn:
                records = self.store.load(*series)
                left = capacity_left(rules, *series)
                trend = forecast_of(days_of(records, rules.calendar), rules, left)
                return _Made(trend, left, records[-1].day)

        return self._forecasts.get((*series, rules.scenario), make, (self._version(series), rules))

    def _version(self, series: tuple[str, str]) -> tuple[int, int]:
        found = self.store.version(*series)
        if found is None:
            raise NotRecordedError(f"{series[1]} of {series[0]} is not recorded; /api/series lists what is")
        return found


def _days(series: tuple[str, str], span: Span, rules: Rules) -> planning.Days:
    zone, left, peak = rules.calendar.zone, span.surviving, span.peak

    def local(instant: int) -> datetime:
        return datetime.fromtimestamp(instant, zone)

    def day(line: DayLine) -> planning.Day:
        entry = span.exceptional.get(line.day)
        return planning.Day(
            date=line.day,
            value=line.quarter.value if line.quarter else None,
            start=local(line.quarter.start) if line.quarter else None,
            coverage=line.coverage,
            flags=tuple(sorted(line.flags)),
            counted=line.counted,
            exceptional=planning.Exceptional.model_validate(exceptional_object(entry)) if entry else None,
        )

    return planning.Days(
        scope=series[0],
        quantity=series[1],
        zone=zone.key,
        day_begins=rules.calendar.begins.isoformat("minutes"),
        first=span.first,
        last=span.last,
        min_coverage=rules.min_coverage,
        days_counted=span.counted,
        adpqh=span.adpqh,
        peak=planning.Peak(date=peak.day, start=local(peak.start), value=peak.value) if peak else None,
        capacity=planning.Capacity(**left._asdict()) if left else None,
        thresholds=tuple(planning.Level(share=share, value=share * left.surviving) for share in capacity.THRESHOLDS)
        if left
        else (),
        days=tuple(map(day, span.days)),
    )
