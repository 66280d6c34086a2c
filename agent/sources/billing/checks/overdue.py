"""The cursor: subscriptions whose next charge lies in the past, and tariffs that no charge reaches at all."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.sources.billing import cells, metrics
from agent.sources.billing.moves import Moves
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample

# Of 21 charges that are expected and independent of each other, none at all comes once in 10^9 times: ln(10^9) = 20.7.
ENOUGH = 20.7
HOUR = timedelta(hours=1)


class Overdue:
    """Formulas U2 (overdue after the grace time) and F1 (no charge while charges are due)."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings
        self._moves = Moves(settings, settings.calendar)
        self._last: dict[str, datetime] = {}  # the latest charge of each tariff, as far as it is known
        self._until: datetime | None = None

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield what waits, what is overdue, and since when."""
        service, smallest = self._settings.service, self._settings.smallest_cell
        usual, graced = (asking.now - timedelta(seconds=s) for s in (self._settings.flow_after, self._settings.grace))
        due, graced = self._moves.due_before(usual), self._moves.due_before(graced)
        rows = asking.rows("overdue", waiting=due, graced=graced, today=asking.calendar.day(asking.now))
        waiting = cells.counted((row[:2] for row in rows), 1, "overdue")
        self._remember(asking, usual)
        stopped = self._stopped(asking, rows, usual, due)
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

    def _remember(self, asking: Asking, usual: datetime) -> None:
        """Take over the latest charge of each tariff; after a start those of an hour are looked for."""
        since = max(min(usual, self._until or usual), asking.now - HOUR) if self._until else asking.now - HOUR
        for tariff, at in asking.rows("recent", **{"from": since, "until": asking.now}):
            moment = asking.moment(at)
            if moment is not None:
                label = cells.label(tariff)
                self._last[label] = max(moment, self._last.get(label, moment))
        self._until = asking.now

    def _stopped(
        self, asking: Asking, rows: Sequence[Sequence[Any]], usual: datetime, due: datetime
    ) -> dict[cells.Key, cells.Values]:
        """Return, for tariffs without a charge lately, how many fell due since their last one.

        A slow run charges late, but as fast as fees fall due: then few fell due since. While other tariffs are charged,
        a tariff of which less than enough fell due may only have to wait for its turn.
        """
        last = {tariff: at for tariff, at in self._last.items() if at <= asking.now}
        flows = any(at >= usual for at in last.values())
        result: dict[cells.Key, cells.Values] = {}
        for tariff, count, _, _, oldest in rows:
            label = cells.label(tariff)
            own, first = last.get(label), asking.moment(oldest)
            if own is not None and own >= usual:
                continue
            number = cells.number(count, "overdue")
            if own is not None and first is not None and first <= own:
                since, today = own if flows else max(last.values()), asking.calendar.day(asking.now)
                ((found,),) = asking.rows("waiting_since", waiting=due, since=since, tariff=tariff, today=today)
                number = cells.number(found, "waiting_since")
            if number and not (flows and number < ENOUGH):
                key = (label,)
                result[key] = cells.added(result[key], (number,)) if key in result else (number,)
        return result


def _or_none(found: dict[cells.Key, cells.Values], values: int = 1) -> dict[cells.Key, cells.Values]:
    """Return what was found, or that nothing was: zero is a figure, no series is none."""
    return found or {(cells.OTHER,): (0.0,) * values}
