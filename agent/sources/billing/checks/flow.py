"""Charges and money as they are recorded: closed minutes, added up, and the last hour counted again.

The order of commits is not that of ids or moments: a minute is counted a minute after its end, and what appears in it
later is found by the second counting.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.sources.billing import cells, metrics
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Metric, Sample

SETTLED = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AGAIN = timedelta(minutes=10)
Found = dict[cells.Key, cells.Values]


class Tally:
    """Sums that only grow. A cell is published once it is large enough; what came before stays in "other"."""

    def __init__(self, smallest: int) -> None:
        self._smallest = smallest
        self._small: Found = {}
        self.published: Found = {}

    def add(self, found: Found) -> None:
        """Add the figures of a span that was not counted before."""
        for key, values in found.items():
            if key not in self.published and key[0] != cells.OTHER:
                self._small[key] = values if key not in self._small else cells.added(self._small[key], values)
                seen = self._small[key][0]
                known = {tariff for tariff, *_ in self.published} - {cells.OTHER}
                full = len(known) >= cells.MOST_TARIFFS and key[0] not in known
                key = (cells.OTHER, *key[1:]) if seen < self._smallest or full else key  # noqa: PLW2901
            self.published[key] = cells.added(self.published[key], values) if key in self.published else values


class Windows:
    """Counts each moment once, in spans that are over, and again for an hour."""

    def __init__(self, query: str, keys: int) -> None:
        self._query, self._keys = query, keys
        self._until: datetime | None = None
        self._again: datetime | None = None
        self._spans: deque[tuple[datetime, datetime, Found]] = deque()
        self.late = 0.0

    def new(self, asking: Asking) -> Found:
        """Return what is to be added to the sums."""
        end = asking.now - SETTLED
        if self._until is None:
            self._until = end - SETTLED
            self._again = end
        if end <= self._until:  # the clock, or the replica, stepped back
            return {}
        found = self._ask(asking, self._until, end)
        spans = [*self._spans, (self._until, end, found)]
        missed: Found = {}
        if self._again is not None and end - self._again >= AGAIN:
            known = cells.total(part for *_, part in spans)
            whole = self._ask(asking, spans[0][0], end)
            missed = {key: grown for key, values in whole.items() if (grown := _growth(values, known.get(key)))}
            self._again, self.late = end, sum(values[0] for values in missed.values())
            spans = [*spans[:-1], (spans[-1][0], end, cells.total([found, missed]))]
        self._spans = deque(span for span in spans if span[0] >= end - HOUR)
        self._until = end
        return cells.total([found, missed])

    def _ask(self, asking: Asking, start: datetime, end: datetime) -> Found:
        return cells.counted(asking.rows(self._query, **{"from": start, "until": end}), self._keys, self._query)


def _growth(now: cells.Values, before: cells.Values | None) -> cells.Values | None:
    """Return what is more than before, or None: a counter does not step back."""
    grown = now if before is None else tuple(a - b for a, b in zip(now, before, strict=True))
    return grown if grown[0] > 0 else None


class Flow:
    """Charges and their money by tariff and kind."""

    def __init__(self, settings: BillingSettings) -> None:
        self._service, self._windows, self._tally = (
            settings.service,
            Windows("charges", 2),
            Tally(settings.smallest_cell),
        )

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the sums since the agent's start, and how many charges came late."""
        self._tally.add(self._windows.new(asking))
        for (tariff, kind), (count, amount) in self._tally.published.items():
            yield metrics.CHARGES.sample(count, self._service, tariff, kind)
            yield metrics.AMOUNT.sample(amount, self._service, tariff, kind)
        yield metrics.LATE_ROWS.sample(self._windows.late, self._service)


class Outside:
    """Formula O1: money that use outside the bundle costs, and how many accounts it concerns now."""

    WITHIN = timedelta(minutes=15)

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings
        self._windows, self._tally = Windows("outside", 1), Tally(settings.smallest_cell)

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the money since the agent's start, and the accounts of the last quarter of an hour."""
        self._tally.add(self._windows.new(asking))
        metric: Metric = metrics.OUTSIDE
        for (tariff,), (_, amount) in self._tally.published.items():
            yield metric.sample(amount, self._settings.service, tariff)
        rows = asking.rows("outside_accounts", **{"from": asking.now - self.WITHIN, "until": asking.now})
        found = cells.counted(rows, 1, "outside_accounts") or {(cells.OTHER,): (0.0,)}
        for (tariff,), (count,) in cells.merged(found, self._settings.smallest_cell).items():
            yield metrics.OUTSIDE_ACCOUNTS.sample(count, self._settings.service, tariff)
