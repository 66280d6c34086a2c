"""The classes of the campaign: one fault or several at once, in the ways in which faults come."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bench.campaign_faults import LASTS, Fault, Kinds, Spell
from bench.campaign_platform import Platform

CLASSES = {
    "single": 30, "double": 26, "triple": 10, "flapping": 8, "cause after effect": 8, "effect without cause": 6,
    "telemetry lost": 6, "redundancy": 6, "planned works": 6,
}  # fmt: skip
"""Out of a hundred and six experiments, so many are of this class."""
CUT = (120.0, 190.0)  # seconds in which the control centre sees nothing
MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Experiment:
    """Faults that happen together; `works` are the sites and nodes that are worked on meanwhile."""

    name: str
    faults: tuple[Fault, ...]
    worked_on: frozenset[str] = frozenset()

    @property
    def repaired(self) -> float:
        """Return the second at which the first fault is repaired."""
        return LASTS


class Experiments:
    """Makes experiments of every class."""

    def __init__(self, platform: Platform, rules: Mapping[str, Mapping[str, str]], dice: random.Random) -> None:
        self._kinds, self._dice, self._platform = Kinds(platform, rules, dice), dice, platform
        self._turn = dict.fromkeys(CLASSES, 0)
        self._make: dict[str, Callable[[], Experiment]] = {
            "single": lambda: self._several("single", 1),
            "double": lambda: self._several("double", 2),
            "triple": lambda: self._several("triple", 3),
            "flapping": self._flapping,
            "cause after effect": self._late_cause,
            "effect without cause": lambda: Experiment("effect without cause", (self._kinds.one_stream(),)),
            "telemetry lost": self._telemetry_lost,
            "redundancy": self._redundancy,
            "planned works": self._planned,
        }

    def some(self, faults: int) -> list[Experiment]:
        """Return experiments with at least so many faults, of every class."""
        found: list[Experiment] = [make() for make in self._make.values()]
        while sum(len(one.faults) for one in found) < faults:
            (name,) = self._dice.choices(list(CLASSES), list(CLASSES.values()))
            found.append(self._make[name]())
        self._dice.shuffle(found)
        return found

    def _any(self, name: str) -> Fault:
        """Return a fault; the kinds of a class take turns."""
        every = self._kinds.every
        self._turn[name] += 1
        return every[self._turn[name] % len(every)]() if name == "single" else self._dice.choice(every)()

    def _several(self, name: str, number: int) -> Experiment:
        faults: list[Fault] = []
        for _ in range(MOST_TRIES):
            one = self._any(name)
            if all(one.independent_of(other) for other in faults):
                faults.append(one.shifted(0 if not faults else self._dice.uniform(0, 60)))
            if len(faults) == number:
                break
        return Experiment(name, tuple(faults))

    def _flapping(self) -> Experiment:
        kind = self._dice.choice((self._kinds.server_ends, self._kinds.node_dies, self._kinds.one_stream))
        fault, period = kind(), self._dice.uniform(60, 100)
        turns = range(self._dice.randint(3, 5))
        spells = [
            Spell(spell.labels, at + spell.begin, at + spell.begin + self._dice.uniform(15, 40))
            for spell in fault.spells
            for at in (turn * period for turn in turns)
            if at + spell.begin < LASTS  # what was repaired stays repaired
        ]
        last = [Spell(spell.labels, max(LASTS - 60, spell.begin), spell.end) for spell in fault.spells]
        return Experiment("flapping", (replace(fault, spells=(*spells, *last)),))

    def _late_cause(self) -> Experiment:
        kind = self._dice.choice((self._kinds.packager_ends, self._kinds.packager_disk_full, self._kinds.server_ends))
        fault, late = kind(), self._dice.uniform(10, 60)
        spells = tuple(
            replace(one, begin=one.begin + late) if one.labels["alertname"] in fault.roots else one
            for one in fault.spells
        )
        return Experiment("cause after effect", (replace(fault, spells=spells),))

    def _telemetry_lost(self) -> Experiment:
        """The control centre sees nothing for a minute, or the cause is never heard of."""
        if self._dice.random() < 0.4:
            return Experiment("telemetry lost", (self._kinds.packager_unheard(),))
        kinds = self._kinds
        several = (kinds.packager_ends, kinds.server_ends, kinds.bad_deployment, kinds.channel_source)
        fault = self._dice.choice(several)()
        spells = [part for spell in fault.spells for part in _interrupted(spell)]
        alarms = kinds.alarms()
        alarms.add("ControlCentreCutOff", (CUT[0], CUT[0] + 5), (CUT[1] - LASTS, CUT[1] - LASTS + 3))
        cut = Fault(
            "control centre cut off", tuple(alarms.found), ("ControlCentreCutOff",),
            frozenset({"ControlCentreCutOff"}), frozenset(), lasts=CUT[1],
        )  # fmt: skip
        return Experiment("telemetry lost", (replace(fault, spells=tuple(spells)), cut))

    def _redundancy(self) -> Experiment:
        kind = self._dice.choice((self._kinds.origin_of_two, self._kinds.both_origins))
        return Experiment("redundancy", (kind(),))

    def _planned(self) -> Experiment:
        """Works on a site or a node, and something else fails elsewhere."""
        kind = self._dice.choice((self._kinds.site_down, self._kinds.bad_deployment, self._kinds.server_ends))
        inside = kind()
        worked_on = inside.whole or (inside.sites if inside.kind == "bad deployment" else frozenset(inside.names))
        faults = [replace(inside, quiet=True, tickets=0)]
        outside = self._kinds.every
        for _ in range(MOST_TRIES):
            one = self._dice.choice(outside)()
            if one.independent_of(inside) and not one.sites & inside.sites and not one.kind.startswith("middleware"):
                faults.append(one.shifted(self._dice.uniform(0, 60)))
                break
        return Experiment("planned works", tuple(faults), worked_on)


def _interrupted(spell: Spell) -> list[Spell]:
    """Return what is left of an alarm while the control centre sees nothing."""
    if spell.end <= CUT[0] or spell.begin >= CUT[1]:
        return [spell]
    parts = [replace(spell, end=CUT[0] + 8)] if spell.begin < CUT[0] else []
    again = CUT[1] + spell.begin % 30  # each rule waits anew
    return [*parts, replace(spell, begin=again)] if spell.end > again else parts
