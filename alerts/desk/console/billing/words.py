"""Figures of billing in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from alerts.desk.console.billing.today import DAY, Billings, Today, first_day
from alerts.desk.core.words import Words
from service.i18n.cldr import written

LAG = 120.0  # seconds after which the rows of a billing are not those of now


def money(words: Words, minor: float | None) -> str:
    """Return a sum of minor units as the reader writes it."""
    return "–" if minor is None else written(words.language, f"{minor / 100:,.2f}")


def count(words: Words, number: float | None) -> str:
    """Return a number as the reader writes it."""
    return "–" if number is None else written(words.language, f"{number:,.0f}")


def percent(words: Words, share: float | None) -> str:
    """Return a share; what is not whole never reads as 100 %."""
    if share is None:
        return "–"
    hundredths = int(share * 10_000)
    return words("unit.percent", value=written(words.language, f"{hundredths / 100:.2f}"))


def sentence(words: Words, today: Today) -> str:
    """Return one line on a service: complete, or unknown and why."""
    lag = today.figures.get("lag")
    if lag is not None and abs(lag) > LAG:
        return words("billing.wall_lag", service=today.service, span=words.span(abs(lag)))
    if today.share is None:
        return words("billing.wall_unknown", service=today.service)
    return words(
        "billing.wall",
        service=today.service,
        share=percent(words, today.share),
        due=count(words, today.figures["due"]),
        unexplained=count(words, today.figures["unexplained"]),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the months: how complete, in words and as a look."""

    day: date
    look: str  # whole, nearly, part, unknown
    text: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a service."""

    name: str
    cells: list[Cell]


def months(words: Words, days: Mapping[date, float], today: date) -> list[Month]:
    """Return the months up to yesterday, oldest first."""
    result: list[Month] = []
    day = first_day(today)
    while day < today:
        if not result or day.day == 1:
            result.append(Month(words("billing.month", month=day.month, year=day.year), []))
        result[-1].cells.append(_cell(words, day, days.get(day)))
        day += DAY
    return result


def _cell(words: Words, day: date, share: float | None) -> Cell:
    if share is None:
        return Cell(day, "unknown", f"{words.day(day)}: {words('billing.unknown')}")
    look = "whole" if share >= 1 else "nearly" if share >= 0.999 else "part"
    return Cell(day, look, f"{words.day(day)}: {percent(words, share)}")


def coverage(found: Billings) -> dict[str, dict[str, str]]:
    """Return the state of each check by check and service; of two agents the one that makes it counts."""
    result: dict[str, dict[str, str]] = {}
    for service, check, state in found.checks:
        by_service = result.setdefault(check, {})
        if by_service.get(service) != "on":
            by_service[service] = state
    return result
