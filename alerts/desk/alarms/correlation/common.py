"""Causes that have no alarm of their own: alarms of one kind that many observers raise at once.

Inferred are: what all channels come from (most channels at once, on one node or on most), an element or node of which
most channels or nodes below it fail, a channel's source (the same channel at most of the nodes that show it), and what
nodes of one role share (the same alarm on most of them, of one site or of the platform).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.lineup import Lineup
from alerts.desk.alarms.correlation.topology import Topology

FEW_CHANNELS, FEW_PEERS = 3, 3
SILENT = ("NodeDown",)
NEARLY_ALL = 0.8  # of the nodes behind an element that has no alarm of its own


class Shape(StrEnum):
    """What the alarms of an inferred cause have in common."""

    CHANNEL = "channel"
    CHANNELS = "channels"
    NODE = "node"
    PEERS = "peers"
    BELOW = "below"


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
    above: str = ""  # for BELOW: what the alarms have above them
    also: str = ""  # and what feeds the same as that

    def holds(self, alarm: Alarm, topology: Topology) -> bool:
        """Return whether an alarm belongs to the family."""
        match self.shape:
            case Shape.CHANNEL:
                return alarm.layer == "stream" and alarm.channel == self.channel
            case Shape.CHANNELS:
                return alarm.layer == "stream" and (not self.site or alarm.labels.get("site") == self.site)
            case Shape.NODE:
                return alarm.layer == "stream" and alarm.node == self.node
            case Shape.BELOW:
                same = alarm.name == self.name if self.name else alarm.layer == "stream"
                return same and self.above in above(alarm, topology)
            case Shape.PEERS:
                node = topology.nodes.get(alarm.node)
                return (
                    alarm.name == self.name
                    and alarm.labels.get("service", "") == self.service
                    and node is not None
                    and node.role == self.role
                    and self.site in ("", node.site)
                )


WIDTH = {Shape.CHANNEL: 0, Shape.NODE: 1, Shape.BELOW: 2, Shape.PEERS: 2, Shape.CHANNELS: 3}


def above(alarm: Alarm, topology: Topology) -> frozenset[str]:
    """Return everything that lies above an alarm."""
    return topology.ancestors(alarm.place, alarm.channel, alarm.labels.get("service", ""), alarm.layer)


def wider(known: Kin | None, found: Kin) -> Kin:
    """Return what describes more: all channels rather than one, the platform rather than a site."""
    if known is None or WIDTH[found.shape] > WIDTH[known.shape]:
        return found
    if found.shape is not known.shape and WIDTH[found.shape] == WIDTH[known.shape]:
        return found  # by more alarms than the known one
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


def families(alarms: Iterable[Alarm], topology: Topology, lineup: Lineup) -> list[Family]:
    """Return the families among alarms that nothing explains; an alarm is in one at most."""
    left = sorted(alarms, key=lambda alarm: alarm.order)
    found: list[Family] = []
    for find in (below_channels, _channels, _channel, _node, below_nodes, _peers):
        for family in find(left, topology, lineup):
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


def _channels(alarms: Sequence[Alarm], topology: Topology, lineup: Lineup) -> Iterable[Family]:
    streams = _streams(alarms)
    for site in ("", *sorted({alarm.labels.get("site", "") for alarm in streams} - {""})):
        here = [alarm for alarm in streams if site in ("", alarm.labels.get("site"))]
        nodes = {alarm.node for alarm in here}
        failing, known = len({alarm.channel for alarm in here}), lineup.count(site)
        if _most_channels(failing, known) and _most_peers(nodes, topology, site, 2):
            yield Family(Kin(Shape.CHANNELS, site=site), tuple(here))
            return


def _channel(alarms: Sequence[Alarm], topology: Topology, lineup: Lineup) -> Iterable[Family]:
    by_channel: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in _streams(alarms):
        by_channel[alarm.channel].append(alarm)
    for channel, here in by_channel.items():
        nodes = {alarm.node for alarm in here}
        sites = {alarm.labels.get("site", "") for alarm in here}
        places = ("", min(sites)) if len(sites) == 1 else ("",)
        if any(_most_watching(channel, nodes, topology, site, lineup) for site in places):
            yield Family(Kin(Shape.CHANNEL, channel=channel), tuple(here))


def _most_watching(channel: str, nodes: set[str], topology: Topology, site: str, lineup: Lineup) -> bool:
    """Return whether these nodes are most of those that watch a channel, or could where that is not known."""
    watching = lineup.watching(channel, site)
    if watching:
        return len(nodes) > 1 and 2 * len(nodes) >= watching
    return _most_peers(nodes, topology, site, 2)


def _node(alarms: Sequence[Alarm], topology: Topology, lineup: Lineup) -> Iterable[Family]:
    del topology
    by_node: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in _streams(alarms):
        by_node[alarm.node].append(alarm)
    for node, here in by_node.items():
        known = lineup.on_node.get(node) or lineup.count()
        if _most_channels(len({alarm.channel for alarm in here}), known):
            yield Family(Kin(Shape.NODE, node=node), tuple(here))


def _peers(alarms: Sequence[Alarm], topology: Topology, lineup: Lineup) -> Iterable[Family]:
    del lineup
    by_name: dict[tuple[str, str, str], list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        node = topology.nodes.get(alarm.node)
        if node is not None and node.role and alarm.layer not in ("", "self") and not alarm.channel:
            by_name[alarm.name, alarm.labels.get("service", ""), node.role].append(alarm)
    for (name, service, role), everywhere in by_name.items():
        by_site: dict[str, list[Alarm]] = defaultdict(list)
        for alarm in everywhere:
            by_site[topology.nodes[alarm.node].site].append(alarm)
        # Most of the platform's first. Else each site by itself: two may have the same fault at once.
        for site, here in (("", everywhere), *sorted(by_site.items())):
            if _most_peers({alarm.node for alarm in here}, topology, site, FEW_PEERS):
                yield Family(Kin(Shape.PEERS, name=name, service=service, site=site, role=role), tuple(here))
                if here is everywhere:
                    break


def below_channels(alarms: Sequence[Alarm], topology: Topology, lineup: Lineup) -> Iterable[Family]:
    """Yield the streams below one element or node of which most channels fail, the narrowest first.

    What feeds all channels is told apart by nothing: that is for all channels together.
    """
    found = _below(_streams(alarms), topology)
    every = set(lineup.channels)
    fitting: dict[frozenset[str], list[str]] = defaultdict(list)
    for one, here in found.items():
        failing, nodes = {alarm.channel for alarm in here}, {alarm.node for alarm in here}
        if len(failing) < FEW_CHANNELS or len(nodes) < 2:
            continue
        node = here[0].node
        known = {name for name in lineup.channels if one in topology.ancestors(node, name, "", "stream")}
        if known < every and 2 * len(failing) >= len(known):
            fitting[frozenset(known)].append(one)
    taken: set[str] = set()
    for known_here in sorted(fitting, key=lambda names: (len(names), sorted(names))):
        first, *others = sorted(fitting[known_here], key=lambda one: (-len(found[one]), one))
        members = [alarm for alarm in found[first] if alarm.key not in taken]
        if len({alarm.channel for alarm in members}) >= FEW_CHANNELS:
            taken |= {alarm.key for alarm in members}
            yield Family(Kin(Shape.BELOW, above=first, also=", ".join(others[:3])), tuple(members))


def below_nodes(alarms: Sequence[Alarm], topology: Topology, lineup: Lineup) -> Iterable[Family]:
    """Yield the silence of all nodes, or nearly all, behind one element, the narrowest first."""
    del lineup
    silent = [alarm for alarm in alarms if alarm.name in SILENT and alarm.node in topology.nodes]
    found = _below(silent, topology) if len(silent) >= FEW_PEERS else {}
    fitting: dict[frozenset[str], list[str]] = defaultdict(list)
    for one in found:
        fitting[topology.below(one)].append(one)
    taken: set[str] = set()
    for behind in sorted(fitting, key=lambda nodes: (len(nodes), sorted(nodes))):
        first, *others = sorted(fitting[behind])
        members = [alarm for alarm in found[first] if alarm.key not in taken]
        if len(members) < max(FEW_PEERS, NEARLY_ALL * len(behind)) or _more_than(members, silent, topology):
            continue
        taken |= {alarm.key for alarm in members}
        kin = Kin(Shape.BELOW, name=members[0].name, above=first, also=", ".join(others[:3]))
        yield Family(kin, tuple(members))


def _more_than(members: Sequence[Alarm], silent: Iterable[Alarm], topology: Topology) -> bool:
    """Return whether most of a site is silent, and not mainly these nodes."""
    sites = {topology.nodes[alarm.node].site for alarm in members}
    nodes = {alarm.node for alarm in silent if topology.nodes[alarm.node].site in sites}
    mainly = len(members) >= NEARLY_ALL * len(nodes)
    return not mainly and any(_most_peers(nodes, topology, site, FEW_PEERS) for site in sites)


def _below(alarms: Iterable[Alarm], topology: Topology) -> dict[str, list[Alarm]]:
    """Return alarms by what is above them, sites apart: those have alarms of their own."""
    found: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        for one in above(alarm, topology):
            if not one.startswith("site:"):
                found[one].append(alarm)
    return found
