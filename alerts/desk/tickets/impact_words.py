"""The impact of a ticket in sentences, and in fields for other systems."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alerts.desk.core.words import Words

QUANTITIES = ("viewers", "sessions", "subscribers")
STALLS = "stalls"


def sentences(known: Mapping[str, Any] | None, words: Words) -> list[str]:
    """Return what is known, a sentence for each quantity and one for stalls; empty where nothing is."""
    if not known:
        return []
    since, until = datetime.fromisoformat(known["since"]), datetime.fromisoformat(known["until"])
    result = []
    for name in QUANTITIES:
        if name not in known:
            continue
        each = known[name]
        exact = each["without"] is not None
        parts = [
            words(f"impact.{name}", before=_number(each["before"]), since=words.time(since)),
            words("impact.without" if exact else "impact.at_most", n=_number(each["at_most"]), at=words.time(until)),
        ]
        if each["elsewhere"]:
            parts.append(words("impact.elsewhere", n=_number(each["elsewhere"])))
        minutes = "impact.minutes" if each["minutes"] is not None else "impact.minutes_at_most"
        parts.append(words(minutes, n=_number(each["minutes_at_most"])))
        result.append(" ".join(parts))
    if STALLS in known:
        stalls = known[STALLS]
        mean = _number(stalls["seconds"] / stalls["stalls"])
        numbers = {"stalls": _number(stalls["stalls"]), "seconds": mean, "sessions": _number(stalls["sessions"])}
        result.append(words("impact.stalls", since=words.time(since), **numbers))
    return result


def fields(known: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the figures that are known by name, such as `viewers.before`."""
    return {
        f"{name}.{part}": value
        for name in (*QUANTITIES, STALLS)
        if known and name in known
        for part, value in sorted(known[name].items())
        if value is not None
    }


def short(known: Mapping[str, Any] | None, words: Words) -> str:
    """Return how many are without service, or else stalls, for one line of the queue; empty where neither is known."""
    if known and STALLS in known and all(known[name]["at_most"] < 1 for name in QUANTITIES if name in known):
        stalls = known[STALLS]
        mean = _number(stalls["seconds"] / stalls["stalls"])
        return words("impact.short_stalls", n=_number(stalls["stalls"]), seconds=mean)
    for name in QUANTITIES:
        if known and name in known:
            each = known[name]
            word = "short" if each["without"] is not None else "short_at_most"
            return words(f"impact.{word}_{name}", n=_number(each["at_most"]))
    return ""


def _number(value: float) -> str:
    return f"{round(value):,}".replace(",", "\N{NO-BREAK SPACE}")
