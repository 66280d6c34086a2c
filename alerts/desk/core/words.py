"""The desk's texts in Russian and English. Each folder has its own in `locale/`, one file a language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import TypeVar

from service.i18n.terms import fill

LANGUAGES = ("ru", "en")
T = TypeVar("T")
DESK = Path(__file__).parents[1]


def in_language(texts: Mapping[str, T], language: str) -> T | None:
    """Return a text of a ticket in a language, else in English, else in any; None where there is none.

    A ticket keeps the texts in the languages that its alarm had, whichever these are.
    """
    for name in (language, "en", *texts):
        if texts.get(name):
            return texts[name]
    return None


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return a language's texts by key, with the operator's terms; tables become dotted keys.

    Raises:
        ValueError: two files have the same key.
        TermsError: the operator's terms cannot be used.
    """
    result: dict[str, str] = {}
    for path in sorted(DESK.glob(f"**/locale/{language}.toml")):
        flat = _flat(tomllib.loads(path.read_text("utf-8")), "")
        texts = {key: fill(text, language) for key, text in flat}
        if twice := result.keys() & texts.keys():
            raise ValueError(f"{path}: another file has {', '.join(sorted(twice))} already; say each text once")
        result |= texts
    return result


def _flat(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            result += _flat(value, f"{prefix}{name}.")
        else:
            result.append((prefix + name, str(value)))
    return result


def plural(language: str, number: int) -> str:
    """Return CLDR's category for a whole number: one, few or many in Russian, one or other in English."""
    if language == "en":
        return "one" if number == 1 else "other"
    if number % 10 == 1 and number % 100 != 11:
        return "one"
    return "few" if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else "many"


@dataclass(frozen=True, slots=True)
class Words:
    """One language in one time zone, as templates use it."""

    language: str
    zone: tzinfo

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled; a missing key is a bug and raises KeyError."""
        return catalogue(self.language)[key].format(**values)

    def of(self, key: str, word: str) -> str:
        """Return the text of a word that comes from data, or the word itself where the catalogue has none."""
        return catalogue(self.language).get(f"{key}.{word}", word)

    def text(self, texts: Mapping[str, str]) -> str:
        """Return a text of a ticket in the reader's language, or in another one that it has."""
        return in_language(texts, self.language) or ""

    def number(self, key: str, number: int) -> str:
        """Return a text in the plural form of `number`."""
        return catalogue(self.language)[f"{key}.{plural(self.language, number)}"].format(n=number)

    def time(self, moment: datetime | None) -> str:
        """Return a local time to the second."""
        return moment.astimezone(self.zone).strftime("%d.%m.%Y %H:%M:%S") if moment else "–"

    def moment(self, moment: datetime, now: datetime) -> str:
        """Return a local time to the minute: the hour alone for today, with the day before that."""
        local, today = moment.astimezone(self.zone), now.astimezone(self.zone)
        if local.date() == today.date():
            return f"{local:%H:%M}"
        year = "" if local.year == today.year else f" {local.year}"
        return f"{local.day} {self(f'month.{local.month}')}{year} {local:%H:%M}"

    def day(self, day: date) -> str:
        """Return a day with its year."""
        return f"{day.day} {self(f'month.{day.month}')} {day.year}"

    def span(self, seconds: float) -> str:
        """Return a duration by its two largest parts, with a minus once it is overdrawn."""
        whole = int(abs(seconds))
        days, rest = divmod(whole, 86400)
        hours, rest = divmod(rest, 3600)
        minutes, left = divmod(rest, 60)
        parts = [(days, "d"), (hours, "h"), (minutes, "m"), (left, "s")]
        first = next((place for place, (value, _) in enumerate(parts) if value), 3)
        shown = " ".join(f"{value} {self(f'unit.{unit}')}" for value, unit in parts[first : first + 2])
        return f"−{shown}" if seconds < 0 else shown
