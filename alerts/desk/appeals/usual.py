"""What is usual in an hour, learned from the history of all cells.

A single cell has few customers in an hour of the day: in eight weeks about a dozen, and a bound that is taken from them
alone is too low for every cell that happened to have few. So a cell is first taken to have its own share of what its
service has in that hour, which all hours and all cells tell together. Its own count of the hour raises that half-way
where it is higher, and replaces it where it contradicts it. In doubt the higher mean counts: it costs a customer or two
until a mass is seen, and the lower one costs a false alarm.

The dispersion is that of the service over all hours, by the method of moments without the bias of small samples:
r = Σ (mean² - variance/n) / Σ (variance - mean).

All regions together have a history of their own, of windows in which who appeals from two regions counts once. Their
dispersion cannot be added up from those of the regions: that would need the regions' bursts to be independent, and
what everybody watches makes all of them call.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import NamedTuple

from alerts.desk.appeals.mass import ANY, Cell, Usual

POISSON = 1e6  # a dispersion as good as none
NOTHING_KNOWN = Usual(0.08, 1.0)  # of a cell without a history
_DAY = 96.0  # windows: so much weight has what is assumed of a cell before anything is known
_HOURS = 500.0  # hours of cells: so much weight has the dispersion that is assumed
_CONTRADICTS = 3.0  # standard deviations

Hour = tuple[bool, int]
"""A class of hours: whether it is of a weekend, and which hour of the day."""


class Moments(NamedTuple):
    """Of a cell in an hour: its customers over all windows, and the sum of the windows' squares."""

    customers: int
    squares: int


@dataclass(slots=True)
class History:
    """Customers of cells by class of hours, and how many windows of each class were watched."""

    counts: Mapping[Cell, Mapping[Hour, Moments]]
    windows: Mapping[Hour, int]
    assumed: float = NOTHING_KNOWN.mean  # of a cell before anything is known
    _totals: dict[Cell, int] = field(init=False)
    _hours: dict[str, dict[Hour, int]] = field(init=False)
    _dispersion: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self._totals = {cell: sum(each.customers for each in hours.values()) for cell, hours in self.counts.items()}
        self._hours = defaultdict(lambda: defaultdict(int))
        for cell, hours in self.counts.items():
            for hour, found in hours.items():
                self._hours[cell.service][hour] += found.customers
        self._dispersion = self._dispersions()

    def usual(self, hour: Hour) -> dict[Cell, Usual]:
        """Return what is usual in an hour; empty where no such hour was watched."""
        if not self.windows.get(hour):
            return {}
        busy = {service: self._busy(hours, hour) for service, hours in self._hours.items()}
        return {cell: self._of_cell(cell, hour, busy[cell.service]) for cell in self.counts}

    def _busy(self, hours: Mapping[Hour, int], hour: Hour) -> float:
        """Return how much busier a service is in an hour than on average; one customer counts for the average."""
        average = sum(hours.values()) / sum(self.windows.values())
        return (hours.get(hour, 0) + 1) / (average * self.windows[hour] + 1)

    def _of_cell(self, cell: Cell, hour: Hour, busy: float) -> Usual:
        dispersion = self._dispersion[cell.service]
        watched = sum(self.windows.values())
        expected = (self._totals[cell] + _DAY * self.assumed) / (watched + _DAY) * busy
        windows = self.windows[hour]
        own = self.counts[cell][hour].customers / windows if hour in self.counts[cell] else 0.0
        if abs(own - expected) > _CONTRADICTS * sqrt((expected + expected**2 / dispersion) / windows):
            return Usual(own or expected, dispersion)
        return Usual(max(expected, (expected + own) / 2), dispersion)

    def _dispersions(self) -> dict[str, float]:
        assumed = _HOURS * NOTHING_KNOWN.mean**2
        squares: dict[str, float] = defaultdict(lambda: assumed)
        excess: dict[str, float] = defaultdict(lambda: assumed / NOTHING_KNOWN.dispersion)
        for cell, hours in self.counts.items():
            for hour, (customers, squared) in hours.items():
                windows = self.windows.get(hour, 0)
                if windows > 1:
                    mean = customers / windows
                    variance = (squared - windows * mean**2) / (windows - 1)
                    squares[cell.service] += mean**2 - variance / windows
                    excess[cell.service] += variance - mean
        return {cell.service: _ratio(squares[cell.service], excess[cell.service]) for cell in self.counts}


def _ratio(squares: float, excess: float) -> float:
    if excess <= 0:
        return POISSON
    return min(squares / excess, POISSON) if squares > 0 else NOTHING_KNOWN.dispersion


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of regions, and of all of them together."""

    regions: History
    together: History

    def usual(self, hour: Hour) -> dict[Cell, Usual]:
        """Return what is usual in an hour; empty where no such hour was watched."""
        return self.regions.usual(hour) | self.together.usual(hour)


def learn(counts: Mapping[Cell, Mapping[Hour, Moments]], windows: Mapping[Hour, int]) -> Learned:
    """Return what counts of cells tell, those over all regions among them."""
    regions = {cell: hours for cell, hours in counts.items() if cell.region != ANY}
    together = {cell: hours for cell, hours in counts.items() if cell.region == ANY}
    number = len({cell.region for cell in regions if cell.region})
    return Learned(History(regions, windows), History(together, windows, NOTHING_KNOWN.mean * max(number, 1)))
