"""Causes that have no alarm of their own, on a platform where not every node shows every channel."""

from datetime import timedelta

import pytest

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.common import Kin, Shape, families, wider
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.grouping import Candidate, decide
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.lineup import Lineup, read, together
from alerts.desk.alarms.correlation.texts import title
from alerts.desk.alarms.correlation.topology import Element, Group, Link, Node, Plan, Topology
from tests.unit.desk.correlation.platform import DECLARED, START, alarm

EDGES = [Node(f"edge-{number}", "north" if number <= 4 else "south", "edge") for number in range(1, 9)]
PACKAGERS = [Node(f"packager-{number}", "north", "packager") for number in (1, 2)]
ORIGINS = [Node(f"origin-{name}", "north", "origin") for name in ("1a", "1b", "2a", "2b")]
MIDDLEWARE = Node("middleware-1", "north", "middleware")
CHANNELS = [f"ch{number}" for number in range(1, 9)]
PLAN = Plan(
    {"north": "", "south": ""},
    (Element("switch-1", "switch", "south"),),
    (
        Link("switch-1", "edge-5"),
        Link("switch-1", "edge-6"),
        Link("switch-1", "edge-7"),
        *(Link("packager-1", name) for name in ("origin-1a", "origin-1b")),
        *(Link("packager-2", name) for name in ("origin-2a", "origin-2b")),
        Link("origins-1", "role:edge", channels=tuple(CHANNELS[:4])),
        Link("origins-2", "role:edge", channels=tuple(CHANNELS[4:])),
        Link("middleware-1", "role:edge"),
    ),
    (Group("origins-1", ("origin-1a", "origin-1b")), Group("origins-2", ("origin-2a", "origin-2b"))),
)
TOPOLOGY = Topology(PLAN, [*EDGES, *PACKAGERS, *ORIGINS, MIDDLEWARE])
# Each channel is watched by two edges of each site.
WATCHED = {
    name: [EDGES[first + (place + more) % 4] for first in (0, 4) for more in (0, 1)]
    for place, name in enumerate(CHANNELS)
}
SHOWN = {"alertname": "StreamStale", "layer": "stream", "site": "north"}
LINEUP = Lineup({(name, site): 2 for name in CHANNELS for site in ("north", "south")}, {edge.name: 4 for edge in EDGES})


def on(name: str, layer: str, node: str = "", **labels: str) -> Alarm:
    site = {one.name: one.site for one in TOPOLOGY.nodes.values()}.get(node, "")
    return alarm(name, layer, 0.0, **({"node": node, "site": site} if node else {}), **labels)


def stale(*channels: str) -> list[Alarm]:
    return [on("StreamStale", "stream", edge.name, channel=name) for name in channels for edge in WATCHED[name]]


def kin_of(alarms: list[Alarm], lineup: Lineup = LINEUP) -> list[Kin]:
    return [family.kin for family in families(alarms, TOPOLOGY, lineup)]


def test_a_channel_fails_at_its_source_where_most_of_those_fail_that_watch_it() -> None:
    assert kin_of(stale("ch1")) == [Kin(Shape.CHANNEL, channel="ch1")]
    assert kin_of(stale("ch1"), Lineup()) == [Kin(Shape.CHANNEL, channel="ch1")]  # half of all edges
    assert kin_of(stale("ch1")[:1]) == []
    assert kin_of(stale("ch1")[:2], Lineup({("ch1", "north"): 8, ("ch1", "south"): 8})) == []


def test_channels_that_come_from_one_packager_have_it_in_common_and_the_others_are_left_alone() -> None:
    (kin,) = kin_of(stale(*CHANNELS[:4]))
    assert (kin.shape, kin.above, kin.also) == (Shape.BELOW, "origins-1", "packager-1")
    assert kin.holds(stale("ch2")[0], TOPOLOGY)
    assert not kin.holds(stale("ch5")[0], TOPOLOGY)
    assert title(kin, ["edge-1"], {"en": "", "ru": ""}, TOPOLOGY)["en"] == (
        "Most channels from origins-1, packager-1 fail on 1 node of site north"
    )


@pytest.mark.parametrize(
    "kin",
    [
        Kin(Shape.CHANNEL, channel="ch1"),
        Kin(Shape.CHANNELS),
        Kin(Shape.BELOW, above="switch-1"),
        Kin(Shape.BELOW, above="switch-1", name="NodeDown"),
        Kin(Shape.PEERS, name="NodeDown", role="edge"),
    ],
)
def test_a_title_names_the_site_that_all_nodes_are_of(kin: Kin) -> None:
    first = {"en": "down", "ru": "нет"}
    here = title(kin, ["edge-1", "edge-2"], first, TOPOLOGY)
    assert "2 nodes of site north" in here["en"]
    assert "узлов: 2, площадка north" in here["ru"]
    assert "site" not in title(kin, ["edge-1", "edge-5"], first, TOPOLOGY)["en"]
    one_site = Topology(Plan(), [node for node in TOPOLOGY.nodes.values() if node.site == "north"])
    assert "site" not in title(kin, ["edge-1", "edge-2"], first, one_site)["en"]  # there is no other one


def test_all_channels_name_nothing_that_feeds_only_some() -> None:
    assert [kin.shape for kin in kin_of(stale(*CHANNELS))] == [Shape.BELOW, Shape.BELOW]
    (kin,) = kin_of(stale(*CHANNELS), Lineup())
    assert kin.shape is Shape.CHANNELS


