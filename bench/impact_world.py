"""Outages with a ledger of every viewer's answers, and what Prometheus would have recorded of them.

Viewers ask their edge for something every few seconds. An edge dies, a site is cut off, or a server ends while its
agent goes on; some viewers go on at another edge, the others wait and return. What the rules record is counted by the
published definition of a session: who had an answer within the idle timeout, at each evaluation, of what was scraped.
"""

import random
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.desk.alarms.correlation.topology import Node
from service.prometheus import Sample, Series, Window

EVALUATION, LOOKBACK = 5.0, 300.0
IDLE_TIMEOUT = 30.0
ASKS = (2.0, 6.0)  # seconds between two answers of a viewer
NODES = tuple(Node(f"edge-{number}", "north" if number < 4 else "south", "edge") for number in range(1, 7))
_MATCHER = re.compile(r'(\w+)(=~|!~)"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Outage:
    """What fails, from when to when; seconds since the epoch."""

    kind: str  # "node", "site" or "server"
    nodes: frozenset[str]
    begin: float
    end: float
    goes_on: float  # the share of its viewers that go on at another edge

    @property
    def silent(self) -> bool:
        """Return whether the nodes are not scraped any more."""
        return self.kind != "server"


@dataclass(slots=True)
class Viewer:
    """The answers that a viewer got, with the edge that gave each."""

    times: list[float] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)

    def watch(self, dice: random.Random, edge: str, begin: float, end: float) -> None:
        """Ask one edge from a moment to another."""
        at = begin
        while at < end:
            self.times.append(at)
            self.edges.append(edge)
            at += dice.uniform(*ASKS)

    def at(self, moment: float) -> dict[str, float]:
        """Return the edges that count the viewer at a moment."""
        last = bisect_right(self.times, moment)
        first = bisect_right(self.times, moment - IDLE_TIMEOUT)
        return {self.edges[place]: self.times[place] for place in range(first, last)}

    def without(self, begin: float, end: float) -> float:
        """Return the seconds in an outage that went by without an answer though one was due."""
        lost, last = 0.0, bisect_right(self.times, begin)
        for place in range(max(1, last), len(self.times) + 1):
            due = self.times[place - 1] + ASKS[1]
            came = self.times[place] if place < len(self.times) else end
            if due >= end:
                break
            lost += max(0.0, min(came, end) - max(due, begin))
        return lost


def happen(dice: random.Random, outage: Outage, viewers: int, until: float) -> list[Viewer]:
    """Return the viewers of a platform on which an outage happens; they watch until a moment."""
    start, found = outage.begin - 900, list[Viewer]()
    others = [node.name for node in NODES if node.name not in outage.nodes]
    for number in range(viewers):
        viewer, edge = Viewer(), NODES[number % len(NODES)].name
        begin = start + dice.uniform(0, 10)
        if edge not in outage.nodes:
            viewer.watch(dice, edge, begin, until)
        else:
            viewer.watch(dice, edge, begin, outage.begin)
            if dice.random() < outage.goes_on:
                viewer.watch(dice, dice.choice(others), outage.begin + dice.uniform(2, 30), until)
            else:
                viewer.watch(dice, edge, outage.end + dice.uniform(0, 60), until)
        found.append(viewer)
    return found


class Recorded:
    """Answers what the desk asks Prometheus, from what the rules would have recorded."""

    def __init__(self, viewers: Sequence[Viewer], outage: Outage, end: float) -> None:
        first = outage.begin - 600
        self._times = [first + EVALUATION * place for place in range(int((end - first) / EVALUATION) + 1)]
        self._values: dict[str, list[float | None]] = {node.name: [] for node in NODES}
        for at in self._times:
            counts = dict.fromkeys(self._values, 0)
            for viewer in viewers:
                for edge in viewer.at(at - EVALUATION / 2):  # of the last scrape
                    counts[edge] += 1
            for node, count in counts.items():
                gone = outage.silent and node in outage.nodes and outage.begin <= at - EVALUATION / 2 < outage.end
                self._values[node].append(None if gone else float(count))

    def query(self, expression: str, at: datetime | None = None) -> list[Sample]:
        """Answer an instant query."""
        found = self._evaluate(expression, at.timestamp() if at else self._times[-1])
        return [] if found is None else [Sample({}, found)]

    def query_range(self, expression: str, window: Window) -> list[Series]:
        """Answer a range query."""
        count = round((window.end - window.start) / window.step)
        moments = [window.start + window.step * place for place in range(count + 1)]
        points = [(at, found) for at in moments if (found := self._evaluate(expression, at)) is not None]
        return [Series({}, tuple(points))] if points else []

    def _evaluate(self, expression: str, at: float) -> float | None:
        if "ott_edge_viewers" not in expression and "ott_edge_sessions" not in expression:
            return None
        values = [value for node in self._chosen(expression) if (value := self._value(node, at)) is not None]
        if not values:
            return None
        return float(len(values)) if expression.startswith("count") else sum(values)

    def _chosen(self, expression: str) -> Iterator[str]:
        matchers = _MATCHER.findall(expression)
        for node in NODES:
            if all((re.fullmatch(text, node.name) is not None) == (how == "=~") for _, how, text in matchers):
                yield node.name

    def _value(self, node: str, at: float) -> float | None:
        """Return the newest value; a rule that gives nothing any more marks its series as ended."""
        place = bisect_right(self._times, at) - 1
        return self._values[node][place] if place >= 0 and at - self._times[place] <= LOOKBACK else None
