"""The correlation of a running desk: the plan of the platform, the nodes that exist, and what follows from them."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.grouping import failing_places
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.lineup import BY_NODE, QUERY, Lineup, read, together
from alerts.desk.alarms.correlation.plan import load
from alerts.desk.alarms.correlation.topology import Node, Plan, Topology
from alerts.layers import load as load_layers
from service.prometheus import Sample

NODES = 'group by (node, site, role) (up{node!=""})'
# Tickets are brought to what follows from all alarms together once none came for so long, at last after so long.
QUIET, AT_LAST = timedelta(seconds=60), timedelta(seconds=600)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LOOKS = 20  # as many answers about channels are kept: ten minutes

Query = Callable[[str], Sequence[Sample]]


@dataclass(slots=True)
class Unsettled:
    """Since when something was decided that may look different once all is known; a start counts as that."""

    first: datetime | None = _LONG_AGO
    last: datetime = _LONG_AGO

    def note(self, now: datetime) -> None:
        """Remember that something was decided."""
        self.first = now if self.first in (None, _LONG_AGO) else self.first
        self.last = now

    def due(self, now: datetime) -> bool:
        """Return whether it has been quiet for long enough, or has not been for too long."""
        return self.first is not None and (now - self.last >= QUIET or now - self.first >= AT_LAST)


class Correlator:
    """Shared by requests and workers; a new topology takes the place of the old one in one assignment."""

    def __init__(self, plan: Plan) -> None:
        self._layers = load_layers()
        self._plan = plan
        self._nodes: dict[str, Node] = {}
        self._looks = deque[Lineup](maxlen=LOOKS)
        self.lineup = Lineup()
        self.learned: datetime | None = None  # when the nodes were asked for
        self.unsettled = Unsettled()
        self.topology = Topology(plan, ())

    def explainer(self, heads: Iterable[Head], alarms: Iterable[Alarm] = ()) -> Explainer:
        """Return what explains what while these tickets are open and these alarms fire besides."""
        return Explainer(self.topology, self._layers, failing_places(heads, alarms))

    def learned_since(self, moment: datetime) -> bool:
        """Return whether the nodes were asked for since a moment."""
        return self.learned is not None and self.learned >= moment

    def replace(self, plan: Plan) -> None:
        """Take a plan that was read again."""
        self._plan = plan
        self.topology = Topology(plan, self._nodes.values())

    def learn(self, query: Query) -> None:
        """Ask Prometheus which nodes and channels exist; raise what it raises, and keep what was known."""
        found = [
            Node(one.labels["node"], one.labels.get("site", ""), one.labels.get("role", "")) for one in query(NODES)
        ]
        self._looks.append(read(_told(query(QUERY)), _told(query(BY_NODE))))
        self.lineup = together(self._looks)
        self._know(found)

    def _know(self, nodes: Iterable[Node]) -> None:
        """Remember nodes; one that is not there any more may be what fails, so it stays until the next start."""
        # Of several roles, such as a program beside the agent, the agent's own is the last of the alphabet that counts.
        known = self._nodes | {node.name: node for node in sorted(nodes, key=lambda one: (one.name, one.role))}
        if known != self._nodes:
            self._nodes = known
            self.topology = Topology(self._plan, known.values())


def _told(samples: Sequence[Sample]) -> list[tuple[Mapping[str, str], float]]:
    return [(one.labels, one.value) for one in samples]


def plan_of(path: Path | None) -> Plan:
    """Return the plan of the settings' file, or the default where there is none; raise SettingsError."""
    return Plan(by_default=True) if path is None else load(path)
