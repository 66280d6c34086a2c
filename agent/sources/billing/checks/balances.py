"""Balances against movements: between two snapshots, and of the latest snapshot alone.

Accounts are compared inside the database, a slice at a time; only counts and sums come out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent.sources.billing import cells, metrics
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample

# A complete comparison is made again after so long: a movement may be booked late, a balance corrected.
AGAIN = timedelta(hours=6)
Found = dict[cells.Key, cells.Values]


class Conservation:
    """Formulas V1 and V1a: balance₁ − balance₀ = Σ movements, for every account and bucket.

    A run compares one slice of the accounts; figures are published once all slices of a pair of snapshots are done. A
    snapshot that grew meanwhile was still being written: what it lacks is not lost, and the comparison begins again.
    """

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings
        self._pair: tuple[datetime, datetime] | None = None
        self._slices: list[Found] = []
        self._size = 0.0  # balances of the later snapshot when its comparison began
        self._done: Found | None = None
        self._ended = datetime.min.replace(tzinfo=UTC)

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the latest complete comparison; nothing before there is one."""
        self._compare(asking)
        if self._done is None:
            return
        service = self._settings.service
        yield metrics.CONSERVATION_ACCOUNTS.sample(sum(values[0] for values in self._done.values()), service)
        for (tariff, bucket), (_, difference) in cells.merged(self._done, self._settings.smallest_cell).items():
            yield metrics.CONSERVATION.sample(difference, service, tariff, bucket)

    def _compare(self, asking: Asking) -> None:
        moments = sorted(moment for row in asking.rows("snapshots") if (moment := asking.moment(row[0])) is not None)
        if len(moments) < 2:
            return
        pair = (moments[-2], moments[-1])
        if pair != self._pair:
            self._pair, self._slices = pair, []
        if len(self._slices) == self._settings.slices:
            if timedelta() <= asking.now - self._ended < AGAIN:
                return
            self._slices = []
        if not self._slices:
            self._size = self._size_of(asking, pair[1])
        values = {"from": pair[0], "until": pair[1]}
        rows = asking.rows("conservation", slice=len(self._slices), slices=self._settings.slices, **values)
        self._slices.append(cells.counted(rows, 2, "conservation"))
        if len(self._slices) < self._settings.slices:
            return
        if self._size_of(asking, pair[1]) != self._size:
            self._slices = []
            return
        self._done, self._ended = cells.total(self._slices), asking.now

    def _size_of(self, asking: Asking, taken: datetime) -> float:
        """Return how many balances a snapshot has; 0 where a preset of the operator's does not ask."""
        if "snapshot_size" not in asking.billing.queries:
            return 0.0
        ((number,),) = asking.rows("snapshot_size", taken=taken)
        return cells.number(number, "snapshot_size")


class Displayed:
    """Formula D1: the balance that customers are shown against the ledger's, for some accounts of each round."""

    def __init__(self, settings: BillingSettings) -> None:
        self._service, self._slices = settings.service, settings.displayed_slices
        self._slice = 0
        self._checked = self._wrong = 0.0

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield how many balances were compared and how many were wrong, since the agent's start."""
        moments = [asking.moment(row[0]) for row in asking.rows("latest_snapshot")]
        if moments and moments[0] is not None:
            rows = asking.rows("displayed", taken=moments[0], slice=self._slice, slices=self._slices)
            ((checked, wrong),) = [tuple(cells.number(value, "displayed") for value in row) for row in rows] or [(0, 0)]
            self._checked, self._wrong = self._checked + checked, self._wrong + wrong
            self._slice = (self._slice + 1) % self._slices
        yield metrics.DISPLAYED_CHECKED.sample(self._checked, self._service)
        yield metrics.DISPLAYED_WRONG.sample(self._wrong, self._service)
