"""Read-only JSON for other programs: which series are recorded, the days of one, its forecast.

Everything comes from the records; nothing is asked of Prometheus. A forecast is computed once for each state of the
records and the settings, since its back-test takes longer than a reader should wait.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from dashboards.busy_hour.forecast.forecast import Forecast
from dashboards.busy_hour.measures import capacity, scenario
from dashboards.busy_hour.measures.quantities import quantity_name, scope_name
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.measures.series import local_text
from dashboards.busy_hour.records.store import Store, StoreError
from dashboards.busy_hour.report import capacity_words, forecast_words
from dashboards.busy_hour.report.date_range import Span, span_of
from dashboards.busy_hour.report.render_json import exceptional_object, scenario_object, trend_object
from dashboards.busy_hour.report.report import ReportError, Rules, capacity_left, days_of, forecast_of
from dashboards.busy_hour.report.words import in_every_language

MAX_DAYS = 400
MAX_SERIES = 5000
FORECASTS_KEPT = 256
MARGIN = timedelta(days=1)  # a record of another zone may reach into the first and the last day


class AskedWronglyError(ValueError):
    """The address makes no sense; the message says what would."""


class NotRecordedError(LookupError):
    """There is no such series."""


class _Made(NamedTuple):
    state: tuple[tuple[int, int], Rules]
    forecast: Forecast | None
    surviving: capacity.Surviving | None
    last: date


@dataclass
class Pages:
    """What is answered under /api/."""

    store: Store
    rules: Callable[[], Rules]  # as the settings are at this moment
    _forecasts: OrderedDict[tuple[str, str, Scenario], _Made] = field(default_factory=OrderedDict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, query: str) -> tuple[HTTPStatus, dict[str, Any]]:
        """Return status and body for a path below /api/."""
        known = {
            "series": (self._series, (), ()),
            "days": (self._days, _DAYS, ()),
            "forecast": (self._forecast, _SERIES, _SCENARIO),
        }
        if path not in known:
            return HTTPStatus.NOT_FOUND, {"error": f"here are {', '.join(f'/api/{name}' for name in known)}"}
        page, needed, optional = known[path]
        try:
            return HTTPStatus.OK, page(_asked(query, needed, optional))
        except AskedWronglyError as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except NotRecordedError as error:
            return HTTPStatus.NOT_FOUND, {"error": str(error)}
        except ReportError as error:  # records of several steps under another zone
            return HTTPStatus.CONFLICT, {"error": str(error)}
        except StoreError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)}

    def _series(self, _: Mapping[str, str]) -> dict[str, Any]:
        calendar = self.rules().calendar
        found = self.store.series()
        return {
            "zone": calendar.zone.key,
            "day_begins": calendar.begins.isoformat("minutes"),
            "series": [
                {"scope": scope, "quantity": quantity, "from": str(first), "to": str(last), "days": days}
                for scope, quantity, first, last, days in found[:MAX_SERIES]
            ],
            "left_off": max(0, len(found) - MAX_SERIES),
        }

    def _days(self, asked: Mapping[str, str]) -> dict[str, Any]:
        pair = _pair(asked)
        first, last = _day(asked, "from"), _day(asked, "to")
        if first > last:
            raise AskedWronglyError(f"from={first} is later than to={last}")
        if (last - first).days >= MAX_DAYS:
            raise AskedWronglyError(f"from={first} to={last} are more than {MAX_DAYS} days; ask for fewer at a time")
        self._version(pair)
        rules = self.rules()
        records = self.store.load(*pair, first - MARGIN, last + MARGIN)
        return {"scope": pair[0], "quantity": pair[1]} | _span_object(
            span_of(pair, records, rules, (first, last)), rules
        )

    def _forecast(self, asked: Mapping[str, str]) -> dict[str, Any]:
        pair, rules = _pair(asked), self.rules()
        assumed = _scenario(asked, rules)
        made = self._made(pair, replace(rules, scenario=assumed))
        return {
            "scope": pair[0],
            "quantity": pair[1],
            "scenario": scenario_object(assumed, pair[1]),
            "to": made.last.isoformat(),
            "words": in_every_language(lambda words: forecast_words.forecast_sentence(made.forecast, words)),
            "capacity_words": in_every_language(
                lambda words: capacity_words.redundancy_sentence(made.surviving, pair[1], words)
            ),
            "trend": None if made.forecast is None else trend_object(made.forecast),
        }

    def _made(self, pair: tuple[str, str], rules: Rules) -> _Made:
        with self._making:
            state, key = (self._version(pair), rules), (*pair, rules.scenario)
            known = self._forecasts.get(key)
            if known is None or known.state != state:
                records = self.store.load(*pair)
                left = capacity_left(rules, *pair)
                trend = forecast_of(days_of(records, rules.calendar), rules, left)
                known = self._forecasts[key] = _Made(state, trend, left, records[-1].day)
            self._forecasts.move_to_end(key)
            if len(self._forecasts) > FORECASTS_KEPT:
                self._forecasts.popitem(last=False)
            return known

    def _version(self, pair: tuple[str, str]) -> tuple[int, int]:
        found = self.store.version(*pair)
        if found is None:
            raise NotRecordedError(f"{pair[1]} of {pair[0]} is not recorded; /api/series lists what is")
        return found


_SERIES = ("scope", "quantity")
_DAYS = (*_SERIES, "from", "to")
_SCENARIO = ("growth", "add_node", "lose", "event")
_MOST_FIELDS = 8


def _asked(query: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise AskedWronglyError(f"the query cannot be read: {error}") from None
    found = dict(pairs)
    if len(found) < len(pairs) or not set(needed) <= found.keys() <= {*needed, *optional}:
        also = f"; {', '.join(optional)} can be given too" if optional else ""
        raise AskedWronglyError(
            f"give {', '.join(needed)}, each once{also}" if needed else "this address takes no query"
        )
    return found


def _scenario(asked: Mapping[str, str], rules: Rules) -> Scenario:
    nodes = tuple(text for text in asked.get("add_node", "").split(",") if text.strip())
    texts = scenario.Texts(asked.get("growth", ""), nodes, asked.get("lose", ""), asked.get("event", ""))
    try:
        return scenario.scenario_of(texts, rules.capacities)
    except ValueError as error:
        raise AskedWronglyError(str(error)) from None


def _pair(asked: Mapping[str, str]) -> tuple[str, str]:
    try:
        return scope_name(asked["scope"]), quantity_name(asked["quantity"])
    except ValueError as error:
        raise AskedWronglyError(str(error)) from None


def _day(asked: Mapping[str, str], key: str) -> date:
    try:
        found = date.fromisoformat(asked[key])
    except ValueError:
        raise AskedWronglyError(f'{key}="{asked[key]}" is not a day; write 2026-01-31') from None
    if not _EARLIEST <= found <= _LATEST:
        raise AskedWronglyError(f"{key}={found} lies outside {_EARLIEST} to {_LATEST}")
    return found


_EARLIEST, _LATEST = date(1970, 1, 2), date(9999, 12, 30)


def _span_object(span: Span, rules: Rules) -> dict[str, Any]:
    left = span.surviving
    return {
        "zone": rules.calendar.zone.key,
        "day_begins": rules.calendar.begins.isoformat("minutes"),
        "from": span.first.isoformat(),
        "to": span.last.isoformat(),
        "min_coverage": rules.min_coverage,
        "days_counted": span.counted,
        "adpqh": span.adpqh,
        "peak": None
        if span.peak is None
        else {
            "date": span.peak.day.isoformat(),
            "start": local_text(span.peak.start, rules.calendar.zone),
            "value": span.peak.value,
        },
        "capacity": None if left is None else left._asdict(),
        "thresholds": [] if left is None else [
            {"share": share, "value": share * left.surviving} for share in capacity.THRESHOLDS
        ],
        "days": [
            {
                "date": line.day.isoformat(),
                "value": line.quarter.value if line.quarter else None,
                "start": local_text(line.quarter.start, rules.calendar.zone) if line.quarter else None,
                "coverage": line.coverage,
                "flags": sorted(line.flags),
                "counted": line.counted,
                "exceptional": exceptional_object(entry) if (entry := span.exceptional.get(line.day)) else None,
            }
            for line in span.days
        ],
    }  # fmt: skip
