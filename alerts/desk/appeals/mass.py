"""Mass appeals: when so many customers appeal about the same that chance does not explain it.

A cell is a code group, a region and a service. In each cell distinct customers are counted over a quarter of an hour;
who calls thirty times counts once. What is usual is over-dispersed: calls come in bursts that no Poisson process has.
So the bound is that of a negative binomial distribution. It is chosen so that in ninety days no more than a tenth of an
alarm is false over all cells together, and it is never below five customers.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
DAYS = 90
WINDOWS = DAYS * 24 * 4  # that do not overlap
FALSE = 0.1  # alarms in DAYS, over all cells
FLOOR = 5
# A window that slides has more opportunities than one that does not: as many as simulations show, see the tests.
SLIDING = 6.0
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """What customers appeal about, and where."""

    group: str
    region: str
    service: str


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


def bound(usual: Usual, cells: int) -> int:
    """Return from how many customers in a window chance no longer explains a cell, out of so many."""
    allowed = FALSE / (max(cells, 1) * WINDOWS * SLIDING)
    number, below, term = 0, 0.0, _none(usual)
    while number < MOST:
        # Summed from the small end: the tail is what remains of 1, as long as that is exact enough.
        if 1.0 - below <= allowed:
            break
        below += term
        number += 1
        term *= _ratio(usual, number)
    return max(number, FLOOR)


def _none(usual: Usual) -> float:
    return math.exp(-usual.dispersion * math.log1p(usual.mean / usual.dispersion))


def _ratio(usual: Usual, number: int) -> float:
    """Return by how much `number` customers are likelier than one fewer."""
    return (usual.dispersion + number - 1) / number * usual.mean / (usual.mean + usual.dispersion)


def found(words: Iterable[Word], usual: Mapping[Cell, Usual], default: Usual, now: datetime) -> list[Mass]:
    """Return the cells that have more customers in the last window than chance explains, the largest first."""
    customers: dict[Cell, set[str]] = {}
    for word in words:
        if now - WINDOW < word.at <= now:
            customers.setdefault(word.cell, set()).add(word.customer)
    return exceeding({cell: len(known) for cell, known in customers.items()}, usual, default)


def exceeding(customers: Mapping[Cell, int], usual: Mapping[Cell, Usual], default: Usual) -> list[Mass]:
    """Return the cells whose number of customers in a window chance does not explain, the largest first."""
    cells = max(len(usual), len(customers))
    result = []
    for cell, known in customers.items():
        least = bound(usual.get(cell, default), cells) if known >= FLOOR else FLOOR
        if known >= least:
            result.append(Mass(cell, known, least))
    return sorted(result, key=lambda mass: (-mass.customers, mass.cell.group, mass.cell.region, mass.cell.service))
