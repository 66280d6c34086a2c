"""Mass appeals on simulated traffic: how often chance alone makes one, and how soon a fault is found.

Customers of many cells appeal as a negative binomial process: eight weeks that the desk learns from, then ninety days
on which it is judged, by the desk's own estimate of what is usual in each hour and its own bound. An alarm is counted
when a window that slides with every contact reaches the bound. Then faults are added, each of which brings ten
customers of one cell in a quarter of an hour, while the desk looks every ten seconds; and one customer who calls thirty
times. Prints one JSON object; exit status 1 when a bound is passed.

    python -m bench.mass_detection [--cells 340] [--mean 0.08] [--seeds 5] [--faults 200]
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from alerts.desk.appeals.mass import DAYS, FALSE, FLOOR, WINDOW, Cell, Usual, Word, bound, found
from alerts.desk.appeals.mass_store import BEFORE
from alerts.desk.appeals.usual import NOTHING_KNOWN, History, Hour, Moments

DISPERSIONS = (1.0, 2.0, 5.0)
LEARNED = BEFORE.days
CUSTOMERS = 10  # of a fault, within a window
LOOK = 10  # seconds between the desk's looks
SOON = 300.0  # seconds within which a fault has to be found once its customers are there
FAULT_DAYS = 10
QUARTERS = 4
SECONDS = WINDOW.total_seconds()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
Counts = np.ndarray[Any, np.dtype[np.int16]]  # arrays: of cells, days, hours and quarters


@dataclass(slots=True)
class Traffic:
    """Contacts by cell, day, hour and quarter, and what the desk learned from them."""

    counts: Counts
    histories: dict[int, History] = field(default_factory=dict)
    known: dict[tuple[int, int], dict[Cell, Usual]] = field(default_factory=dict)

    def usual(self, day: int, hour: int) -> dict[Cell, Usual]:
        """Return what is usual in an hour, by the eight weeks before that day."""
        if day not in self.histories:
            self.histories[day] = self._history(day)
        if (day, hour) not in self.known:
            self.known[day, hour] = self.histories[day].usual((weekend(day), hour))
        return self.known[day, hour]

    def bound(self, number: int, day: int, hour: int) -> int:
        """Return from how many customers a cell is a mass."""
        usual = self.usual(day, hour)
        return bound(usual.get(cell(number), NOTHING_KNOWN), len(usual))

    def _history(self, day: int) -> History:
        counts: dict[Cell, dict[Hour, Moments]] = {cell(number): {} for number in range(len(self.counts))}
        windows: dict[Hour, int] = {}
        for free in (False, True):
            days = [each for each in range(day - LEARNED, day) if weekend(each) is free]
            seen = self.counts[:, days].astype(int)
            sums, squares = seen.sum(axis=(1, 3)), (seen * seen).sum(axis=(1, 3))
            for hour in range(24):
                windows[free, hour] = len(days) * QUARTERS
                for number in np.flatnonzero(sums[:, hour]):
                    found = Moments(int(sums[number, hour]), int(squares[number, hour]))
                    counts[cell(int(number))][free, hour] = found
        return History(counts, windows)


def weekend(day: int) -> bool:
    return day % 7 >= 5


def cell(number: int) -> Cell:
    return Cell("playback", f"region {number}", "ott")


def traffic(cells: int, mean: float, dispersion: float, chance: np.random.Generator) -> Traffic:
    shape = (cells, LEARNED + DAYS, 24, QUARTERS)
    rates = chance.gamma(dispersion, mean / dispersion, shape)
    return Traffic(chance.poisson(rates).astype(np.int16))


def alarms(of: Traffic, chance: np.random.Generator) -> Iterator[tuple[int, float]]:
    """Yield cell and moment of each alarm in the days on which the desk is judged."""
    for number, counts in enumerate(of.counts[:, LEARNED:]):
        moments = np.repeat(np.arange(counts.size), counts.ravel()) * SECONDS
        moments = np.sort(moments + chance.random(len(moments)) * SECONDS)
        customers = np.arange(len(moments)) - np.searchsorted(moments, moments - SECONDS, side="right") + 1
        busy = (int(place) for place in np.flatnonzero(customers >= FLOOR))
        high = [place for place in busy if exceeds(of, number, moments[place], customers[place])]
        for before, place in pairwise([-2, *high]):
            if place != before + 1:
                yield number, moments[place]


def exceeds(of: Traffic, number: int, moment: float, customers: int) -> bool:
    hours = int(moment // 3600)
    return int(customers) >= of.bound(number, LEARNED + hours // 24, hours % 24)


def faults(of: Traffic, count: int, chance: np.random.Generator) -> dict[str, Any]:
    """Add faults to the traffic; return how many were found and how long after the last customer at most."""
    seconds = []
    days = chance.integers(DAYS, size=FAULT_DAYS)
    for _ in range(count):
        number, day, hour = (
            int(each) for each in (chance.integers(len(of.counts)), chance.choice(days), chance.integers(24))
        )
        usual, start = of.usual(LEARNED + day, hour), MONDAY + timedelta(hours=hour)
        # One customer in each tenth of a quarter of an hour, for half an hour.
        moments = (np.arange(2 * CUSTOMERS) + chance.random(2 * CUSTOMERS)) * SECONDS / CUSTOMERS
        words = [
            Word(start + timedelta(seconds=float(at)), f"{place}", cell(number)) for place, at in enumerate(moments)
        ]
        within = np.arange(len(moments)) - np.searchsorted(moments, moments - SECONDS, side="right") + 1
        reached, first = float(moments[np.argmax(within >= CUSTOMERS)]), float(chance.random() * LOOK)
        looks = np.arange(first, reached + SOON, LOOK)
        found_at = [
            look for look in looks if found(words, usual, NOTHING_KNOWN, start + timedelta(seconds=float(look)))
        ]  # fmt: skip
        if found_at:
            seconds.append(max(0.0, float(found_at[0]) - reached))
    return {"faults": count, "found": len(seconds), "longest_seconds": round(max(seconds, default=0.0), 1)}


def one_customer(usual: dict[Cell, Usual]) -> int:
    """Let one customer call thirty times; return how many masses that makes."""
    words = [Word(MONDAY + timedelta(seconds=20 * each), "one", cell(0)) for each in range(30)]
    return len(found(words, usual, NOTHING_KNOWN, MONDAY + timedelta(minutes=10)))


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=340)
    parser.add_argument("--mean", type=float, default=0.08, help="customers of a cell in a quarter of an hour")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--faults", type=int, default=200, help="for each dispersion and seed")
    options = parser.parse_args()
    result: dict[str, Any] = {}
    fine = True
    for dispersion in DISPERSIONS:
        rows = []
        for seed in range(options.seeds):
            chance = np.random.default_rng((seed, int(dispersion)))
            known = traffic(options.cells, options.mean, dispersion, chance)
            false = len(list(alarms(known, chance)))
            rows.append({"false": false, "one_customer": one_customer(known.usual(LEARNED, 0))})
            rows[-1] |= faults(known, options.faults, chance)
        false_in_90_days = sum(row["false"] for row in rows) / len(rows)
        missed = sum(row["faults"] - row["found"] for row in rows)
        longest = max(row["longest_seconds"] for row in rows)
        result[f"r = {dispersion:g}"] = {
            "false": [row["false"] for row in rows], "false_in_90_days": false_in_90_days,
            "faults": sum(row["faults"] for row in rows), "missed": missed, "longest_seconds": longest,
        }  # fmt: skip
        fine &= false_in_90_days <= FALSE and not missed and longest <= SOON
        fine &= not any(row["one_customer"] for row in rows)
    print(json.dumps(result | {"fine": bool(fine)}, indent=2))
    return int(not fine)


if __name__ == "__main__":
    sys.exit(main())
