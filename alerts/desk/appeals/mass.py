"""Mass appeals: when so many customers appeal about the same that chance does not explain it.

A cell is a code group, a region and a service, or a code group and a service over all regions. In each cell distinct
customers are counted over a quarter of an hour; who calls thirty times counts once, also from two regions. What is
usual is over-dispersed: calls come in bursts that no Poisson process has. So the bound is that of a negative binomial
distribution. It is chosen so that in ninety days no more than a tenth of an alarm is false over all cells together, and
it is never below five customers.

One fault is to be one mass. Where several regions are masses at once, or none is and all together are, that is a mass
over all regions. Where the others are usual without it, one region alone is the mass.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.desk.core.appeal_settings import ALL_REGIONS

WINDOW = timedelta(minutes=15)
DAYS = 90
WINDOWS = DAYS * 24 * 4  # that do not overlap
FALSE = 0.1  # alarms in DAYS, over all cells
FLOOR = 5
# A window that slides has more opportunities than one that does not: it reaches n customers with one of them. That is n
# times as many, and at least as many as simulations show, see the tests.
SLIDING = 6.0
MOST = 10_000


ANY = ALL_REGIONS


@dataclass(frozen=True, slots=True)
class Cell:
    """What customers appeal about, and where."""

    group: str
    region: str  # ANY: all that are known; empty: of those whose region is not known, who belong to no other cell
    service: str

    @property
    def whole(self) -> "Cell":
        """The cell over all regions."""
        return Cell(self.group, ANY, self.service)

    def has(self, other: "Cell") -> bool:
        """Return whether the customers of another cell are among those of this one."""
        return self == other or (self.region == ANY and bool(other.region) and other.whole == self)


@dataclass(frozen=True, slots=True)
class Usual:
    """What a cell usually has in a window: the mean, and the dispersion r of its distribution (large: Poisson)."""

    mean: float
    dispersion: float


@dataclass(frozen=True, slots=True)
class Word:
    """One contact of one customer."""

    at: datetime
    customer: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Mass:
    """More customers of a cell than chance explains."""

    cell: Cell
    customers: int
    bound: int
    regions: tuple[tuple[str, int], ...] = ()  # over all regions: customers of each, most first
    apart: tuple[str, ...] = ()  # over all regions: those that are told by themselves and do not count here


Count = Callable[[Cell, Collection[str]], int]
"""How many customers a cell over all regions has, without those of some regions; who is of two counts once."""
Own = Callable[[Mass, Sequence[Mass]], Collection[str]]
"""Which of the regions that are masses have a cause of their own, given all regions together and those masses."""


def bound(usual: Usual, cells: int) -> int:
    """Return from how many customers in a window chance no longer explains a cell, out of so many."""
    allowed = math.log(FALSE / (max(cells, 1) * WINDOWS))
    number = max(FLOOR, math.floor(usual.mean) + 1)
    while number < MOST and math.log(max(SLIDING, number)) + _log_tail(usual, number) > allowed:
        number += 1
    return number


def _log_tail(usual: Usual, number: int) -> float:
    """Return the logarithm of how likely so many customers or more are, or of a little more; above the mean only."""
    mean, dispersion = usual.mean, usual.dispersion
    ways = math.lgamma(dispersion + number) - math.lgamma(dispersion) - math.lgamma(number + 1)
    exactly = ways - dispersion * math.log1p(mean / dispersion) - number * math.log1p(dispersion / mean)
    one_more = mean / (mean + dispersion) * max(1.0, (dispersion + number) / (number + 1))
    return exactly - math.log1p(-one_more)


def found(words: Iterable[Word], usual: Mapping[Cell, Usual], default: Usual, now: datetime) -> list[Mass]:
    """Return the masses of the last window, the largest first."""
    customers: dict[Cell, set[str]] = {}
    for word in words:
        if now - WINDOW < word.at <= now:
            customers.setdefault(word.cell, set()).add(word.customer)

    def count(whole: Cell, without: Collection[str]) -> int:
        parts = (known for cell, known in customers.items() if whole.has(cell) and cell.region not in without)
        return len(set[str]().union(*parts))

    return exceeding({cell: len(known) for cell, known in customers.items()}, usual, default, count)


def exceeding(
    customers: Mapping[Cell, int],
    usual: Mapping[Cell, Usual],
    default: Usual,
    count: Count,
    own: Own = lambda whole, parts: (),  # noqa: ARG005 - what parameters are called
) -> list[Mass]:
    """Return the masses among the customers of regions in a window, the largest first.

    Of a group and a service either all regions together are a mass or regions are, never both for the same customers:
    a region is told beside all regions only where `own` says that it has a cause of its own, and is not part of them
    then.
    """
    wholes: dict[Cell, list[Cell]] = {}
    for cell in customers:
        if cell.region:
            wholes.setdefault(cell.whole, []).append(cell)
    cells = len(usual.keys() | customers.keys() | wholes.keys())
    result = []
    for cell, known in customers.items():
        least = bound(usual.get(cell, default), cells) if known >= FLOOR else FLOOR
        if known >= least:
            result.append(Mass(cell, known, least))
    for whole, regions in wholes.items():
        at_most = sum(customers[cell] for cell in regions)
        if len(regions) > 1 and at_most >= FLOOR:
            least = _least(whole, regions, usual, default, cells)
            if at_most >= least:
                by_region = tuple(sorted(((cell.region, customers[cell]) for cell in regions), key=_most_first))
                result = _together(Mass(whole, count(whole, ()), least, by_region), result, count, own)
    return sorted(result, key=lambda mass: (-mass.customers, mass.cell.group, mass.cell.region, mass.cell.service))


def _least(whole: Cell, regions: Iterable[Cell], usual: Mapping[Cell, Usual], default: Usual, cells: int) -> int:
    """Return from how many customers all regions together are a mass: what one of them often has makes none."""
    apart = [usual.get(cell, default) for cell in regions]
    together = usual.get(whole) or Usual(sum(each.mean for each in apart), default.dispersion)
    return max(bound(each, cells) for each in (together, *apart))


def _together(whole: Mass, masses: list[Mass], count: Count, own: Own) -> list[Mass]:
    """Return the masses with all regions in place of those that are part of them, if all regions are a mass."""
    parts = [each for each in masses if whole.cell.has(each.cell)]
    if whole.customers < whole.bound:
        return masses
    apart = tuple(sorted(own(whole, parts)))
    left = count(whole.cell, apart) if apart else whole.customers
    replaced = [each for each in parts if each.cell.region not in apart]
    if left < whole.bound:
        return masses
    if len(replaced) == 1 and count(whole.cell, (*apart, replaced[0].cell.region)) < whole.bound:
        return masses  # it alone explains the excess
    regions = tuple(each for each in whole.regions if each[0] not in apart)
    kept = [each for each in masses if each not in replaced]
    return [*kept, Mass(whole.cell, left, whole.bound, regions, apart)]


def _most_first(of: tuple[str, int]) -> tuple[int, str]:
    return -of[1], of[0]
