"""The platform of the fault campaign: sites, nodes, packagers with their origins, switches; and its topology file."""

import random
from dataclasses import dataclass, field

from alerts.desk.alarms.correlation.topology import Node

SWITCH_PORTS = 8  # edges behind one switch
HEAD_ENDS = 4  # sites with packagers


@dataclass(frozen=True, slots=True)
class Packager:
    """A packager, the pair of origins that it feeds, and its channels."""

    node: Node
    origins: tuple[Node, Node]
    group: str
    channels: tuple[str, ...]


@dataclass(slots=True)
class Platform:
    """Everything by name. Each edge probes some channels, so each channel is seen by some edges."""

    sites: list[str] = field(default_factory=list)
    edges: list[Node] = field(default_factory=list)
    packagers: list[Packager] = field(default_factory=list)
    middleware: list[Node] = field(default_factory=list)
    switches: dict[str, list[Node]] = field(default_factory=dict)
    probes: dict[str, list[Node]] = field(default_factory=dict)  # the edges that show a channel
    _shown: dict[str, list[str]] = field(default_factory=dict)  # by edge, once all are known

    @property
    def nodes(self) -> list[Node]:
        """Return all nodes."""
        others = [node for one in self.packagers for node in (one.node, *one.origins)]
        return [*self.edges, *others, *self.middleware]

    def edges_of(self, site: str) -> list[Node]:
        """Return the edges of a site."""
        return [node for node in self.edges if node.site == site]

    def channels_of(self, edge: Node) -> list[str]:
        """Return what an edge probes."""
        if not self._shown:
            for channel, seen in self.probes.items():
                for node in seen:
                    self._shown.setdefault(node.name, []).append(channel)
        return self._shown.get(edge.name, [])

    def topology(self) -> str:
        """Return topology.toml."""
        lines = [f'[[site]]\nname = "{site}"\n' for site in self.sites]
        for site in self.sites:
            lines += [_element(f"power-{site}", "power", site), _element(f"uplink-{site}", "uplink", site)]
            lines += [_feeds(f"power-{site}", [f"site:{site}"]), _feeds(f"uplink-{site}", [f"site:{site}"])]
        for name, behind in self.switches.items():
            lines += [_element(name, "switch", behind[0].site), _feeds(name, [node.name for node in behind])]
        for one in self.packagers:
            members = [node.name for node in one.origins]
            lines.append(f'[[group]]\nname = "{one.group}"\nmembers = {members}\nneed = 1\n'.replace("'", '"'))
            lines += [_feeds(one.node.name, members), _feeds(one.group, ["role:edge"], one.channels)]
            for channel in one.channels:
                lines.append(_element(f"encoder-{channel}", "encoder", one.node.site))
                lines.append(_feeds(f"encoder-{channel}", [one.node.name], (channel,)))
        lines += [_feeds(node.name, ["role:edge"]) for node in self.middleware[:1]]
        return "\n".join(lines)


def build(dice: random.Random, *, sites: int, nodes: int, channels: int, probes: int) -> Platform:
    """Return a platform of about so many nodes; `probes` is how many channels each edge shows."""
    platform = Platform([f"site-{number:02d}" for number in range(1, sites + 1)])
    names = [f"ch{number:03d}" for number in range(1, channels + 1)]
    count = max(1, channels // 20)
    for number in range(count):
        site = platform.sites[number % min(HEAD_ENDS, sites)]
        pair = (Node(f"origin-{number + 1}a", site, "origin"), Node(f"origin-{number + 1}b", site, "origin"))
        packager = Node(f"packager-{number + 1}", site, "packager")
        platform.packagers.append(Packager(packager, pair, f"origins-{number + 1}", tuple(names[number::count])))
    platform.middleware = [Node(f"middleware-{number}", platform.sites[0], "middleware") for number in (1, 2)]
    for number in range(nodes - 3 * count - len(platform.middleware)):
        platform.edges.append(Node(f"edge-{number + 1}", platform.sites[number % sites], "edge"))
    for site in platform.sites:
        behind = platform.edges_of(site)[:SWITCH_PORTS]
        if len(behind) == SWITCH_PORTS:
            platform.switches[f"switch-{site}"] = behind
    seen: dict[str, set[str]] = {name: set() for name in names}
    for edge in platform.edges:
        for name in dice.sample(names, min(probes, len(names))):
            seen[name].add(edge.name)
    platform.probes = {name: [edge for edge in platform.edges if edge.name in seen[name]] for name in names}
    return platform


def _element(name: str, kind: str, site: str) -> str:
    return f'[[element]]\nname = "{name}"\nkind = "{kind}"\nsite = "{site}"\n'


def _feeds(source: str, targets: list[str], channels: tuple[str, ...] = ()) -> str:
    only = f"channels = {list(channels)}\n" if channels else ""
    return f'[[feeds]]\nfrom = "{source}"\nto = {targets}\n{only}'.replace("'", '"')
