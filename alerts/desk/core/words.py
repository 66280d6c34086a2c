"""The desk's texts. Each folder has its own in `locale/`, one file for each language: a file adds a language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import ClassVar, TypeVar

from service.i18n import texts as i18n
from service.i18n.texts import Roots, Texts

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


def languages() -> tuple[str, ...]:
    """Return the languages of the console: those that have texts."""
    return i18n.languages(Words.roots)


def catalogue(language: str) -> Mapping[str, str]:
    """Return a language's texts by key, in English where it has none.

    Raises:
        ValueError: two files have the same key.
        TermsError: the operator's terms cannot be used.
    """
    return i18n.by_key(Words.roots, language)


@dataclass(frozen=True, slots=True)
class Words(Texts):
    """One language in one time zone, as templates use it."""

    roots: ClassVar[Roots] = (DESK,)
    zone: tzinfo

    def text(self, texts: Mapping[str, str]) -> str:
        """Return a text of a ticket in the reader's language, or in another one that it has."""
        return in_language(texts, self.language) or ""

    def actor(self, name: str) -> str:
        """Return the name of who did something, as people read it: `desk` and its like in the reader's language."""
        return self.of("actor", name)

    def names(self) -> dict[str, str]:
        """Return the name of each language in that language."""
        return {each: catalogue(each).get(f"languagename.{each}", each) for each in languages()}

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

    def span(self, seconds: float, *, zeros: bool = True) -> str:
        """Return a duration by its two largest parts, with a minus once it is overdrawn; without `zeros`, 5 min."""
        whole = int(abs(seconds))
        days, rest = divmod(whole, 86400)
        hours, rest = divmod(rest, 3600)
        minutes, left = divmod(rest, 60)
        parts = [(days, "d"), (hours, "h"), (minutes, "m"), (left, "s")]
        first = next((place for place, (value, _) in enumerate(parts) if value), 3)
        largest = [part for part in parts[first : first + 2] if part[0] or zeros] or parts[-1:]
        shown = " ".join(f"{value} {self(f'unit.{unit}')}" for value, unit in largest)
        return f"−{shown}" if seconds < 0 and whole else shown
