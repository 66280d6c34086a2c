"""Sentences about the pattern that a forecast saw: steps, changes of growth, a season, what was left out."""

import math

from dashboards.busy_hour.forecast.forecast import Forecast
from dashboards.busy_hour.report import words
from dashboards.busy_hour.report.words import Language

_SHOWN = 3


def pattern_sentence(made: Forecast, language: Language) -> str:
    """Return what was seen in the history, as whole sentences; nothing where there is nothing to tell."""
    parts = [*_steps(made, language), *_bends(made, language), *_season(made, language), *_left_out(made, language)]
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def percent(share: float, language: Language) -> str:
    """Return "+1.5 %" or "−18 %"."""
    text = f"{abs(share) * 100:.1f}" if abs(share) < 0.0995 else f"{abs(share) * 100:.0f}"
    sign = "" if float(text) == 0 else "−" if share < 0 else "+"
    return words.written(f"{sign}{text} %", language)


def _steps(made: Forecast, language: Language) -> list[str]:
    found = made.pattern.told_steps()[-_SHOWN:] if made.pattern else ()
    if not found:
        return []
    russian = language == "ru"
    listed = ", ".join(f"{words.day(step.day, language)}: {percent(step.share, language)}" for step in found)
    growth = percent(math.expm1(made.pattern.growth) if made.pattern else 0.0, language)
    if len(found) == 1:
        at, share = words.day(found[0].day, language), percent(found[0].share, language)
        if russian:
            return [f"скачок уровня {at}: {share}; с тех пор тренд {growth} в месяц"]
        return [f"a step on {at}: {share}; the trend since then is {growth} a month"]
    if russian:
        return [f"скачки уровня ({listed}); тренд после последнего {growth} в месяц"]
    return [f"steps on {listed}; the trend since the last one is {growth} a month"]


def _bends(made: Forecast, language: Language) -> list[str]:
    found = made.pattern.growths()[-1:] if made.pattern else ()
    told = []
    for day, before, after in found:
        when = f"{words.IN_MONTH[language][day.month - 1]} {day.year}"
        first, then = percent(before, language), percent(after, language)
        told.append(
            f"рост изменился в {when}: с {first} до {then} в месяц"
            if language == "ru"
            else f"growth changed in {when} from {first} to {then} a month"
        )
    return told


def _season(made: Forecast, language: Language) -> list[str]:
    peak = made.pattern.peak_month() if made.pattern else None
    if made.pattern is None or peak is None:
        return []
    height = percent(made.pattern.depth(), language)
    if language == "ru":
        return [f"годовая сезонность: наибольшая нагрузка в {words.IN_MONTH['ru'][peak - 1]} ({height} к среднему)"]
    return [f"a yearly season, highest in {words.MONTHS['en'][peak - 1]} ({height} against its mean)"]


def _left_out(made: Forecast, language: Language) -> list[str]:
    told = []
    if made.left_out:
        days = len(made.left_out)
        shown = ", ".join(day.isoformat() for day in made.left_out[-_SHOWN:])
        if language == "ru":
            told.append(f"дней, не похожих на соседние и не вошедших в тренд: {days} (последние: {shown})")
        else:
            told.append(f"days unlike those around them, left out of the trend: {days} (the last: {shown})")
    if made.gaps:
        gap = max(made.gaps, key=lambda gap: gap.last - gap.first)
        first, last = words.day(gap.first, language), words.day(gap.last, language)
        if language == "ru":
            told.append(f"нет данных для тренда с {first} по {last}; прогноз построен по остальным дням")
        else:
            told.append(f"nothing for the trend from {first} to {last}; the forecast rests on the other days")
    return told
