"""What if: another growth, a further node, a site lost, an event. The forecast keeps its range."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboards.busy_hour.measures.capacity import Capacity, Surviving, surviving
from dashboards.busy_hour.measures.quantities import scope_name

_PERCENT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*%(?:/(month|year))?")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?(?:[eE]\d+)?)([kMGT]?)")
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


@dataclass(frozen=True, slots=True)
class Node:
    """A node that does not exist yet: where, and how much of the report's quantity it carries."""

    site: str
    amount: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is assumed; nothing of it by default."""

    growth: float | None = None  # a month, in place of the one that was found; 0.02 is 2 %
    nodes: tuple[Node, ...] = ()
    lost: str | None = None  # "site:NAME" or "node:NAME"
    event: float = 0.0  # how much more than the forecast is asked for; 0.3 is 30 %

    @property
    def any(self) -> bool:
        """Return whether anything is assumed."""
        return self != Scenario()


@dataclass(frozen=True, slots=True)
class Texts:
    """A scenario as a planner writes it; "" assumes nothing."""

    growth: str = ""
    nodes: tuple[str, ...] = ()
    lost: str = ""
    event: str = ""


def scenario_of(texts: Texts, capacities: Sequence[Capacity]) -> Scenario:
    """Return what the texts assume; raise ValueError with what to write instead."""
    return Scenario(
        growth=growth_of(texts.growth) if texts.growth else None,
        nodes=tuple(map(node_of, texts.nodes)),
        lost=lost_of(texts.lost, capacities) if texts.lost else None,
        event=event_of(texts.event) if texts.event else 0.0,
    )


def growth_of(text: str) -> float:
    """Return the growth a month of "2%", "+2%/month" or "30%/year"."""
    match = _PERCENT.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is no growth; write "2%" (a month), or "30%/year"')
    share = float(match[1].replace(",", ".")) / 100
    if not -1 < share < 10:
        raise ValueError(f'"{text}": a growth lies above -100 % and below 1000 %')
    return math.expm1(math.log1p(share) / 12) if match[2] == "year" else share


def event_of(text: str) -> float:
    """Return how much more "+30%" is."""
    match = _PERCENT.fullmatch(text.strip())
    if not match or match[2] or not 0 < (share := float(match[1].replace(",", ".")) / 100) <= 10:
        raise ValueError(f'"{text}" is no event; write how much more it asks for, such as "+30%"')
    return share


def node_of(text: str) -> Node:
    """Return the node of "almaty=2000" or "almaty=10G"."""
    site, equals, amount = text.partition("=")
    match = _AMOUNT.fullmatch(amount.strip())
    if not equals or not match or float(match[1]) <= 0:
        raise ValueError(
            f'"{text}" is no node; write its site and what it carries, such as "almaty=2000" or "almaty=10G"'
        )
    scope_name(f"site:{site}")
    return Node(site, float(match[1]) * _PREFIXES[match[2]])


def lost_of(text: str, capacities: Sequence[Capacity]) -> str:
    """Return the scope of a site's or node's name; raise ValueError where no capacity knows it."""
    sites = {f"site:{entry.site}" for entry in capacities if entry.site}
    nodes = {entry.scope for entry in capacities if entry.scope.startswith("node:")}
    asked = [text] if ":" in text else [f"site:{text}", f"node:{text}"]
    for scope in asked:
        if scope in sites | nodes:
            return scope
    known = ", ".join(sorted(sites)) or "none"
    raise ValueError(f'"{text}" is neither a site nor a node with a [[capacity]]; sites with one: {known}')


def left(capacities: Sequence[Capacity], scope: str, quantity: str, scenario: Scenario) -> Surviving | None:
    """Return the surviving capacity under a scenario; the loss that is asked for replaces that of the largest node."""
    added = [_capacity(number, node, quantity) for number, node in enumerate(scenario.nodes, 1)]
    whole = [*capacities, *added]
    found = surviving(whole, scope, quantity)
    if scenario.lost is None or found is None or scope.startswith("node:"):
        return found
    rest = [entry for entry in whole if scenario.lost not in (entry.scope, f"site:{entry.site}")]
    if not any(entry.scope.startswith("node:") and entry.of(quantity) for entry in rest) or scope == scenario.lost:
        raise ValueError(f"nothing of the capacity of {scope} is left without {scenario.lost}")
    after = surviving(rest, scope, quantity)
    return found if after is None else Surviving(found.total, after.total, scenario.lost, redundant=True)


def _capacity(number: int, node: Node, quantity: str) -> Capacity:
    empty = Capacity(f"node:new-{number}", site=node.site)
    try:
        return replace(empty, **{quantity: node.amount})  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{quantity} has no capacity that a node could add to") from None


def unstated(capacities: Sequence[Capacity], scope: str, quantity: str, nodes: Sequence[str]) -> tuple[str, ...]:
    """Return the nodes with traffic that the capacity of the platform leaves out."""
    stated = {entry.scope for entry in capacities if entry.scope.startswith("node:") and entry.of(quantity)}
    if scope != "platform" or not stated:
        return ()
    return tuple(sorted(name for name in nodes if name.startswith("node:") and name not in stated))
