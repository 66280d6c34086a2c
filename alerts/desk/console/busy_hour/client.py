"""What ott-busyhour answers over HTTP: recorded series, days, forecasts. Asked rarely, shared by all readers.

Records change once a day: an answer is good for half a minute, and when the service is away the last one stays, with
its age.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from math import isfinite
from threading import Lock
from types import MappingProxyType
from typing import Any, TypeVar, cast

import httpx

from alerts.desk.console.shared import Known, Shared
from service.authorities import trusted

TIMEOUT = 5.0
PERIOD = 30.0
KEEP = 7 * 86400.0
KEPT = 64
MAX_DAYS = 400  # what one answer of the service may hold

NOTHING_ASSUMED: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refused:
    """The service answered that it cannot: an unknown series, records that do not fit."""

    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """What is recorded."""

    scope: str
    quantity: str


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest busy hour of some days."""

    start: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Day:
    """One recorded day; its busy hour is missing where no hour was complete enough."""

    date: date
    value: float | None
    start: datetime | None
    coverage: float
    counted: bool
    flags: tuple[str, ...]
    exceptional: str  # "", "confirmed" or "proposed"
    reason: str


@dataclass(frozen=True, slots=True)
class Days:
    """The recorded days of a period and what they come to."""

    days: tuple[Day, ...]
    counted: int
    adpqh: float | None
    peak: Peak | None
    surviving: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """A value to come with its range."""

    date: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a share of the surviving capacity is reached; `answer` is date, already, none or beyond."""

    share: float
    level: float
    answer: str
    likely: date | None
    earliest: date | None
    latest: date | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast in words and numbers; without enough days there are only words."""

    words: Mapping[str, str]
    capacity_words: Mapping[str, str]
    assumed: Mapping[str, str]  # the scenario in words; empty where nothing is assumed
    history: tuple[tuple[date, float], ...]
    points: tuple[Point, ...]
    thresholds: tuple[Threshold, ...]


def series_of(body: Any) -> tuple[Series, ...]:
    """Read /api/series."""
    return tuple(Series(str(each["scope"]), str(each["quantity"])) for each in body["series"])


def days_of(body: Any) -> Days:
    """Read /api/days."""
    peak, capacity = body["peak"], body["capacity"]
    return Days(
        days=tuple(map(_day, body["days"])),
        counted=int(body["days_counted"]),
        adpqh=_number(body["adpqh"]),
        peak=Peak(datetime.fromisoformat(peak["start"]), float(peak["value"])) if peak else None,
        surviving=_number(capacity["surviving"]) if capacity else None,
    )


def outlook_of(body: Any) -> Outlook:
    """Read /api/forecast."""
    trend = body["trend"] or {"history": [], "points": [], "exhaustion": []}
    return Outlook(
        words={language: str(text) for language, text in body["words"].items()},
        capacity_words={language: str(text) for language, text in body["capacity_words"].items()},
        assumed={language: str(text) for language, text in (body["scenario"] or {"words": {}})["words"].items()},
        history=tuple((date.fromisoformat(each["date"]), float(each["value"])) for each in trend["history"]),
        points=tuple(
            Point(date.fromisoformat(each["date"]), float(each["value"]), float(each["low"]), float(each["high"]))
            for each in trend["points"]
        ),
        thresholds=tuple(
            Threshold(
                float(each["threshold"]),
                float(each["level"]),
                str(each["answer"]),
                *(date.fromisoformat(each[name]) if each[name] else None for name in ("likely", "earliest", "latest")),
            )
            for each in trend["exhaustion"]
        ),
    )


def _day(each: Any) -> Day:
    exceptional = each["exceptional"] or {"status": "", "reason": ""}
    return Day(
        date=date.fromisoformat(each["date"]),
        value=_number(each["value"]),
        start=datetime.fromisoformat(each["start"]) if each["start"] else None,
        coverage=float(each["coverage"]),
        counted=bool(each["counted"]),
        flags=tuple(map(str, each["flags"])),
        exceptional=str(exceptional["status"]),
        reason=str(exceptional["reason"]),
    )


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if not isfinite(number := float(value)):
        raise ValueError("not a number")
    return number


class Planner:
    """The answers of one service, each asked for by one thread and kept for its readers."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trusted())
        self._lock = Lock()
        self._answers: OrderedDict[tuple[Any, ...], Shared[Any]] = OrderedDict()

    async def series(self, base: str) -> Known[tuple[Series, ...] | Refused]:
        """Return what is recorded."""
        return await self._shared(base, "series", {}, series_of).latest()

    async def days(self, base: str, series: Series, first: date, last: date) -> Known[Days | Refused]:
        """Return the recorded days of a period, both ends included."""
        asked = {"scope": series.scope, "quantity": series.quantity, "from": str(first), "to": str(last)}
        return await self._shared(base, "days", asked, days_of).latest()

    async def outlook(
        self, base: str, series: Series, assumed: Mapping[str, str] = NOTHING_ASSUMED
    ) -> Known[Outlook | Refused]:
        """Return the forecast, under what is assumed: growth, add_node, lose, event."""
        asked = {"scope": series.scope, "quantity": series.quantity, **assumed}
        return await self._shared(base, "forecast", asked, outlook_of).latest()

    def _shared(self, base: str, page: str, asked: Mapping[str, str], read: Callable[[Any], T]) -> Shared[T | Refused]:
        key = (base, page, *asked.items())
        with self._lock:
            found = self._answers.get(key)
            if found is None:
                ask = partial(self._ask, f"{base}/api/{page}", asked, read)
                found = self._answers[key] = Shared(ask, PERIOD, KEEP)
            self._answers.move_to_end(key)
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
            return cast("Shared[T | Refused]", found)

    def _ask(self, url: str, asked: Mapping[str, str], read: Callable[[Any], T]) -> T | Refused:
        try:
            answer = self._client.get(url, params=dict(asked))
            if 400 <= answer.status_code < 500:
                return Refused(str(answer.json()["error"]))
            answer.raise_for_status()
            return read(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"ott-busyhour does not answer: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OSError("ott-busyhour returned an unexpected response") from None


def choose(known: Sequence[Series], scope: str, quantity: str) -> Series:
    """Return the wanted series; what is not asked for is the platform's subscribers, or the first that is recorded."""
    if not scope:
        scopes = [each.scope for each in known]
        scope = "platform" if "platform" in scopes or not scopes else scopes[0]
    if not quantity:
        here = [each.quantity for each in known if each.scope == scope]
        quantity = next((name for name in (*PREFERRED, *here) if name in here), PREFERRED[0])
    return Series(scope, quantity)


PREFERRED = ("subscribers_online", "sessions", "viewers", "egress_bits_per_second")
