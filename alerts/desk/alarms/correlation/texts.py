"""The sentences that say why alarms belong together, in both languages."""

from collections.abc import Sequence

from alerts.desk.alarms.correlation.alarm import PLATFORM, Alarm
from alerts.desk.alarms.correlation.common import Kin, Shape
from alerts.desk.alarms.correlation.topology import Topology

Texts = dict[str, str]


def why(cause: Alarm, effect: Alarm) -> Texts:
    """Return the sentence that says why one alarm explains another."""
    if cause.place == effect.place:
        return {
            "en": f"{effect.name} on {_en(effect)} follows from {cause.name} on the same element.",
            "ru": f"{effect.name} ({_ru(effect)}) — следствие {cause.name} на том же элементе.",
        }
    return {
        "en": f"{effect.name} on {_en(effect)} follows from {cause.name} on {_en(cause)}, on which it depends.",
        "ru": f"{effect.name} ({_ru(effect)}) — следствие {cause.name} ({_ru(cause)}): от этого элемента он зависит.",
    }


def moved(old: int, new: int, number: int, why_: Texts) -> tuple[Texts, Texts]:
    """Return the notes of a ticket that alarms left, and of the one that they came to."""
    return (
        {
            "en": f"Problems moved to ticket {new}, whose cause explains them better: {number}. {why_['en']}",
            "ru": f"Перенесено в билет {new} (там причина вероятнее) проблем: {number}. {why_['ru']}",
        },
        {
            "en": f"Problems moved here from ticket {old}, as this cause explains them better: {number}. {why_['en']}",
            "ru": f"Перенесено сюда из билета {old} (здесь причина вероятнее) проблем: {number}. {why_['ru']}",
        },
    )


def settled(old: str, new: str, number: int) -> tuple[Texts, Texts]:
    """Return the notes of a ticket that alarms left, and of the one that they came to, once all of them were known."""
    return (
        {
            "en": f"By all alarms that fire now, some problems ({number}) belong to {new}; they were moved there.",
            "ru": f"С учётом всех активных аварий часть проблем ({number}) перенесена: {new}.",
        },
        {
            "en": f"By all alarms that fire now, some problems of {old} ({number}) belong here; they were moved here.",
            "ru": f"С учётом всех активных аварий сюда перенесены проблемы ({number}): {old}.",
        },
    )


def alone() -> Texts:
    """Return the note of a ticket that stands for itself again."""
    return {
        "en": "By all alarms that fire now, this ticket has a cause of its own; it is under no other one any more.",
        "ru": "С учётом всех активных аварий у билета отдельная причина: к другому билету он больше не относится.",
    }


def shared(kin: Kin) -> Texts:
    """Return the sentence that says what the alarms of an inferred cause have in common."""
    match kin.shape:
        case Shape.CHANNEL:
            return {
                "en": f"Channel {kin.channel} fails on most nodes at once: inferred is that its source has failed.",
                "ru": f"Канал {kin.channel} неисправен сразу на большинстве узлов: вероятная причина — источник канала "
                "(вывод по следствиям).",
            }
        case Shape.CHANNELS:
            return {
                "en": f"Most channels fail at once{_at_en(kin)}: what feeds them all is the probable cause (inferred).",
                "ru": f"Большинство каналов неисправно одновременно{_at_ru(kin)}: вероятная причина — то, от чего "
                "зависят они все (вывод по следствиям).",
            }
        case Shape.NODE:
            return {
                "en": f"Most channels fail on node {kin.node} alone: its streaming is the probable cause (inferred).",
                "ru": f"Большинство каналов неисправно только на узле {kin.node}: вероятная причина — раздача "
                "этого узла (вывод по следствиям).",
            }
        case Shape.BELOW:
            return {
                "en": f"Most of what depends on {_above(kin)} fails at once: the probable cause is there (inferred).",
                "ru": f"Неисправно большинство того, что зависит от {_above(kin)}: вероятная причина там (вывод по "
                "следствиям).",
            }
        case Shape.PEERS:
            return {
                "en": f"The same alarm on most nodes of role {kin.role}{_at_en(kin)}: a common cause is probable "
                "(inferred).",
                "ru": f"Одна и та же авария на большинстве узлов роли {kin.role}{_at_ru(kin)}: вероятна общая причина "
                "(вывод по следствиям).",
            }