def test_the_same_alarm_on_all_nodes_behind_a_switch_is_the_switch() -> None:
    down = [on("NodeDown", "node", f"edge-{number}") for number in (5, 6, 7)]
    (kin,) = kin_of(down)
    assert (kin.shape, kin.above, kin.name) == (Shape.BELOW, "switch-1", "NodeDown")
    assert "switch-1" in title(kin, ["edge-5", "edge-6", "edge-7"], {"en": "down", "ru": "нет"}, TOPOLOGY)["ru"]
    assert kin_of(down[:2]) == []
    assert [one.shape for one in kin_of([*down, on("NodeDown", "node", "edge-8")])] == [Shape.PEERS]  # of a site
    full = [on("NodeDiskFull", "node", f"edge-{number}") for number in (5, 6, 7)]
    assert [one.shape for one in kin_of(full)] == [Shape.PEERS]


def test_two_sites_with_the_same_fault_are_two_causes_and_a_node_elsewhere_is_neither() -> None:
    sites = [f"site-{number}" for number in range(1, 7)]
    edges = [Node(f"{site}-edge-{number}", site, "edge") for site in sites for number in range(4)]
    topology = Topology(Plan(dict.fromkeys(sites, "")), edges)
    failing = [edge for edge in edges if edge.site in sites[:2]] + [edges[-1]]
    alarms = [alarm("EdgeErrorRatioHigh", "service", 0.0, node=edge.name, site=edge.site) for edge in failing]
    found = families(alarms, topology, LINEUP)
    assert [(family.kin.shape, family.kin.site, len(family.members)) for family in found] == [
        (Shape.PEERS, "site-1", 4),
        (Shape.PEERS, "site-2", 4),
    ]


def test_what_describes_more_takes_the_place_of_what_describes_less() -> None:
    channel, below, channels = (Kin(shape) for shape in (Shape.CHANNEL, Shape.BELOW, Shape.CHANNELS))
    assert wider(channel, below) is below
    assert wider(below, channels) is channels
    assert wider(channels, below) is channels


def test_silence_that_spreads_is_the_switch_once_all_nodes_behind_it_are_silent() -> None:
    first, *rest = [on("NodeDown", "node", f"edge-{number}") for number in (5, 6, 7)]
    head = Head(first, ticket=1, members=[first, rest[0]], kin=Kin(Shape.PEERS, name="NodeDown", role="edge"))
    explainer = Explainer(TOPOLOGY, DECLARED)
    decisions = decide([head], [Candidate(rest[1], START)], explainer, START, LINEUP)
    assert [one.head for one in decisions.attached] == [head]
    assert head.kin == Kin(Shape.BELOW, name="NodeDown", above="switch-1")


def explains(cause: Alarm, effect: Alarm, *failing: str) -> bool:
    return Explainer(TOPOLOGY, DECLARED, failing).explains(cause, effect)


def test_what_feeds_both_origins_explains_what_they_feed_and_one_origin_does_not() -> None:
    effect = stale("ch1")[0]
    assert explains(on("NodeProcessMissing", "service", "packager-1"), effect)
    assert explains(on("SiteDown", "network", site="north"), effect)
    assert not explains(on("NodeProcessMissing", "service", "packager-2"), effect)
    assert not explains(on("NodeDown", "node", "origin-1a"), effect, "origin-1a")
    assert explains(on("NodeDown", "node", "origin-1a"), effect, "origin-1a", "origin-1b")


def test_a_program_that_ends_on_an_edge_is_not_the_packagers_fault() -> None:
    effect = on("NodeProcessMissing", "service", "edge-1")
    assert not explains(on("NodeProcessMissing", "service", "packager-1"), effect)
    assert explains(on("SiteDown", "network", site="north"), effect)


def test_the_middleware_stops_no_picture_and_costs_viewers() -> None:
    down = on("NodeDown", "node", "middleware-1")
    assert not explains(down, stale("ch1")[0])
    assert explains(down, on("EdgeSessionsLost", "quality", "edge-1", service="ott"))


@pytest.mark.parametrize(("site", "some", "fits"), [("north", "edge-1", True), ("", "edge-1", False)])
def test_one_edge_explains_a_collapse_only_where_it_is_a_fourth_of_what_is_counted(
    site: str, some: str, fits: bool
) -> None:
    collapsed = on("TrafficCollapsed", "quality", **({"site": site} if site else {}), service="ott")
    assert explains(on("NodeDown", "node", some), collapsed) is fits
    assert explains(on("SiteDown", "network", site="north"), collapsed)


def test_thousands_of_effects_without_a_cause_are_decided_about_at_once() -> None:
    nodes = [Node(f"e{number}", "north", "edge") for number in range(100)]
    lineup = Lineup({(f"c{number}", "north"): 100 for number in range(50)})
    many = [
        Candidate(Alarm(f"{node.name}/{channel}", SHOWN | {"node": node.name, "channel": channel}, START), START)
        for node in nodes
        for channel, _ in lineup.observers
    ]
    explainer = Explainer(Topology(Plan({"north": ""}), nodes), DECLARED)
    decisions = decide((), many, explainer, START + timedelta(seconds=20), lineup)
    assert (len(decisions.opened), len(decisions.attached)) == (1, len(many) - 1)


def test_several_looks_are_one_as_long_as_something_may_be_silent() -> None:
    before = read([({"channel": "a", "site": "s"}, 5.0)], [({"node": "n"}, 2.0)])
    now = read([({"channel": "a", "site": "s"}, 1.0), ({"channel": "b", "site": "t"}, 1.0)], [])
    both = together([before, now])
    assert (both.channels, both.count(), both.count("t"), both.watching("a"), both.on_node["n"]) == (
        ["a", "b"],
        2,
        1,
        5,
        2,
    )
