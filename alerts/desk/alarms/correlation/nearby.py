"""Alarms by where they are, and those among them that are at a place from which they can explain another one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from alerts.desk.alarms.correlation.alarm import PLATFORM, Alarm
from alerts.desk.alarms.correlation.topology import Topology

T = TypeVar("T")
ByPlace = Mapping[str, Sequence[tuple[Alarm, T]]]
"""Alarms by their place, each with what it belongs to."""


def by_place(alarms: Iterable[tuple[Alarm, T]]) -> ByPlace[T]:
    """Return alarms by their place."""
    found: dict[str, list[tuple[Alarm, T]]] = defaultdict(list)
    for alarm, of in alarms:
        found[alarm.place].append((alarm, of))
    return found


def near(alarm: Alarm, known: ByPlace[T], topology: Topology) -> Iterable[tuple[Alarm, T]]:
    """Return the known alarms at all places that can explain one."""
    if alarm.layer == "quality" and (alarm.place == PLATFORM or alarm.place.startswith("site:")):
        return [one for here in known.values() for one in here]
    above = topology.ancestors(alarm.place, alarm.channel, alarm.labels.get("service", ""), alarm.layer)
    places = {alarm.place, PLATFORM, *above}
    for name in above & topology.groups.keys():
        for member in topology.groups[name].members:
            places |= {member, *topology.ancestors(member, alarm.channel, "", alarm.layer)}
    return [one for place in places for one in known.get(place, ())]
