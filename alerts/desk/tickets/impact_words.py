"""The impact of a ticket in sentences, and in fields for other systems."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from alerts.desk.core.words import Words

Quantity = Literal["viewers", "sessions", "subscribers"]
QUANTITIES: tuple[Quantity, ...] = ("viewers", "sessions", "subscribers")


class Figure(TypedDict):
    """What is known of one quantity; None: not known."""

    before: float
    served: float
    elsewhere: float | None
    without: float | None
    at_most: float
    minutes: float | None
    minutes_at_most: float


class Stalls(TypedDict):
    """How often playback stalled, for how many seconds in all, and in how many sessions."""

    stalls: float
    seconds: float
    sessions: float


class Impact(TypedDict):
    """The impact as a ticket stores it: what is absent is not known. The moments are in ISO 8601."""

    since: str
    until: str
    viewers: NotRequired[Figure]
    sessions: NotRequired[Figure]
    subscribers: NotRequired[Figure]
    stalls: NotRequired[Stalls]


def sentences(known: Impact | None, words: Words) -> list[str]:
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
    if "stalls" in known:
        stalls = known["stalls"]
        mean = _number(stalls["seconds"] / stalls["stalls"])
        numbers = {"stalls": _number(stalls["stalls"]), "seconds": mean, "sessions": _number(stalls["sessions"])}
        result.append(words("impact.stalls", since=words.time(since), **numbers))
    return result


def fields(known: Impact | None) -> dict[str, float]:
    """Return the figures that are known by name, such as `viewers.before`."""
    if not known:
        return {}
    result: dict[str, float] = {}
    for name in QUANTITIES:
        if name in known:
            result |= _numbers(name, known[name])
    return result | (_numbers("stalls", known["stalls"]) if "stalls" in known else {})


def _numbers(name: str, known: Mapping[str, object]) -> dict[str, float]:
    return {f"{name}.{part}": value for part, value in sorted(known.items()) if isinstance(value, (int, float))}


def short(known: Impact | None, words: Words) -> str:
    """Return how many are without service, or else stalls, for one line of the queue; empty where neither is known."""
    if known and "stalls" in known and all(known[name]["at_most"] < 1 for name in QUANTITIES if name in known):
        stalls = known["stalls"]
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
