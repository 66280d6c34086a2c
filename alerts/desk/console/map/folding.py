"""The topology as a picture has it: many nodes in one box, where there are too many to be read."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.desk.alarms.correlation.topology import Topology
from alerts.desk.console.map.states import Condition, State

FEW = 30  # places that are drawn one by one on the map of the whole platform
ALIKE = 8  # nodes of one role at a site that are drawn one by one
ILL = 12  # nodes in trouble that are drawn beside the box of their role
MOST = 400  # boxes of one picture


@dataclass(frozen=True, slots=True)
class Vertex:
    """A box: one place, or a site or role with the places in it."""

    key: str
    kind: str  # node, element, group, site, role
    name: str
    site: str = ""
    role: str = ""  # a node's role, an element's kind
    members: Sequence[str] = ()  # places that are folded into it
    need: int = 0  # of a group


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, and arrows from cause to effect between their keys."""

    vertices: Mapping[str, Vertex]
    arrows: frozenset[tuple[str, str]]
    left_out: int = 0


@dataclass(slots=True)
class _Drawing:
    vertices: dict[str, Vertex] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)  # place -> key of the box that it is in

    def put(self, vertex: Vertex, places: Iterable[str]) -> None:
        self.vertices[vertex.key] = vertex
        for place in places:
            self.home[place] = vertex.key


def sites_of(topology: Topology) -> list[str]:
    """Return the sites by name."""
    nodes = {node.site for node in topology.nodes.values()}
    elements = {element.site for element in topology.elements.values()}
    return sorted({*topology.plan.sites, *nodes, *elements} - {""})


def platform(topology: Topology) -> Picture:
    """Return the whole platform: every place where they are few, else its sites."""
    if len(topology.nodes) + len(topology.elements) <= FEW:
        return _picture(topology, _one_by_one(topology))
    drawing = _Drawing()
    for site in sites_of(topology):
        members = [
            *(node.name for node in topology.nodes.values() if node.site == site),
            *(element.name for element in topology.elements.values() if element.site == site),
        ]
        drawing.put(Vertex(f"site:{site}", "site", site, site, members=members), [f"site:{site}", *members])
    _elements(drawing, topology, lambda site: not site)
    _bundles(drawing, topology, "", {}, ALIKE)
    return _picture(topology, drawing)


def site(topology: Topology, name: str, known: Mapping[str, State]) -> Picture:
    """Return a site: its elements, its nodes or their roles, and what it exchanges effects with."""
    drawing = _Drawing()
    drawing.put(Vertex(f"site:{name}", "site", name, name), [f"site:{name}"])
    _elements(drawing, topology, lambda site: site == name)
    _bundles(drawing, topology, name, known, ALIKE)
    inside = set(drawing.vertices)
    for other in sites_of(topology):
        if other != name:
            members = [
                *(node.name for node in topology.nodes.values() if node.site == other),
                *(element.name for element in topology.elements.values() if element.site == other),
            ]
            drawing.put(Vertex(f"site:{other}", "site", other, other, members=members), [f"site:{other}", *members])
    _elements(drawing, topology, lambda site: not site)
    whole = _picture(topology, drawing)
    arrows = frozenset((one, other) for one, other in whole.arrows if one in inside or other in inside)
    touched = inside | {key for arrow in arrows for key in arrow}
    return Picture({key: vertex for key, vertex in whole.vertices.items() if key in touched}, arrows)


def role(topology: Topology, name: str, wanted: str, known: Mapping[str, State]) -> Picture:
    """Return all nodes of a role at a site, the worst first, without arrows."""
    nodes = [node for node in topology.nodes.values() if (node.site, node.role) == (name, wanted)]
    nodes.sort(key=lambda node: (known[node.name].rank, node.name))
    shown = {node.name: Vertex(node.name, "node", node.name, node.site, node.role) for node in nodes[:MOST]}
    return Picture(shown, frozenset(), max(len(nodes) - MOST, 0))


