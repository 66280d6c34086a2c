"""The impact of a ticket in sentences, and in fields for other systems."""

from dataclasses import asdict

from alerts.desk.core.words import Words
from alerts.desk.tickets.impact import Figure, Impact, Stalls


def sentences(known: Impact | None, words: Words) -> list[str]:
    """Return what is known, a sentence for each quantity and one for stalls; empty where nothing is."""
    if not known:
        return []
    result = []
    for name, each in known.figures().items():
        without = "impact.without" if _is_exact(each.without, each.at_most) else "impact.at_most"
        parts = [
            words(f"impact.{name}", before=_number(each.before), since=words.time(known.since)),
            words(without, n=_number(each.at_most), at=words.time(known.until)),
        ]
        if each.elsewhere:
            parts.append(words("impact.elsewhere", n=_number(each.elsewhere)))
        minutes = "impact.minutes" if _is_exact(each.minutes, each.minutes_at_most) else "impact.minutes_at_most"
        parts.append(words(minutes, n=_number(each.minutes_at_most)))
        result.append(" ".join(parts))
    if known.stalls is not None:
        total = known.stalls
        numbers = {"stalls": _number(total.stalls), "seconds": _mean(total), "sessions": _number(total.sessions)}
        result.append(words("impact.stalls", since=words.time(known.since), **numbers))
    return result


def fields(known: Impact | None) -> dict[str, float]:
    """Return the figures that are known by name, such as `viewers.before`."""
    if not known:
        return {}
    result: dict[str, float] = {}
    for name, each in known.figures().items():
        result |= _numbers(name, each)
    return result | (_numbers("stalls", known.stalls) if known.stalls is not None else {})


def _numbers(name: str, known: Figure | Stalls) -> dict[str, float]:
    return {f"{name}.{part}": value for part, value in sorted(asdict(known).items()) if value is not None}


def short(known: Impact | None, words: Words) -> str:
    """Return how many are without service, or else stalls, for one line of the queue; empty where neither is known."""
    if not known:
        return ""
    figures = known.figures()
    if known.stalls is not None and all(each.at_most < 1 for each in figures.values()):
        return words("impact.short_stalls", n=_number(known.stalls.stalls), seconds=_mean(known.stalls))
    if not figures:
        return ""
    name = next((name for name, each in figures.items() if round(each.at_most)), next(iter(figures)))
    word = "short" if _is_exact(figures[name].without, figures[name].at_most) else "short_at_most"
    return words(f"impact.{word}_{name}", n=_number(figures[name].at_most))


def _is_exact(value: float | None, at_most: float) -> bool:
    """Return whether a figure is known: "at most none" is none."""
    return value is not None or round(at_most) == 0


def _mean(total: Stalls) -> str:
    return _number(total.seconds / total.stalls)


def _number(value: float) -> str:
    return f"{round(value):,}".replace(",", "\N{NO-BREAK SPACE}")
