"""How much a scope can carry, and what is left of it when its largest node fails."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dashboards.busy_hour.measures.quantities import scope_name

THRESHOLDS = (0.60, 0.70, 0.85)
"""Warn, act, critical: shares of the surviving capacity (project rule; no standard has a number)."""

ACT = 0.70


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one node can serve, or what a site or the platform can carry whatever its nodes can."""

    scope: str
    site: str | None = None  # where a node stands
    sessions: float | None = None
    viewers: float | None = None
    subscribers_online: float | None = None
    egress_bits_per_second: float | None = None

    def __post_init__(self) -> None:
        scope_name(self.scope)
        if self.site is not None and not self.scope.startswith("node:"):
            raise ValueError(f'"site" tells where a node stands; remove it from {self.scope}')
        if self.scope.startswith("node:") and self.site is None:
            raise ValueError(f'{self.scope} needs site = "…" so that it counts for its site')
        for name, value in self._values().items():
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name}: a capacity is greater than zero and finite; remove what is not known")

    def of(self, quantity: str) -> float | None:
        """Return the capacity for `quantity`, None where none is stated."""
        return self._values().get(quantity)

    def _values(self) -> dict[str, float | None]:
        return {
            "sessions": self.sessions,
            "viewers": self.viewers,
            "subscribers_online": self.subscribers_online,
            "egress_bits_per_second": self.egress_bits_per_second,
        }


class Surviving(NamedTuple):
    """Capacity before and after losing the largest node."""

    total: float
    surviving: float
    lost_node: str | None
    redundant: bool  # something is left after the loss


def surviving(capacities: Sequence[Capacity], scope: str, quantity: str) -> Surviving | None:
    """Return what is left of `scope`; None where no capacity is stated.

    A node stands for itself. Where a scope has a single node nothing survives its loss: the whole capacity is taken
    and `redundant` says so. A limit stated for the site or platform itself (an uplink) survives the loss of a node.
    """
    if quantity == "node_load":
        return Surviving(1.0, 1.0, None, redundant=True)  # a ratio is its own capacity
    own = next((found for entry in capacities if entry.scope == scope and (found := entry.of(quantity))), None)
    nodes = {
        entry.scope: value
        for entry in capacities
        if entry.scope.startswith("node:")
        and scope in ("platform", f"site:{entry.site}")
        and (value := entry.of(quantity)) is not None
    }
    if scope.startswith("node:") or not nodes:
        return None if own is None else Surviving(own, own, None, redundant=True)
    # Equal nodes: the first by name, so that a report reads the same every time.
    largest = min(nodes, key=lambda name: (-nodes[name], name))
    total, left = sum(nodes.values()), sum(value for name, value in nodes.items() if name != largest)
    redundant = left > 0
    limit = own if own is not None else float("inf")
    return Surviving(min(total, limit), min(left if redundant else total, limit), largest, redundant)