def _one_by_one(topology: Topology) -> _Drawing:
    drawing = _Drawing()
    for name in sites_of(topology):
        drawing.put(Vertex(f"site:{name}", "site", name, name), [f"site:{name}"])
    _elements(drawing, topology, lambda _: True)
    for node in topology.nodes.values():
        drawing.put(Vertex(node.name, "node", node.name, node.site, node.role), [node.name])
    return drawing


def _elements(drawing: _Drawing, topology: Topology, wanted: Callable[[str], bool]) -> None:
    for element in topology.elements.values():
        if wanted(element.site):
            drawing.put(Vertex(element.name, "element", element.name, element.site, element.kind), [element.name])


def _bundles(drawing: _Drawing, topology: Topology, name: str, known: Mapping[str, State], alike: int) -> None:
    """Put the nodes of a site: one by one where a role has few, else one box for the role, and those in trouble."""
    by_role: dict[str, list[str]] = {}
    for node in topology.nodes.values():
        if node.site == name:
            by_role.setdefault(node.role, []).append(node.name)
    for wanted, nodes in sorted(by_role.items()):
        ill = sorted((one for one in nodes if _ill(known, one)), key=lambda one: (known[one].rank, one))[:ILL]
        alone = nodes if len(nodes) <= alike else ill
        for one in sorted(alone):
            drawing.put(Vertex(one, "node", one, name, wanted), [one])
        rest = [one for one in nodes if one not in set(alone)]
        if rest:
            drawing.put(Vertex(f"role:{wanted}", "role", wanted, name, wanted, members=rest), rest)


def _ill(known: Mapping[str, State], name: str) -> bool:
    return name in known and known[name].condition in (Condition.FAULT, Condition.SILENT)


def _picture(topology: Topology, drawing: _Drawing) -> Picture:
    for group in topology.groups.values():
        homes = {drawing.home.get(member) for member in group.members} - {None}
        if len(homes) > 1:
            drawing.put(Vertex(group.name, "group", group.name, members=group.members, need=group.need), [group.name])
            for member in group.members:
                drawing.home.setdefault(member, group.name)
        elif homes:
            drawing.home[group.name] = next(iter(homes)) or ""
    links = {(source, place) for place in topology.places() for source in topology.sources(place)} | {
        (member, group.name) for group in topology.groups.values() for member in group.members
    }
    arrows = {(drawing.home[one], drawing.home[other]) for one, other in links if {one, other} <= drawing.home.keys()}
    return Picture(drawing.vertices, _shortest({(one, other) for one, other in arrows if one != other}))


def _shortest(arrows: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the arrows without those that a longer way says too; in a circle of folded boxes all stay."""
    after: dict[str, set[str]] = {}
    for one, other in arrows:
        after.setdefault(one, set()).add(other)
    reach = {key: _reached(after, key) for key in after}
    return frozenset((one, other) for one, other in arrows if not _implied(one, other, after, reach))


def _implied(one: str, other: str, after: Mapping[str, set[str]], reach: Mapping[str, set[str]]) -> bool:
    """Return whether a way over another box leads there too; boxes of one circle imply nothing of each other."""
    beyond = reach.get(other, set[str]())
    return any(
        other in reach.get(step, ()) and one not in reach[step] and step not in beyond for step in after[one] - {other}
    )


def _reached(after: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = [*after.get(start, ())]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending += after.get(key, ())
    return found


def tally(vertex: Vertex, known: Mapping[str, State]) -> Counter[Condition]:
    """Return how many of the places in a box are in which state."""
    return Counter(known[name].condition for name in vertex.members if name in known)


def worst(vertex: Vertex, known: Mapping[str, State]) -> State:
    """Return the state of a box: its own, or the worst of what is in it; a group fails when too few members live."""
    if vertex.kind == "group":
        ill = [known[one] for one in vertex.members if _ill(known, one)]
        failed = len(vertex.members) - len(ill) < vertex.need
        return min(ill, key=lambda state: state.rank) if failed and ill else State(Condition.WELL)
    own = [known[vertex.key]] if vertex.key in known else []
    folded = [known[name] for name in vertex.members if name in known]
    least = State(Condition.QUIET)
    return min((*own, *folded), key=lambda state: state.rank, default=least)
