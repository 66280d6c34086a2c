"""What a ticket's alarms say about where viewers are missed: nodes, channels, or the whole platform."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.desk.alarms.correlation.alarm import PLATFORM, Alarm
from alerts.desk.alarms.correlation.topology import Topology

# How long before its alarm a fault may have begun: what is scraped is missed at once, what is counted takes longer.
AT_ONCE, COUNTED = timedelta(seconds=30), timedelta(seconds=90)
_AT_ONCE = ("power", "network", "node")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where viewers are missed, and the moment just before."""

    before: datetime
    nodes: frozenset[str] = frozenset()  # empty: all
    channels: frozenset[str] = frozenset()  # empty: all
    everywhere: bool = False

    @property
    def inside(self) -> str:
        """Return the label matchers of the scope."""
        found = [f"{name}=~{_pattern(values)}" for name, values in self._labels() if values]
        return "{" + ",".join(found) + "}"

    @property
    def outside(self) -> str:
        """Return the label matchers of the other nodes; empty where there are none."""
        if not self.nodes:
            return ""
        channels = [f"channel=~{_pattern(self.channels)}"] if self.channels else []
        return "{" + ",".join([f"node!~{_pattern(self.nodes)}", *channels]) + "}"

    def _labels(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return ("node", self.nodes), ("channel", self.channels)


def _pattern(values: Iterable[str]) -> str:
    text = "|".join(re.escape(value).replace("\\-", "-") for value in sorted(values))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def scope_of(alarms: Iterable[Alarm], topology: Topology) -> Scope | None:
    """Return the scope of the alarms that affect viewers; None where none does, or where it is not known."""
    found = [alarm for alarm in alarms if alarm.labels.get("service_affecting", "").lower() in ("yes", "true")]
    found = [alarm for alarm in found if alarm.layer not in ("", "self")]
    if not found:
        return None
    before = min(alarm.began - (AT_ONCE if alarm.layer in _AT_ONCE else COUNTED) for alarm in found)
    if any(alarm.place == PLATFORM and not alarm.channel for alarm in found):
        return Scope(before, everywhere=True)
    nodes = frozenset(node for alarm in found for node in _nodes(alarm, topology))
    by_channel = all(alarm.channel for alarm in found)
    channels = frozenset(alarm.channel for alarm in found) if by_channel else frozenset[str]()
    return Scope(before, nodes, channels) if nodes or channels else None


def _nodes(alarm: Alarm, topology: Topology) -> list[str]:
    """Return the nodes that an alarm is about: its own, or all that its site or element feeds."""
    if alarm.node and not alarm.labels.get("element"):
        return [alarm.node]
    if alarm.place == PLATFORM:
        return []
    service = alarm.labels.get("service", "")
    fed = [
        name
        for name, node in topology.nodes.items()
        if alarm.place == f"site:{node.site}" or alarm.place in topology.ancestors(name, alarm.channel, service, "")
    ]
    return [alarm.node, *fed] if alarm.node else fed
