"""Sentences about the pattern that a forecast saw: steps, changes of growth, a season, what was left out."""

import math
from collections.abc import Iterator, Sequence
from datetime import date

from dashboards.busy_hour.forecast.forecast import GAP_DAYS, Forecast, Gap
from dashboards.busy_hour.forecast.pattern import Pattern
from dashboards.busy_hour.report.words import Words

_SHOWN = 3
RECENT = 100  # days
YOUNG = 35  # days: a campaign, a final or Ramadan lasts as long, and is over then


def pattern_sentence(made: Forecast, words: Words) -> str:
    """Return what was seen in the history, as whole sentences; nothing where there is nothing to tell."""
    seen = _seen(made, made.pattern, words) if made.pattern else ()
    return " ".join((*seen, *_left_out(made, words)))


def _seen(made: Forecast, pattern: Pattern, words: Words) -> Iterator[str]:
    steps, growth = pattern.told_steps()[-_SHOWN:], words.change(math.expm1(pattern.growth))
    if len(steps) == 1:
        step = steps[0]
        yield words("pattern.step", day=words.day(step.day), share=words.change(step.share), growth=growth)
    elif steps:
        listed = ", ".join(f"{words.day(step.day)}: {words.change(step.share)}" for step in steps)
        yield words("pattern.steps", listed=listed, growth=growth)
    if steps and (age := (pattern.day(pattern.end) - steps[-1].day).days + 1) <= YOUNG:
        yield words("pattern.young", n=age)
    if made.away and (pattern.day(pattern.end) - pattern.growths()[-1][0]).days <= RECENT:
        yield words("pattern.away")
    for day, before, after in made.changes_of_growth[-1:]:
        month, first, then = words.month(day, "month_in"), words.change(before), words.change(after)
        yield words("pattern.bend", month=month, before=first, after=then)
    peak = pattern.peak_month()
    if peak is not None:
        yield words("pattern.season", month=words(f"month_in.{peak}"), height=words.change(pattern.depth()))


def _left_out(made: Forecast, words: Words) -> Iterator[str]:
    if made.left_out:
        days = ", ".join(day.isoformat() for day in made.left_out[-_SHOWN:])
        yield words("pattern.left_out", n=len(made.left_out), days=days)
    # Days that were left out are told already: they were measured.
    empty = {gap: (gap.last - gap.first).days + 1 - _days_in(gap, made.left_out) for gap in made.gaps}
    if empty and max(empty.values()) >= GAP_DAYS:
        gap = max(empty, key=lambda gap: empty[gap])
        yield words("pattern.gap", first=words.day(gap.first), last=words.day(gap.last))


def _days_in(gap: Gap, days: Sequence[date]) -> int:
    return sum(gap.first <= day <= gap.last for day in days)
