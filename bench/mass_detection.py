"""Mass appeals on simulated traffic: how often chance alone makes one, and how soon a fault is found.

Customers of many code groups and regions appeal as a negative binomial process: eight weeks that the desk learns from,
then ninety days on which it is judged, by the desk's own estimate of what is usual in each hour and its own bound. An
alarm is counted when a window that slides with every contact reaches the bound, of a region or of all regions together.

Then faults are added, each of which brings ten customers of one region in a quarter of an hour, while the desk looks
every ten seconds; and one customer who calls thirty times. Two further kinds of fault come into the traffic as it is:

- in one region, ten to forty customers: all regions together are never proposed beside it, or instead of it;
- spread over all regions, each customer in any of them: found with how many customers in a quarter of an hour; and one
  that begins in a region and reaches the others five minutes later, which is to be one mass in the end.

Prints one JSON object; exit status 1 when a bound is passed.

    python -m bench.mass_detection [--cells 340] [--mean 0.08] [--seeds 5] [--faults 200]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from alerts.desk.appeals.mass import ANY, DAYS, FALSE, FLOOR, WINDOW, Cell, Mass, Usual, Word, bound, found
from alerts.desk.appeals.mass_store import BEFORE
from alerts.desk.appeals.usual import NOTHING_KNOWN, Hour, Learned, Moments, learn

DISPERSIONS = (1.0, 2.0, 5.0)
LEARNED = BEFORE.days
REGIONS = 17
CUSTOMERS = 10  # of a fault, within a window
REGIONAL = (10, 20, 40)  # of a fault in one region, in the traffic as it is
SPREAD = (10, 12, 15, 20, 25, 30, 40)  # of a fault over all regions
AT_MOST = 15  # of them with which each has to be found
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
    histories: dict[int, Learned] = field(default_factory=dict)
    known: dict[tuple[int, int], dict[Cell, Usual]] = field(default_factory=dict)

    def usual(self, day: int, hour: int) -> dict[Cell, Usual]:
        """Return what is usual in an hour, by the eight weeks before that day."""
        if day not in self.histories:
            self.histories[day] = self._history(day)
        if (day, hour) not in self.known:
            self.known[day, hour] = self.histories[day].usual((weekend(day), hour))
        return self.known[day, hour]

    def bound(self, of: Cell, day: int, hour: int) -> int:
        """Return from how many customers a cell is a mass."""
        usual = self.usual(day, hour)
        return bound(usual[of], len(usual))

    def cells(self) -> Iterator[tuple[Cell, Counts]]:
        """Yield each region and all regions together, of each group, with their contacts."""
        for number, counts in enumerate(self.counts):
            yield cell(number), counts
        for first in range(0, len(self.counts), REGIONS):
            yield cell(first).whole, self.counts[first : first + REGIONS].sum(axis=0)

    def _history(self, day: int) -> Learned:
        counts: dict[Cell, dict[Hour, Moments]] = {of: {} for of, _ in self.cells()}
        windows: dict[Hour, int] = {}
        for free in (False, True):
            days = [each for each in range(day - LEARNED, day) if weekend(each) is free]
            for hour in range(24):
                windows[free, hour] = len(days) * QUARTERS
            for of, contacts in self.cells():
                seen = contacts[days].astype(int)
                sums, squares = seen.sum(axis=(0, 2)), (seen * seen).sum(axis=(0, 2))
                for place in map(int, np.flatnonzero(sums)):
                    counts[of][free, place] = Moments(int(sums[place]), int(squares[place]))
        return learn(counts, windows)


def weekend(day: int) -> bool:
    return day % 7 >= 5


def cell(number: int) -> Cell:
    return Cell(f"group {number // REGIONS}", f"region {number % REGIONS}", "ott")


def traffic(cells: int, mean: float, dispersion: float, chance: np.random.Generator) -> Traffic:
    shape = (cells, LEARNED + DAYS, 24, QUARTERS)
    rates = chance.gamma(dispersion, mean / dispersion, shape)
    return Traffic(chance.poisson(rates).astype(np.int16))


def alarms(of: Traffic, chance: np.random.Generator) -> Iterator[tuple[Cell, float]]:
    """Yield cell and moment of each alarm in the days on which the desk is judged.

    All regions together count whether they would be proposed in place of regions or not.
    """
    for number, contacts in of.cells():
        counts = contacts[LEARNED:]
        moments = np.repeat(np.arange(counts.size), counts.ravel()) * SECONDS
        moments = np.sort(moments + chance.random(len(moments)) * SECONDS)
        customers = np.arange(len(moments)) - np.searchsorted(moments, moments - SECONDS, side="right") + 1
        busy = (int(place) for place in np.flatnonzero(customers >= FLOOR))
        high = [place for place in busy if exceeds(of, number, moments[place], customers[place])]
        for before, place in pairwise([-2, *high]):
            if place != before + 1:
                yield number, moments[place]


def exceeds(of: Traffic, number: Cell, moment: float, customers: int) -> bool:
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


def quiet(of: Traffic, group: int, day: int, hour: int, chance: np.random.Generator) -> list[Word]:
    """Return the usual contacts of a group in all regions, in the hour of a fault."""
    start, words = MONDAY + timedelta(hours=hour), []
    for number in range(group * REGIONS, (group + 1) * REGIONS):
        for quarter, contacts in enumerate(of.counts[number, LEARNED + day, hour]):
            for each, moment in enumerate((quarter + chance.random(contacts)) * SECONDS):
                at = start + timedelta(seconds=float(moment))
                words.append(Word(at, f"usual {number} {quarter} {each}", cell(number)))
    return words


def happening(regions: Sequence[int], many: int, hour: int, chance: np.random.Generator, after: float) -> list[Word]:
    """Return who calls about a fault, so many in a quarter of an hour, for half an hour from `after` seconds on."""
    moments = after + (np.arange(2 * many) + chance.random(2 * many)) * SECONDS / many
    start = MONDAY + timedelta(hours=hour)
    return [
        Word(start + timedelta(seconds=float(at)), f"fault {after} {place}", cell(int(chance.choice(regions))))
        for place, at in enumerate(moments)
    ]


def looks(words: list[Word], usual: dict[Cell, Usual], hour: int) -> Iterator[tuple[float, list[Mass]]]:
    """Yield what the desk finds in three quarters of an hour."""
    for seconds in np.arange(0.0, 3 * SECONDS, LOOK):
        yield float(seconds), found(words, usual, NOTHING_KNOWN, MONDAY + timedelta(hours=hour, seconds=float(seconds)))


def moments_of(of: Traffic, count: int, chance: np.random.Generator) -> Iterator[tuple[int, int, int]]:
    """Yield groups, days and hours of faults."""
    days = chance.integers(DAYS, size=FAULT_DAYS)
    for _ in range(count):
        group = int(chance.integers(len(of.counts) // REGIONS))
        yield group, int(chance.choice(days)), int(chance.integers(24))


def in_one_region(of: Traffic, count: int, chance: np.random.Generator) -> int:
    """Let faults happen in one region; return in how many all regions together were proposed at any moment."""
    wrong = 0
    for group, day, hour in moments_of(of, count, chance):
        region, many = group * REGIONS + int(chance.integers(REGIONS)), int(chance.choice(REGIONAL))
        words = quiet(of, group, day, hour, chance) + happening([region], many, hour, chance, 0.0)
        usual = of.usual(LEARNED + day, hour)
        wrong += any(each.cell.region == ANY for _, masses in looks(words, usual, hour) for each in masses)
    return wrong


def over_all(of: Traffic, many: int, count: int, chance: np.random.Generator) -> dict[str, Any]:
    """Let faults spread over all regions; return how many were found, and how long after so many had called at most."""
    seconds = []
    for group, day, hour in moments_of(of, count, chance):
        regions = range(group * REGIONS, (group + 1) * REGIONS)
        fault = happening(regions, many, hour, chance, 0.0)
        words, reached = quiet(of, group, day, hour, chance) + fault, (fault[many - 1].at - MONDAY).total_seconds()
        for moment, masses in looks(words, of.usual(LEARNED + day, hour), hour):
            late = max(0.0, moment + 3600 * hour - reached)
            if late <= SOON and any(each.cell.region == ANY for each in masses):
                seconds.append(late)
                break
    return {"missed": count - len(seconds), "longest_seconds": round(max(seconds, default=0.0), 1)}


def spreading(of: Traffic, count: int, chance: np.random.Generator) -> dict[str, int]:
    """Let faults begin in a region and reach the others; return what was proposed first, last, and both at once."""
    said = {"region_first": 0, "all_in_the_end": 0, "both": 0}
    for group, day, hour in moments_of(of, count, chance):
        regions = range(group * REGIONS, (group + 1) * REGIONS)
        region = int(chance.choice(regions))
        words = quiet(of, group, day, hour, chance) + happening([region], 30, hour, chance, 0.0)
        words += happening(regions, 60, hour, chance, 300.0)
        told = [masses for _, masses in looks(words, of.usual(LEARNED + day, hour), hour) if masses]
        said["region_first"] += told[0][0].cell == cell(region)
        at_end = [each for each in told if len(each) == 1 and each[0].cell == cell(region).whole]
        said["all_in_the_end"] += told[-1] in at_end
        said["both"] += any(len(masses) > 1 and any(each.cell.region == ANY for each in masses) for masses in told)
    return said


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
    if options.cells % REGIONS:
        parser.error(f"--cells: write a multiple of {REGIONS}, the number of regions")
    result: dict[str, Any] = {}
    fine = True
    for dispersion in DISPERSIONS:
        rows: list[dict[str, Any]] = []
        for seed in range(options.seeds):
            chance = np.random.default_rng((seed, int(dispersion)))
            known = traffic(options.cells, options.mean, dispersion, chance)
            wrong = [each for each, _ in alarms(known, chance)]
            together = sum(each.region == ANY for each in wrong)
            rows.append({"false": len(wrong), "together": together})
            rows[-1] |= {"one_customer": one_customer(known.usual(LEARNED, 0))}
            rows[-1] |= faults(known, options.faults, chance)
            rows[-1] |= {"beside_one_region": in_one_region(known, options.faults // 4, chance)}
            rows[-1] |= {"spreading": spreading(known, options.faults // 10, chance)}
            rows[-1] |= {"over_all": {many: over_all(known, many, options.faults // 10, chance) for many in SPREAD}}
        false_in_90_days = sum(row["false"] for row in rows) / len(rows)
        missed = sum(row["faults"] - row["found"] for row in rows)
        longest = max(row["longest_seconds"] for row in rows)
        over = {
            many: {
                "missed": sum(row["over_all"][many]["missed"] for row in rows),
                "longest_seconds": max(row["over_all"][many]["longest_seconds"] for row in rows),
            }
            for many in SPREAD
        }
        result[f"r = {dispersion:g}"] = {
            "false": [row["false"] for row in rows], "false_in_90_days": false_in_90_days,
            "of_these_all_regions": sum(row["together"] for row in rows),
            "faults": sum(row["faults"] for row in rows), "missed": missed, "longest_seconds": longest,
            "all_regions_beside_one": sum(row["beside_one_region"] for row in rows),
            "spreading": sum((Counter(row["spreading"]) for row in rows), Counter()),
            "over_all_regions": over,
        }  # fmt: skip
        fine &= false_in_90_days <= FALSE and not missed and longest <= SOON
        fine &= not any(row["one_customer"] or row["beside_one_region"] or row["spreading"]["both"] for row in rows)
        fine &= not any(each["missed"] for many, each in over.items() if many >= AT_MOST)
    print(json.dumps(result | {"fine": bool(fine)}, indent=2))
    return int(not fine)


if __name__ == "__main__":
    sys.exit(main())