def title(kin: Kin, nodes: Sequence[str], first: Texts, topology: Topology) -> Texts:
    """Return the title of a ticket with an inferred cause; `first` is that of its first alarm."""
    above = _common(kin, nodes, topology)
    site = kin.site or _only_site(nodes, topology)
    on_en = f"{len(nodes)} node{'' if len(nodes) == 1 else 's'}{f' of site {site}' if site else ''}"
    on_ru = f"узлов: {len(nodes)}{f', площадка {site}' if site else ''}"
    match kin.shape:
        case Shape.CHANNEL:
            return {
                "en": f"Channel {kin.channel} fails on {on_en}: its source is suspected",
                "ru": f"Канал {kin.channel} неисправен ({on_ru}): предполагается отказ источника",
            }
        case Shape.CHANNELS:
            return {
                "en": f"Most channels fail on {on_en}; common to them: {above or 'not known'}",
                "ru": f"Большинство каналов неисправно ({on_ru}); общее для них: {above or 'не известно'}",
            }
        case Shape.NODE:
            return {
                "en": f"Most channels fail on node {kin.node}",
                "ru": f"Большинство каналов неисправно на узле {kin.node}",
            }
        case Shape.BELOW if not kin.name:
            return {
                "en": f"Most channels from {_above(kin)} fail on {on_en}",
                "ru": f"Неисправно большинство каналов, зависящих от {_above(kin)} ({on_ru})",
            }
        case Shape.BELOW:
            return {
                "en": f"{_above(kin)} is suspected: {first['en']} (the same on {on_en} behind it)",
                "ru": f"Предполагается отказ {_above(kin)}: {first['ru']} (то же за ним, {on_ru})",
            }
        case Shape.PEERS:
            names_en, names_ru = _listed(nodes, "and {} more"), _listed(nodes, "и ещё {}")
            return {
                "en": f"{first['en']} (the same on {on_en}: {names_en})",
                "ru": f"{first['ru']} (то же, {on_ru}: {names_ru})",
            }


def _above(kin: Kin) -> str:
    return f"{kin.above}, {kin.also}" if kin.also else kin.above


def _only_site(nodes: Sequence[str], topology: Topology) -> str:
    """Return the site of all these nodes; empty where they are of several, or the platform has no other one."""
    sites = {topology.nodes[node].site if node in topology.nodes else "" for node in nodes}
    others = {node.site for node in topology.nodes.values()} - sites
    return sites.pop() if len(sites) == 1 and others else ""


def _common(kin: Kin, nodes: Sequence[str], topology: Topology) -> str:
    """Return the nodes and elements that feed all of these nodes."""
    above = [topology.ancestors(node, kin.channel, "", "stream") for node in nodes if node in topology.nodes]
    both = frozenset.intersection(*above) if above else frozenset[str]()
    return ", ".join(sorted(name for name in both if not name.startswith("site:"))[:4])


def _listed(names: Sequence[str], more: str) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} {more.format(len(names) - 3)}"


def _at_en(kin: Kin) -> str:
    return f" of site {kin.site}" if kin.site else ""


def _at_ru(kin: Kin) -> str:
    return f" площадки {kin.site}" if kin.site else ""


def _en(alarm: Alarm) -> str:
    place = alarm.place
    if place == PLATFORM:
        return "the platform"
    return f"site {place[5:]}" if place.startswith("site:") else place


def _ru(alarm: Alarm) -> str:
    place = alarm.place
    if place == PLATFORM:
        return "платформа"
    return f"площадка {place[5:]}" if place.startswith("site:") else place
