"""Sentences about capacity: what survives, what is left out, what is assumed."""

from dashboards.busy_hour.measures.capacity import Surviving
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.report import words
from dashboards.busy_hour.report.pattern_words import percent
from dashboards.busy_hour.report.words import Language


def redundancy_sentence(left: Surviving | None, quantity: str, language: Language) -> str:
    """Return what capacity the thresholds were taken from."""
    if left is None:
        return ""
    total, rest = (words.figure(value, quantity, language) for value in (left.total, left.surviving))
    if left.lost_node is None:
        return f"Ёмкость {total}." if language == "ru" else f"Capacity {total}."
    kind, name = left.lost_node.split(":", 1)
    if not left.redundant:
        told = {
            "ru": f"Резерва нет: {name} — единственный узел; доли взяты от полной ёмкости {total}.",
            "en": f"No redundancy: {name} is the only node; shares are of the whole capacity {total}.",
        }
    elif kind == "site":
        told = {
            "ru": f"Ёмкость {total}; при отказе площадки {name} — {rest}.",
            "en": f"Capacity {total}; {rest} survives the loss of site {name}.",
        }
    else:
        told = {
            "ru": f"Ёмкость {total}; при отказе наибольшего узла ({name}) — {rest}.",
            "en": f"Capacity {total}; {rest} survives the loss of the largest node ({name}).",
        }
    return told[language]


def unstated_sentence(nodes: tuple[str, ...], language: Language) -> str:
    """Return which nodes carry traffic but add nothing to the capacity."""
    if not nodes:
        return ""
    names = ", ".join(name.removeprefix("node:") for name in nodes)
    if language == "ru":
        return f"Ёмкость неполна: у узлов с трафиком нет [[capacity]]: {names}."
    return f"The capacity is incomplete: these nodes carry traffic but have no [[capacity]]: {names}."


def scenario_sentence(scenario: Scenario, quantity: str, language: Language) -> str:
    """Return what is assumed."""
    if not scenario.any:
        return ""
    russian = language == "ru"
    parts = []
    if scenario.growth is not None:
        growth = percent(scenario.growth, language)
        parts.append(f"рост {growth} в месяц" if russian else f"growth of {growth} a month")
    for node in scenario.nodes:
        amount = words.figure(node.amount, quantity, language)
        parts.append(
            f"новый узел на площадке {node.site} ({amount})" if russian else f"a new node at {node.site} ({amount})"
        )
    if scenario.lost is not None:
        kind, name = scenario.lost.split(":", 1)
        if russian:
            parts.append(f"отказ {'площадки' if kind == 'site' else 'узла'} {name}")
        else:
            parts.append(f"loss of {kind} {name}")
    if scenario.event:
        event = percent(scenario.event, language)
        parts.append(f"событие {event} к нагрузке" if russian else f"an event of {event} demand")
    return f"{'Допущение' if russian else 'Assumed'}: {'; '.join(parts)}."
