"""The map: states of places, folding at a thousand nodes, where boxes and arrows go, what the page says."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Element, Group, Link, Node, Plan, Topology
from alerts.desk.console.map import folding
from alerts.desk.console.map.layout import HEIGHT, ROWS, WIDTH, layout
from alerts.desk.console.map.states import Condition, State, Trouble, states
from alerts.desk.works.works import Scope, Works
from service.prometheus import Sample
from tests.unit.desk.console_desk import NOON, Hall
from tests.unit.desk.correlation.platform import NODES, topology
from tests.unit.desk.platform_stand_in import node, present, stand_in

WELL = State(Condition.WELL)
SITES = [f"site-{number:02}" for number in range(20)]


def large() -> Topology:
    """Return 20 sites of 50 nodes: two origins, a middleware and edges; the first two sites feed all others."""
    nodes = [
        Node(f"{role}-{site[5:]}-{number:02}", site, role)
        for site in SITES
        for role, count in (("origin", 2), ("middleware", 1), ("edge", 47))
        for number in range(count)
    ]
    elements = tuple(Element(f"uplink-{site[5:]}", "uplink", site) for site in SITES)
    feeds = [Link(f"uplink-{site[5:]}", f"site:{site}") for site in SITES]
    feeds += [Link("origin-00-*", "role:edge"), Link("origin-01-*", "role:edge"), Link("grid", "site:site-0*")]
    groups = (Group("origins", ("origin-00-00", "origin-01-00"), 1),)
    return Topology(Plan(dict.fromkeys(SITES, ""), (*elements, Element("grid", "power")), tuple(feeds), groups), nodes)


def calm(there: Topology) -> dict[str, State]:
    return dict.fromkeys(there.nodes, WELL) | {name: State(Condition.QUIET) for name in there.elements}


def test_a_small_platform_is_drawn_place_by_place() -> None:
    picture = folding.platform(topology())
    assert {"edge-1", "edge-10", "packager", "site:astana", "origins", "origin-1"} <= set(picture.vertices)
    assert ("uplink-astana", "site:astana") in picture.arrows
    assert ("site:astana", "edge-6") in picture.arrows
    assert {("origin-1", "origins"), ("origin-2", "origins"), ("origins", "packager")} <= picture.arrows
    assert ("site:almaty", "packager") not in picture.arrows


def test_what_a_longer_way_says_is_drawn_once() -> None:
    chain = Topology(Plan(feeds=(Link("a", "b"), Link("b", "c"), Link("a", "c"))), [Node(name) for name in "abc"])
    assert folding.platform(chain).arrows == {("a", "b"), ("b", "c")}


def test_a_thousand_nodes_are_twenty_sites_and_a_site_is_its_roles() -> None:
    there = large()
    assert len(there.nodes) == 1000
    whole = folding.platform(there)
    assert len(whole.vertices) == 22
    assert {vertex.kind for vertex in whole.vertices.values()} == {"site", "element", "group"}
    assert ("grid", "site:site-00") in whole.arrows
    one = folding.site(there, "site-05", calm(there))
    assert {"role:edge", "origin-05-00", "origin-05-01", "middleware-05-00", "uplink-05"} <= set(one.vertices)
    assert len(one.vertices["role:edge"].members) == 47
    assert ("site:site-00", "role:edge") in one.arrows
    edges = folding.role(there, "site-05", "edge", calm(there))
    assert len(edges.vertices) == 47
    assert edges.arrows == frozenset()


def test_who_is_in_trouble_stands_beside_the_role() -> None:
    there = large()
    known = calm(there) | {"edge-05-07": State(Condition.FAULT, "critical", 3), "edge-05-08": State(Condition.SILENT)}
    picture = folding.site(there, "site-05", known)
    assert {"edge-05-07", "edge-05-08"} <= set(picture.vertices)
    assert len(picture.vertices["role:edge"].members) == 45
    whole = folding.platform(there)
    assert folding.worst(whole.vertices["site:site-05"], known) == known["edge-05-07"]
    assert folding.tally(whole.vertices["site:site-05"], known)[Condition.SILENT] == 1
    assert folding.worst(whole.vertices["site:site-06"], known).condition is Condition.QUIET


def test_a_group_fails_when_too_few_members_live() -> None:
    picture = folding.platform(topology())
    group = picture.vertices["origins"]
    down = State(Condition.FAULT, "critical", 1)
    assert folding.worst(group, {"origin-1": down, "origin-2": WELL}) == WELL
    assert folding.worst(group, {"origin-1": down, "origin-2": State(Condition.SILENT)}) == down


def test_boxes_do_not_overlap_and_causes_are_left_of_effects() -> None:
    there = large()
    for picture in (
        folding.platform(topology()),
        folding.platform(there),
        folding.site(there, "site-00", calm(there)),
        folding.role(there, "site-00", "edge", calm(there)),
    ):
        found = layout(picture, dict.fromkeys(picture.vertices, 0))
        assert set(found.corners) == set(picture.vertices)
        corners = sorted(found.corners.values())
        for x, y in corners:
            assert 0 <= x <= found.width - WIDTH
            assert 0 <= y <= found.height - HEIGHT
            near = [(a, b) for a, b in corners if abs(a - x) < WIDTH and abs(b - y) < HEIGHT]
            assert near == [(x, y)]
        assert found.height <= (ROWS + 1) * (HEIGHT + 12)
        both_ways = {arrow for arrow in picture.arrows if arrow[::-1] in picture.arrows}
        for one, other in picture.arrows - both_ways:
            assert found.corners[one][0] < found.corners[other][0], (one, other)


def test_a_circle_of_folded_sites_is_drawn() -> None:
    nodes = [Node(f"{role}-{site}", site, role) for site in "ab" for role in ("origin", "edge")]
    extra = [Node(f"more-{number}", "a", "edge") for number in range(folding.FEW)]
    feeds = (Link("origin-a", "edge-b"), Link("origin-b", "edge-a"))
    picture = folding.platform(Topology(Plan(feeds=feeds), [*nodes, *extra]))
    assert picture.arrows == {("site:a", "site:b"), ("site:b", "site:a")}
    assert len(layout(picture, dict.fromkeys(picture.vertices, 0)).corners) == 2


def test_states_come_from_tickets_then_answers_then_works() -> None:
    there = topology()
    answers = present(NOON, nodes=[node("edge-1"), node("edge-2", 0), node("edge-3", 0), node("edge-4", 0)])
    works = Works("x", Scope(elements=("edge-4",)), NOON, NOON, "UTC", number=7)
    found = [
        Trouble("edge-1", "major", 5, effect=False),
        Trouble("edge-1", "critical", 6, effect=True),
        Trouble("edge-3", "critical", 6, effect=True),
        Trouble("unheard-of", "minor", 8, effect=False),
    ]
    known = states(there, found, answers, [works])
    assert known["edge-1"] == State(Condition.FAULT, "major", 5)
    assert known["edge-2"] == State(Condition.SILENT)
    assert known["edge-3"] == State(Condition.EFFECT, "", 6)
    assert known["edge-4"] == State(Condition.WORKS, works=7)
    assert known["edge-5"] == State(Condition.UNKNOWN)
    assert known["packager"] == State(Condition.QUIET)
    assert known["unheard-of"].ticket == 8


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("aria-label"):
            self.found.append((values["aria-label"] or "", values.get("href") or ""))


def know(hall: Hall, plan: Plan, nodes: list[Node]) -> None:
    correlator = Correlator(plan)
    samples = [Sample({"node": each.name, "site": each.site, "role": each.role}, 1.0) for each in nodes]
    correlator.learn(lambda query: samples if "up{" in query else [])
    hall.machine.app.state.correlator = correlator


def test_the_page_says_states_in_words_and_leads_to_tickets(control_room: Hall) -> None:
    know(control_room, topology().plan, NODES)
    stand_in(control_room).tell(present(NOON, nodes=[node(each.name, site=each.site) for each in NODES]))
    control_room.alarm(node="edge-1", site="almaty", severity="critical")
    for language, fault, well, site in (
        ("en", "critical, ticket 1", "works", "site almaty"),
        ("ru", "билет 1", "работает", "площадка almaty"),
    ):
        text = control_room.person("viewer", language=language).get("/map").text
        labels = Links(text).found
        assert [address for label, address in labels if label.startswith("edge-1,")] == ["/ticket/1"]
        assert any(label.startswith("edge-1,") and fault in label for label, _ in labels)
        assert any(label.startswith("edge-2,") and well in label and "/?node=edge-2" in to for label, to in labels)
        svg = re.search(r"<svg.*?</svg>", text, re.DOTALL)
        assert svg
        ElementTree.fromstring(svg[0])
        assert "style=" not in text
        table = text[text.index('aria-labelledby="ill"') :]
        assert site in table
        assert "site:" not in table


def test_a_large_platform_unfolds_by_links(control_room: Hall) -> None:
    there = large()
    know(control_room, there.plan, list(there.nodes.values()))
    stand_in(control_room).tell(present(NOON, nodes=[node(name, site=one.site) for name, one in there.nodes.items()]))
    reader = control_room.person("viewer")
    text = reader.get("/map").text
    assert text.count('class="box ') == 22
    assert len(text) < 100_000
    label, address = next(each for each in Links(text).found if each[0].startswith("site-05"))
    assert address == "/map?site=site-05"
    assert "50 nodes" in label or "51 nodes" in label
    inside = reader.get(address)
    assert any(to == "/map?site=site-05&role=edge" for _, to in Links(inside.text).found)
    assert reader.get("/map?site=site-05&role=edge").text.count('class="box ') == 47
    assert reader.get("/map?site=nowhere").status_code == 404
    assert 'id="live"' in reader.get("/map/part?site=site-05").text


def test_a_platform_that_nobody_knows_is_said_so(control_room: Hall) -> None:
    text = control_room.person("viewer").get("/map").text
    assert "Nothing is known yet" in text
    assert "<svg" not in text
