"""Sentences about capacity: what survives, what is left out, what is assumed."""

from dashboards.busy_hour.measures.capacity import Surviving
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.report.words import Words


def redundancy_sentence(left: Surviving | None, quantity: str, words: Words) -> str:
    """Return what capacity the thresholds were taken from."""
    if left is None:
        return ""
    total, rest = (words.figure(value, quantity) for value in (left.total, left.surviving))
    if left.lost_node is None:
        return words("capacity_left.whole", total=total)
    kind, name = left.lost_node.split(":", 1)
    form = "single" if not left.redundant else "site" if kind == "site" else "node"
    return words(f"capacity_left.{form}", total=total, rest=rest, name=name)


def unstated_sentence(nodes: tuple[str, ...], words: Words) -> str:
    """Return which nodes carry traffic but add nothing to the capacity."""
    if not nodes:
        return ""
    return words("capacity_left.unstated", names=", ".join(name.removeprefix("node:") for name in nodes))


def scenario_sentence(scenario: Scenario, quantity: str, words: Words) -> str:
    """Return what is assumed."""
    if not scenario.any:
        return ""
    parts = []
    if scenario.growth is not None:
        parts.append(words("assumed.growth", growth=words.change(scenario.growth)))
    parts += [
        words("assumed.node", site=node.site, amount=words.figure(node.amount, quantity)) for node in scenario.nodes
    ]
    if scenario.lost is not None:
        kind, name = scenario.lost.split(":", 1)
        parts.append(words("assumed.lost_site" if kind == "site" else "assumed.lost_node", name=name))
    if scenario.event:
        parts.append(words("assumed.event", event=words.change(scenario.event)))
    return words("assumed.all", parts="; ".join(parts))
