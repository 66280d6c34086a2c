"""A platform of two sites, ten edges, an origin with a packager, and alarms on it."""

from datetime import UTC, datetime, timedelta

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.grouping import Candidate
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.lineup import Lineup
from alerts.desk.alarms.correlation.topology import Element, Group, Link, Node, Plan, Topology
from alerts.layers import load

START = datetime(2026, 1, 22, 3, 0, tzinfo=UTC)
EDGES = [Node(f"edge-{number}", "almaty" if number <= 5 else "astana", "edge") for number in range(1, 11)]
NODES = [
    *EDGES,
    Node("origin-1", "almaty", "origin"),
    Node("origin-2", "almaty", "origin"),
    Node("middleware-1", "almaty", "middleware"),
    Node("control-1", "almaty", "control"),
]
PLAN = Plan(
    {"almaty": "", "astana": ""},
    (Element("uplink-astana", "uplink", "astana"), Element("packager", "packager", "almaty")),
    (
        Link("uplink-astana", "site:astana"),
        Link("origins", "packager"),
        Link("packager", "role:edge"),
        Link("encoder-news", "packager", channels=("news",)),
        Link("middleware-1", "role:edge", layers=("quality",)),
    ),
    (Group("origins", ("origin-1", "origin-2"), 1),),
)
DECLARED = load()
CHANNELS = [f"ch{number:02d}" for number in range(1, 21)]
LINEUP = Lineup({(channel, site): 5 for channel in CHANNELS for site in ("almaty", "astana")})


def topology(plan: Plan = PLAN) -> Topology:
    return Topology(plan, NODES)


def explainer(*failing: str, plan: Plan = PLAN) -> Explainer:
    return Explainer(topology(plan), DECLARED, failing)


def alarm(name: str, layer: str, at: float = 0.0, **labels: str) -> Alarm:
    """Return an alarm; of a node that exists it has the site."""
    node = next((node for node in NODES if node.name == labels.get("node")), None)
    if node is not None:
        labels.setdefault("site", node.site)
    labels |= {"alertname": name, "layer": layer}
    key = "/".join(f"{one}={labels[one]}" for one in sorted(labels))
    return Alarm(key, labels, START + timedelta(seconds=at))


def stale(channel: str, node: str, at: float = 0.0) -> Alarm:
    return alarm("StreamStale", "stream", at, channel=channel, node=node)


def packager_down(at: float = 0.0) -> Alarm:
    return alarm("NodeProcessMissing", "service", at, element="packager", site="almaty")


def heard(alarms: list[Alarm], at: float = 0.0) -> list[Candidate]:
    return [Candidate(one, START + timedelta(seconds=at)) for one in alarms]


def open_one(one: Alarm, ticket: int = 1) -> Head:
    return Head(one, ticket=ticket)


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)
