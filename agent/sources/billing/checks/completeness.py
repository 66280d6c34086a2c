"""What was due today, what became of it, and what nobody can explain.

The comparison joins a day's whole cohort with its charges; it is made every ten minutes, and once when the grace time
of the day's latest charge or its cut-off has passed, so that the last account is seen within a minute.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from agent.sources.billing import cells, metrics
from agent.sources.billing.calendar import DAY, anchors
from agent.sources.billing.moves import Moves
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample

EVERY = timedelta(minutes=10)
OLD_DAYS_EVERY = timedelta(hours=1)
Found = dict[cells.Key, cells.Values]


class Completeness:
    """Formula U1: unexplained = due − charged − recorded reasons, by tariff."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings
        self._moves = Moves(settings, settings.calendar)
        self._asked: tuple[object, ...] = ()
        self._today: Found = {}
        self._old: dict[date, Found] = {}
        self._old_asked = datetime.min.replace(tzinfo=UTC)

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield today's figures and what is left over from the days whose cut-off has passed."""
        day = asking.calendar.day(asking.now)
        passed = self._over(asking, day)
        slot = (day, passed, self._late(asking, day), int(asking.now.timestamp() // EVERY.total_seconds()))
        if slot != self._asked:
            today = self._ask(asking, day)
            self._old = self._old_days(asking, day)
            self._today, self._asked = today, slot
        yield from self._of_today()
        old = (found for before, found in self._old.items() if self._over(asking, before))
        days = [*old, *([self._today] if passed else [])]
        # As today: a tariff of few accounts is not even named where nothing of it is left over.
        smallest = self._settings.smallest_cell
        left = [{key: values[3:5] for key, values in cells.merged(found, smallest).items()} for found in days]
        found = cells.total(left) or {(cells.OTHER,): (0.0, 0.0)}
        for (tariff,), (count, _) in cells.merged(found, smallest).items():
            yield metrics.LEFT_OVER.sample(count, self._settings.service, tariff)

    def whole(self, asking: Asking, day: date) -> tuple[float, float]:
        """Return how many subscriptions a day was due for, and how many of them are unexplained."""
        found = self._ask(asking, day).values()
        return sum(values[0] for values in found), sum(values[3] for values in found)

    def _of_today(self) -> Iterator[Sample]:
        service, smallest = self._settings.service, self._settings.smallest_cell
        # A tariff of few accounts has no figure of its own, not even that none of them is charged.
        today = cells.merged(self._today, smallest)
        for place, metric in ((0, metrics.DUE), (2, metrics.CHARGED)):
            counts: Found = {key: (values[place],) for key, values in today.items()}
            for (tariff,), (count,) in cells.merged(counts or {(cells.OTHER,): (0.0,)}, smallest).items():
                yield metric.sample(count, service, tariff)
        found: Found = {key: values[3:5] for key, values in today.items()} or {(cells.OTHER,): (0.0, 0.0)}
        for (tariff,), (count, amount) in cells.merged(found, smallest).items():
            yield metrics.UNEXPLAINED.sample(count, service, tariff)
            yield metrics.UNEXPLAINED_AMOUNT.sample(amount, service, tariff)

    def _old_days(self, asking: Asking, today: date) -> dict[date, Found]:
        """Return the days before, counted within the last hour; all of them once a new day has begun."""
        days = [today - DAY * back for back in range(1, self._settings.history)]
        if set(days) == set(self._old) and timedelta() <= asking.now - self._old_asked < OLD_DAYS_EVERY:
            return self._old
        found = {day: self._ask(asking, day) for day in days}
        self._old_asked = asking.now
        return found

    def _ask(self, asking: Asking, day: date) -> Found:
        first, last = anchors(day)
        start, end = asking.calendar.at(day), asking.calendar.at(day + DAY)
        rows = asking.rows(
            "completeness",
            day=day,
            start=start,
            end=end,
            anchor=first,
            last_anchor=last,
            graced_seconds=self._moves.seconds_due(day, asking.now - timedelta(seconds=self._settings.grace)),
            late=int(self._late(asking, day)),
            over=int(self._over(asking, day)),
            old=int(day < asking.calendar.day(asking.now)),
        )
        return cells.counted(rows, 1, "completeness")

    def _late(self, asking: Asking, day: date) -> bool:
        """Return whether a charge of that day without a moment of its own is late."""
        return asking.now >= self._moves.due_by(day) + timedelta(seconds=self._settings.grace)

    def _over(self, asking: Asking, day: date) -> bool:
        """Return whether the day's cut-off has passed."""
        return asking.now >= self._moves.cut_off(day)


# What docs/billing.md calls the reasons; another word is told once enough accounts have it.
REASONS = ("insufficient", "frozen", "suspended", "free", "cancelled", "changed")


class Reasons:
    """The reasons that the billing recorded for periods that begin today."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the subscriptions by tariff and reason."""
        found = cells.counted(asking.rows("reasons", day=asking.calendar.day(asking.now)), 2, "reasons")
        found = cells.common(found, self._settings.smallest_cell, REASONS)
        for (tariff, reason), (count,) in cells.merged(found, self._settings.smallest_cell).items():
            yield metrics.OUTCOMES.sample(count, self._settings.service, tariff, reason)
