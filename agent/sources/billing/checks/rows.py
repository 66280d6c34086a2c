"""Checks of single rows: how many of the last days' charges or movements break a rule.

A figure must go down when the billing system reverses what it did, so rows are counted again: today and yesterday every
ten minutes, an older day every ten minutes in turn. In between only the latest minutes are asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agent.sources.billing import cells, metrics
from agent.sources.billing.calendar import DAY
from agent.sources.billing.reading import Asking, Value
from agent.sources.billing.settings import BillingSettings
from service.metric import Metric, Sample

AGAIN = timedelta(minutes=10)
# Rows that are committed late fall into the part that is asked for each minute.
OPEN = timedelta(minutes=2)
Found = dict[cells.Key, cells.Values]


@dataclass(frozen=True, slots=True)
class Rule:
    """A query that counts broken rows by tariff and kind, with the sum of their money, and its metrics."""

    query: str
    count: Metric
    amount: Metric | None = None
    days: int | None = None  # how far it looks back; None: as far as the settings say


RULES = (
    Rule("extra", metrics.EXTRA, metrics.EXTRA_AMOUNT),
    Rule("twins", metrics.TWINS),
    Rule("early", metrics.EARLY),
    Rule("periods", metrics.GAPS),
    Rule("after_end", metrics.AFTER_END),
    # The view has today's price only: yesterday's charges may have had another.
    Rule("price", metrics.WRONG_AMOUNT, metrics.WRONG_AMOUNT_SUM, days=1),
    Rule("sign", metrics.WRONG_AMOUNT, metrics.WRONG_AMOUNT_SUM),
    Rule("documents", metrics.WRONG_AMOUNT, metrics.WRONG_AMOUNT_SUM),
    Rule("arithmetic", metrics.BROKEN_ROWS),
    Rule("chain", metrics.BROKEN_ROWS),
    Rule("bucket", metrics.BROKEN_ROWS),
)


class Rows:
    """One rule over the last days."""

    def __init__(self, settings: BillingSettings, rule: Rule) -> None:
        self._settings, self._rule = settings, rule
        self._days: dict[date, Found] = {}
        self._until: datetime | None = None
        self._oldest: date | None = None  # counted again the longest ago

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the broken rows by tariff and kind."""
        today = asking.calendar.day(asking.now)
        wanted = [today - DAY * back for back in range(self._rule.days or self._settings.history)]
        known = {day: found for day, found in self._days.items() if day in wanted}
        until = self._until
        if until is None or today not in known or not timedelta() <= asking.now - until < AGAIN + OPEN:
            until = asking.now - OPEN
            again = [day for day in wanted if day not in known] + wanted[:2] + self._turn(wanted)
            known |= {day: self._ask(asking, *self._span(asking, day, until)) for day in dict.fromkeys(again)}
        latest = self._ask(asking, until, asking.now)
        self._days, self._until = known, until
        yield from self._samples(cells.total([*known.values(), latest]))

    def _turn(self, wanted: list[date]) -> list[date]:
        """Return the older day whose turn it is."""
        older = wanted[2:]
        if not older:
            return []
        later = [day for day in older if self._oldest is not None and day < self._oldest]
        self._oldest = later[0] if later else older[0]
        return [self._oldest]

    def _span(self, asking: Asking, day: date, until: datetime) -> tuple[datetime, datetime]:
        start, end = asking.calendar.at(day), asking.calendar.at(day + DAY)
        return start, min(end, max(start, until))

    def _ask(self, asking: Asking, start: datetime, end: datetime) -> Found:
        if start >= end:
            return {}
        settings, rule = self._settings, self._rule
        values: dict[str, Value] = {
            "from": start,
            "until": end,
            "today": asking.calendar.day(asking.now),
            "advance": str(settings.charged_in_advance),  # INTERVAL '3' DAY
            "fee_bucket": settings.fee_bucket,
            "rounding": settings.rounding,
        }
        rows = asking.rows(rule.query, **values)
        return cells.counted(rows, 2, rule.query)

    def _samples(self, found: Found) -> Iterator[Sample]:
        service, rule = self._settings.service, self._rule
        for (tariff, kind), (count, amount) in cells.merged(found, self._settings.smallest_cell).items():
            yield rule.count.sample(count, service, tariff, kind)
            if rule.amount is not None:
                yield rule.amount.sample(amount, service, tariff, kind)
        if not found:
            yield rule.count.sample(0.0, service, cells.OTHER, rule.query)


class Corrections:
    """Formula R2: one correction for each account and case."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the corrections beyond the first, by tariff."""
        today = asking.calendar.day(asking.now)
        start = asking.calendar.at(today - DAY * (self._settings.history - 1))
        rows = asking.rows("corrections", **{"from": start, "until": asking.now})
        found = cells.counted(rows, 1, "corrections") or {(cells.OTHER,): (0.0,)}
        for (tariff,), (count,) in cells.merged(found, self._settings.smallest_cell).items():
            yield metrics.REPEATED_CORRECTIONS.sample(count, self._settings.service, tariff)


class Exclusive:
    """Formula X5: an account pays once for a product that it can have once."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the accounts that pay for a product several times today, by tariff."""
        found = cells.counted(asking.rows("exclusive", today=asking.calendar.day(asking.now)), 2, "exclusive")
        of_none: Found = {(cells.OTHER, "product"): (0.0, 0.0)}
        for (tariff, kind), (count, _) in cells.merged(found or of_none, self._settings.smallest_cell).items():
            yield metrics.GAPS.sample(count, self._settings.service, tariff, kind)
