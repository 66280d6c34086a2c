"""What is asked of Prometheus about an alarm: results now, and what there was while it fired."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from service.prometheus import Client, Sample, Series, Window

HISTORY = timedelta(minutes=15)  # of the time in which an alarm fired, this last part is looked at
STEP = 15.0  # seconds


class Ended(NamedTuple):
    """An alarm that ended."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str
    starts_at: datetime
    ends_at: datetime


class Questions:
    """Asks each question once. The tickets of a storm have questions in common."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._now: dict[str, list[Sample]] = {}
        self._before: dict[tuple[str, Window], list[Series]] = {}

    def now(self, query: str) -> list[Sample]:
        """Return the result of an instant query. Raises as `Client.query` does."""
        if query not in self._now:
            self._now[query] = self._client.query(query)
        return self._now[query]

    def while_it_fired(self, query: str, alarm: Ended) -> list[Series]:
        """Return the results of a query over the last part of the time in which the alarm fired."""
        return self._over(query, max(alarm.starts_at, alarm.ends_at - HISTORY), alarm.ends_at)

    def before_it_ended(self, query: str, alarm: Ended) -> list[Series]:
        """Return the results of a query over the time before the alarm ended, whether it fired already or not."""
        return self._over(query, alarm.ends_at - HISTORY, alarm.ends_at)

    def _over(self, query: str, start: datetime, end: datetime) -> list[Series]:
        window = Window(start.timestamp(), max(end, start).timestamp(), STEP)
        if (query, window) not in self._before:
            self._before[query, window] = self._client.query_range(query, window)
        return self._before[query, window]


def moment(seconds: float) -> datetime:
    """Return a Prometheus time as a datetime."""
    return datetime.fromtimestamp(seconds, UTC)
