"""What is measured, at which level, and the recorded series it is read from."""

import math
import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["platform", "site", "node"]
Kind = Literal["gauge", "volume", "counter"]
Combine = Literal["sum", "mean"]

LEVELS: tuple[Level, ...] = ("platform", "site", "node")
_SCOPE = re.compile(r"platform|(?:site|node):[^\s:{}\"\\]+")
_QUANTITY = re.compile(r"[a-z][a-z0-9_]*")


def scope_name(text: str) -> str:
    """Return `text` if it names a scope; raise ValueError with the forms otherwise."""
    if not _SCOPE.fullmatch(text):
        raise ValueError(f'"{text}" is not a scope; write "platform", "site:almaty" or "node:edge-1"')
    return text


def quantity_name(text: str) -> str:
    """Return `text` if it can name a quantity."""
    if not _QUANTITY.fullmatch(text):
        raise ValueError(f'"{text}" cannot name a quantity; use small letters, digits and _, such as "sessions"')
    return text


@dataclass(frozen=True, slots=True)
class Source:
    """A selector that yields one quantity at one level; series of one scope are added or averaged."""

    quantity: str
    level: Level
    selector: str
    kind: Kind = "gauge"
    scale: float = 1.0
    combine: Combine = "sum"

    def __post_init__(self) -> None:
        quantity_name(self.quantity)
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale = {self.scale:g}: a factor is greater than zero and finite")
        if self.kind == "volume":
            raise ValueError('a server has gauges and counters; kind = "volume" is for imported files')

    def scope_of(self, labels: dict[str, str]) -> str | None:
        """Return the scope a series belongs to, or None where it lacks the label."""
        if self.level == "platform":
            return "platform"
        name = labels.get(self.level)
        return f"{self.level}:{name}" if name else None


def _at_every_level(quantity: str, metric: str, scale: float = 1.0) -> tuple[Source, ...]:
    return tuple(Source(quantity, level, f"{level}:{metric}", scale=scale) for level in LEVELS)


SOURCES: tuple[Source, ...] = (
    # The middleware knows subscribers, not the node that serves them.
    Source("subscribers_online", "platform", "platform:ott_subscribers_online:sum"),
    *_at_every_level("sessions", "ott_edge_sessions:sum"),
    *_at_every_level("viewers", "ott_edge_viewers:sum"),
    *_at_every_level("egress_bits_per_second", "ott_edge_egress_bytes:rate1m", 8.0),
    Source("node_load", "platform", "platform:node_cpu_utilisation:avg", combine="mean"),
    Source("node_load", "site", "site:node_cpu_utilisation:avg", combine="mean"),
    Source("node_load", "node", "node:node_cpu_utilisation:ratio_rate1m", combine="mean"),
    *(Source("stall_ratio", level, f"{level}:ott_qoe_stall:ratio_rate5m", combine="mean") for level in LEVELS),
)
# Quantities whose parts do not add up to the whole.
SHARES = frozenset({"node_load", "stall_ratio"})


def sources(own: list[Source]) -> tuple[Source, ...]:
    """Return the default sources with those of the settings in place of the same quantity and level."""
    replaced = {(source.quantity, source.level): source for source in (*SOURCES, *own)}
    return tuple(replaced.values())
