"""Causes that have no alarm of their own: alarms of one kind that many observers raise at once.

Inferred are: a channel's source (the same channel at most of the nodes that could show it), what all channels come
from (most channels at once, on one node or on most), and what nodes of one role share (the same alarm on most of
them, of one site or of the platform).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.topology import Topology

FEW_CHANNELS, FEW_PEERS = 3, 3


class Shape(StrEnum):
    """What the alarms of an inferred cause have in common."""

    CHANNEL = "channel"
    CHANNELS = "channels"
    NODE = "node"
    PEERS = "peers"


@dataclass(frozen=True, slots=True)
class Kin:
    """What makes an alarm one of a family."""

    shape: Shape
    name: str = ""  # of the rule, for PEERS
    channel: str = ""
    service: str = ""
    node: str = ""
    site: str = ""
    role: str = ""

    def holds(self, alarm: Alarm, topology: Topology) -> bool:
        """Return whether an alarm belongs to the family."""
        match self.shape:
            case Shape.CHANNEL:
                return alarm.layer == "stream" and alarm.channel == self.channel
            case Shape.CHANNELS:
                return alarm.layer == "stream" and (not self.site or alarm.labels.get("site") == self.site)
            case Shape.NODE:
                return alarm.layer == "stream" and alarm.node == self.node
            case Shape.PEERS:
                node = topology.nodes.get(alarm.node)
                return (
                    alarm.name == self.name
                    and alarm.labels.get("service", "") == self.service
                    and node is not None
                    and node.role == self.role
                    and self.site in ("", node.site)
                )


def wider(known: Kin | None, found: Kin) -> Kin:
    """Return what describes more: all channels rather than one, the platform rather than a site."""
    if known is None or (found.shape is Shape.CHANNELS and known.shape in (Shape.CHANNEL, Shape.NODE)):
        return found
    return found if found.shape is known.shape and known.site and not found.site else known


@dataclass(frozen=True, slots=True)
class Family:
    """Alarms with one inferred cause, the earliest first."""

    kin: Kin
    members: tuple[Alarm, ...]

    @property
    def nodes(self) -> list[str]:
        """Return the nodes that show it."""
        return sorted({alarm.node for alarm in self.members if alarm.node})


def families(alarms: Iterable[Alarm], topology: Topology, channels: int) -> list[Family]:
    """Return the families among alarms that nothing explains; an alarm is in one at most.

    `channels` is how many channels the platform has, 0 where that is not known.
    """
    left = sorted(alarms, key=lambda alarm: alarm.order)
    found: list[Family] = []
    for find in (_channels, _channel, _node, _peers):
        for family in find(left, topology, channels):
            found.append(family)
            taken = {alarm.key for alarm in family.members}
            left = [alarm for alarm in left if alarm.key not in taken]
    return found


def _most_channels(count: int, channels: int) -> bool:
    return count >= max(FEW_CHANNELS, channels / 2)


def _most_peers(nodes: set[str], topology: Topology, site: str, few: int) -> bool:
    """Return whether these nodes are most of those with their role."""
    known = [node for node in nodes if node in topology.nodes]
    if not known or len(nodes) < few:
        return False
    peers = topology.peers(known[0], site)
    return 2 * len(set(peers) & nodes) >= len(peers)


def _streams(alarms: Iterable[Alarm]) -> list[Alarm]:
    return [alarm for alarm in alarms if alarm.layer == "stream" and alarm.channel and alarm.node]


def _channels(alarms: Sequence[Alarm], topology: Topology, channels: int) -> Iterable[Family]:
    streams = _streams(alarms)
    for site in ("", *sorted({alarm.labels.get("site", "") for alarm in streams} - {""})):
        here = [alarm for alarm in streams if site in ("", alarm.labels.get("site"))]
        nodes = {alarm.node for alarm in here}
        if _most_channels(len({alarm.channel for alarm in here}), channels) and _most_peers(nodes, topology, site, 2):
            yield Family(Kin(Shape.CHANNELS, site=site), tuple(here))
            return


def _channel(alarms: Sequence[Alarm], topology: Topology, channels: int) -> Iterable[Family]:
    del channels
    by_channel: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in _streams(alarms):
        by_channel[alarm.channel].append(alarm)
    for channel, here in by_channel.items():
        nodes = {alarm.node for alarm in here}
        sites = {alarm.labels.get("site", "") for alarm in here}
        if _most_peers(nodes, topology, "", 2) or (len(sites) == 1 and _most_peers(nodes, topology, min(sites), 2)):
            yield Family(Kin(Shape.CHANNEL, channel=channel), tuple(here))


def _node(alarms: Sequence[Alarm], topology: Topology, channels: int) -> Iterable[Family]:
    del topology
    by_node: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in _streams(alarms):
        by_node[alarm.node].append(alarm)
    for node, here in by_node.items():
        if _most_channels(len({alarm.channel for alarm in here}), channels):
            yield Family(Kin(Shape.NODE, node=node), tuple(here))


def _peers(alarms: Sequence[Alarm], topology: Topology, channels: int) -> Iterable[Family]:
    del channels
    by_name: dict[tuple[str, str, str], list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        node = topology.nodes.get(alarm.node)
        if node is not None and node.role and alarm.layer not in ("", "self") and not alarm.channel:
            by_name[alarm.name, alarm.labels.get("service", ""), node.role].append(alarm)
    for (name, service, role), here in by_name.items():
        sites = {topology.nodes[alarm.node].site for alarm in here}
        for site in ("", min(sites)) if len(sites) == 1 else ("",):
            if _most_peers({alarm.node for alarm in here}, topology, site, FEW_PEERS):
                yield Family(Kin(Shape.PEERS, name=name, service=service, site=site, role=role), tuple(here))
                break
