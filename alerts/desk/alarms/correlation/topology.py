"""What feeds what on a platform: sites, nodes, elements without an agent, redundancy groups.

Names of nodes, elements and groups share one namespace; a site is written "site:NAME". A link leads from cause to
effect: if `source` fails, `target` cannot work, maybe only for some channels or services. A group fails when fewer
than `need` of its members live.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from alerts.desk.core.wildcard import matches

ROLES_BY_DEFAULT = (
    # Without a topology file: an origin or packager feeds every edge, a database its middleware. What the middleware
    # feeds is who may watch, not what is streamed.
    ("origin", "edge", ()),
    ("packager", "origin", ()),
    ("packager", "edge", ()),
    ("head-end", "packager", ()),
    ("database", "middleware", ()),
    ("middleware", "edge", ("quality",)),
)


@dataclass(frozen=True, slots=True)
class Node:
    """A node as Prometheus's targets name it."""

    name: str
    site: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """A part of the platform that has no agent."""

    name: str
    kind: str = "other"
    site: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which `need` must live."""

    name: str
    members: tuple[str, ...]
    need: int = 1


@dataclass(frozen=True, slots=True)
class Link:
    """One arrow from cause to effect; patterns may hold `*`. No patterns: everything."""

    source: str
    target: str
    channels: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()  # the effects that it carries; empty: all

    def carries(self, channel: str, service: str, layer: str) -> bool:
        """Return whether an effect with these labels may have come along this link."""
        return (
            (not self.layers or layer in self.layers)
            and (not self.channels or any(matches(channel, pattern) for pattern in self.channels))
            and (not self.services or not service or any(matches(service, pattern) for pattern in self.services))
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What the topology file says; the nodes come from the targets."""

    sites: Mapping[str, str] = field(default_factory=dict)  # name -> parent, or ""
    elements: tuple[Element, ...] = ()
    feeds: tuple[Link, ...] = ()  # as written: targets may be "site:…", "role:…" or hold `*`
    groups: tuple[Group, ...] = ()
    by_default: bool = False  # there is no file: what the roles say counts


class Topology:
    """A plan filled with the nodes that exist; answers what lies upstream of what."""

    def __init__(self, plan: Plan, nodes: Iterable[Node]) -> None:
        self.plan = plan
        self.nodes = {node.name: node for node in nodes}
        self.elements = {element.name: element for element in plan.elements}
        self.groups = {group.name: group for group in plan.groups}
        self._upstream: dict[str, list[Link]] = {}
        for link in self._links():
            self._upstream.setdefault(link.target, []).append(link)
        self.ancestors = lru_cache(maxsize=50_000)(self._ancestors)
        self.below = lru_cache(maxsize=1_000)(self._nodes_below)

    def _links(self) -> Iterable[Link]:
        for name, parent in self.plan.sites.items():
            if parent:
                yield Link(f"site:{parent}", f"site:{name}")
        for node in self.nodes.values():
            if node.site:
                yield Link(f"site:{node.site}", node.name)
        for feed in self.plan.feeds:
            for source in self.resolve(feed.source):
                for target in self.resolve(feed.target):
                    if source != target:
                        yield Link(source, target, feed.channels, feed.services, feed.layers or self._kept(source))
        if self.plan.by_default:
            yield from self._by_roles()

    def _kept(self, source: str) -> tuple[str, ...]:
        """Return the effects that a node of this role can have by what the roles say; empty: all."""
        role = self.nodes[source].role if source in self.nodes else ""
        return next((layers for one, _, layers in ROLES_BY_DEFAULT if one == role), ())

    def _by_roles(self) -> Iterable[Link]:
        by_role: dict[str, list[str]] = {}
        for node in self.nodes.values():
            by_role.setdefault(node.role, []).append(node.name)
        for source, target, layers in ROLES_BY_DEFAULT:
            for one in by_role.get(source, ()):
                yield from (Link(one, other, layers=layers) for other in by_role.get(target, ()))

    def sources(self, place: str) -> list[str]:
        """Return what feeds a place directly; a group depends on its members."""
        members = self.groups[place].members if place in self.groups else ()
        return [*(link.source for link in self._upstream.get(place, ())), *members]

    def counted(self, site: str) -> list[str]:
        """Return the nodes that viewers of a site, or of the platform, are counted on: edges, or all without any."""
        here = [node for node in self.nodes.values() if site in ("", node.site)]
        return [node.name for node in here if node.role == "edge"] or [node.name for node in here]

    def _nodes_below(self, place: str) -> frozenset[str]:
        """Return the nodes that have a place above them."""
        return frozenset(node for node in self.nodes if place in self.ancestors(node, "", "", ""))

    def places(self) -> list[str]:
        """Return every place that something feeds."""
        return sorted({*self._upstream, *self.groups})

    def resolve(self, name: str) -> list[str]:
        """Return the things that a name in the file stands for, in a stable order."""
        if name.startswith("role:"):
            return sorted(node.name for node in self.nodes.values() if matches(node.role, name[5:]))
        if name.startswith("site:"):
            sites = {*self.plan.sites, *(node.site for node in self.nodes.values() if node.site)}
            return sorted(f"site:{site}" for site in sites if matches(site, name[5:]))
        if "*" in name:
            known = (*self.nodes, *self.elements, *self.groups)
            return sorted(one for one in known if matches(one, name))
        return [name]

    def _ancestors(self, place: str, channel: str, service: str, layer: str) -> frozenset[str]:
        """Return everything whose failure can be the cause of an alarm there, groups by their own name."""
        return frozenset(self._climb(place, (channel, service, layer), frozenset()))

    def _climb(self, place: str, effect: tuple[str, str, str], inside: frozenset[str]) -> set[str]:
        """Return what lies above a place; `inside` are groups whose members are looked at already."""
        found: set[str] = set()
        pending = [place]
        while pending:
            here = pending.pop()
            sources = [link.source for link in self._upstream.get(here, ()) if link.carries(*effect)]
            if here in self.groups and here not in inside:
                sources += self._of_members(self.groups[here], effect, inside | {here})
            for source in sources:
                if source not in found:
                    found.add(source)
                    pending.append(source)
        return found

    def _of_members(self, group: Group, effect: tuple[str, str, str], inside: frozenset[str]) -> list[str]:
        """Return what takes too many members of a group along when it fails."""
        above = Counter(one for member in group.members for one in self._climb(member, effect, inside))
        return [one for one, members in above.items() if len(group.members) - members < group.need]

    def failed_groups(self, failing: Iterable[str]) -> frozenset[str]:
        """Return the groups of which too few members live while these elements fail."""
        down = set(failing)
        return frozenset(
            group.name
            for group in self.groups.values()
            if sum(member not in down for member in group.members) < group.need
        )

    def peers(self, node: str, site: str = "") -> list[str]:
        """Return the nodes of the same role, of one site or of all."""
        role = self.nodes[node].role if node in self.nodes else ""
        return [other.name for other in self.nodes.values() if role and other.role == role and site in ("", other.site)]
