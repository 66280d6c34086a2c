"""What ott-busyhour answers over HTTP: recorded series, days, forecasts. Asked rarely, shared by all readers.

Records change once a day: an answer is good for half a minute, and when the service is away the last one stays, with
its age.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import httpx
from pydantic import ValidationError

from alerts.desk.console.shared import Known, Shared
from alerts.desk.core.invalid import faults
from service.cache import Cache
from service.http_clients import inside
from service.no_answer import reason_of
from service.planning import Answer, Days, Outlook, Problem, Recorded, RecordedSeries

TIMEOUT = 5.0
PERIOD = 30.0
KEEP = 7 * 86400.0
KEPT = 64
MAX_DAYS = 400  # what one answer of the service may hold

NOTHING_ASSUMED: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T", bound=Answer)


@dataclass(frozen=True, slots=True)
class Refused:
    """The service answered that it cannot: an unknown series, records that do not fit."""

    reason: str


class Series(NamedTuple):
    """What is asked for."""

    scope: str
    quantity: str


Answers = Cache[tuple[object, ...], Shared[T | Refused]]
"""The answers of one page of the service, by its address and what was asked."""


class Planner:
    """The answers of one service, each asked for by one thread and kept for its readers."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self._client = client or inside(TIMEOUT)
        self._series: Answers[RecordedSeries] = Cache(KEPT)
        self._days: Answers[Days] = Cache(KEPT)
        self._outlooks: Answers[Outlook] = Cache(KEPT)

    async def series(self, base: str) -> Known[RecordedSeries | Refused]:
        """Return what is recorded."""
        return await self._shared(self._series, f"{base}/api/series", {}, RecordedSeries).latest()

    async def days(self, base: str, series: Series, first: date, last: date) -> Known[Days | Refused]:
        """Return the recorded days of a period, both ends included."""
        asked = {"scope": series.scope, "quantity": series.quantity, "from": str(first), "to": str(last)}
        return await self._shared(self._days, f"{base}/api/days", asked, Days).latest()

    async def outlook(
        self, base: str, series: Series, assumed: Mapping[str, str] = NOTHING_ASSUMED
    ) -> Known[Outlook | Refused]:
        """Return the forecast, under what is assumed: growth, add_node, lose, event."""
        asked = {"scope": series.scope, "quantity": series.quantity, **assumed}
        return await self._shared(self._outlooks, f"{base}/api/forecast", asked, Outlook).latest()

    def _shared(self, kept: Answers[T], url: str, asked: Mapping[str, str], answer: type[T]) -> Shared[T | Refused]:
        return kept.get((url, *asked.items()), lambda: Shared(partial(self._ask, url, asked, answer), PERIOD, KEEP))

    def _ask(self, url: str, asked: Mapping[str, str], answer: type[T]) -> T | Refused:
        try:
            response = self._client.get(url, params=dict(asked))
            if 400 <= response.status_code < 500:
                return Refused(Problem.model_validate_json(response.content).error)
            response.raise_for_status()
            return answer.model_validate_json(response.content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"ott-busyhour does not answer at {url}: {reason_of(error)}") from None
        except ValidationError as error:
            raise OSError(f"ott-busyhour returned an unexpected response: {faults(error.errors()[:1])}") from None


def choose(known: Iterable[Series | Recorded], scope: str, quantity: str) -> Series:
    """Return the wanted series; what is not asked for is the platform's subscribers, or the first that is recorded."""
    known = tuple(known)
    if not scope:
        scopes = [each.scope for each in known]
        scope = "platform" if "platform" in scopes or not scopes else scopes[0]
    if not quantity:
        here = [each.quantity for each in known if each.scope == scope]
        quantity = next((name for name in (*PREFERRED, *here) if name in here), PREFERRED[0])
    return Series(scope, quantity)


PREFERRED = ("subscribers_online", "sessions", "viewers", "egress_bits_per_second")
