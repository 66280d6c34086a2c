"""The cursor: subscriptions whose next charge lies in the past, and tariffs that no charge reaches at all."""

from collections.abc import Iterator
from datetime import timedelta

from agent.sources.billing import cells, metrics
from agent.sources.billing.moves import Moves
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample


class Overdue:
    """Formulas U2 (overdue after the grace time) and F1 (no charge while charges are due)."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings
        self._moves = Moves(settings, settings.calendar)

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield what waits, what is overdue, and since when."""
        service, smallest = self._settings.service, self._settings.smallest_cell
        usual, graced = (asking.now - timedelta(seconds=s) for s in (self._settings.flow_after, self._settings.grace))
        waiting_since, graced = self._moves.due_before(usual), self._moves.due_before(graced)
        rows = asking.rows("overdue", waiting=waiting_since, graced=graced, today=asking.calendar.day(asking.now))
        recent = cells.counted(asking.rows("recent", **{"from": usual, "until": asking.now}), 1, "recent")
        waiting = cells.counted((row[:2] for row in rows), 1, "overdue")
        stopped = {key: values for key, values in waiting.items() if not recent.get(key, (0.0,))[0]}
        late = cells.counted(((row[0], *row[2:4]) for row in rows), 1, "overdue")
        for (tariff,), (count,) in cells.merged(waiting, smallest).items():
            yield metrics.WAITING.sample(count, service, tariff)
        for (tariff,), (count,) in cells.merged(_or_none(stopped), smallest).items():
            yield metrics.STOPPED.sample(count, service, tariff)
        for (tariff,), (count, amount) in cells.merged(_or_none(late, 2), smallest).items():
            yield metrics.OVERDUE.sample(count, service, tariff)
            yield metrics.OVERDUE_AMOUNT.sample(amount, service, tariff)
        oldest = [moment for row in rows if (moment := asking.moment(row[4])) is not None and moment < graced]
        if oldest:
            yield metrics.OLDEST_OVERDUE.sample(min(oldest).timestamp(), service)


def _or_none(found: dict[cells.Key, cells.Values], values: int = 1) -> dict[cells.Key, cells.Values]:
    """Return what was found, or that nothing was: zero is a figure, no series is none."""
    return found or {(cells.OTHER,): (0.0,) * values}
