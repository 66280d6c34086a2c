"""Checks of single rows: how many of the last days' charges or movements break a rule.

A figure must go down when the billing system reverses what it did, and rows are committed late, so rows are counted
again, in blocks: today's and yesterday's hours, quarters of older days. Every ten minutes those of the last two hours
are counted, those in which something is broken, and of the others the one that was counted the longest ago. To count
all of them each time takes several times as long as all other checks together. In between only the latest minutes are
asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from agent.sources.billing import cells, metrics
from agent.sources.billing.calendar import DAY
from agent.sources.billing.reading import Asking, Value
from agent.sources.billing.settings import BillingSettings
from service.metric import Metric, Sample

AGAIN = timedelta(minutes=10)
# Rows that are committed late fall into the part that is asked for each minute.
OPEN = timedelta(minutes=2)
# A block that ended longer ago is complete, but for what a run writes in one transaction of hours.
RECENT = timedelta(hours=2)
HOUR, QUARTER = timedelta(hours=1), timedelta(hours=6)
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


class Block(NamedTuple):
    """A span of rows that are counted together."""

    start: datetime
    end: datetime


class Counted(NamedTuple):
    """What was found in a block, and when."""

    found: Found
    at: datetime


class Rows:
    """One rule over the last days."""

    def __init__(self, settings: BillingSettings, rule: Rule) -> None:
        self._settings, self._rule = settings, rule
        self._known: dict[Block, Counted] = {}
        self._until: datetime | None = None
        self._today: date | None = None

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the broken rows by tariff and kind."""
        today = asking.calendar.day(asking.now)
        until = self._until
        known = self._known
        if until is None or today != self._today or not timedelta() <= asking.now - until < AGAIN + OPEN:
            until = asking.now - OPEN
            known = self._counted(asking, today, until)
        latest = self._ask(asking, until, asking.now)
        self._known, self._until, self._today = known, until, today
        yield from self._samples(cells.total([*(each.found for each in known.values()), latest]))

    def _counted(self, asking: Asking, today: date, until: datetime) -> dict[Block, Counted]:
        """Return what is in all blocks, counting those again that may have changed, and one more."""
        blocks = list(self._blocks(asking, today, until))
        known = {block: counted for block in blocks if (counted := self._of(block)) is not None}
        calm = [block for block in known if not known[block].found and block.end < until - RECENT]
        turn = min(calm, key=lambda block: known[block].at, default=None)
        again = [block for block in blocks if block not in calm or block == turn]
        return known | {block: Counted(self._ask(asking, *block), asking.now) for block in again}

    def _of(self, block: Block) -> Counted | None:
        """Return what is known of a block: a quarter's is the sum of its hours."""
        if block in self._known:
            return self._known[block]
        parts = sorted(each for each in self._known if block.start <= each.start and each.end <= block.end)
        if not parts or parts[0].start != block.start or parts[-1].end != block.end:
            return None
        whole = all(one.end == other.start for one, other in pairwise(parts))
        counted = [self._known[each] for each in parts]
        return Counted(cells.total(each.found for each in counted), min(each.at for each in counted)) if whole else None

    def _blocks(self, asking: Asking, today: date, until: datetime) -> Iterator[Block]:
        """Yield the hours of today and yesterday and the quarters of days before, up to a moment."""
        for back in range(self._rule.days or self._settings.history):
            start, end = (asking.calendar.at(day) for day in (today - DAY * back, today - DAY * (back - 1)))
            step = HOUR if back < 2 else QUARTER
            while start < min(end, until):
                yield Block(start, min(start + step, end, until))
                start += step

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
