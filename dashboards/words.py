"""The languages of the dashboards: English is in the dashboards, every other language is a catalogue in `texts/`.

A catalogue maps the English text to its translation. A text that is missing there stops the build: a board that is
half in another language is worse than none.
"""

import re
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal, get_args

from service.i18n.terms import fill

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_PLACE = re.compile(r"\{\{[^}]*\}\}|\$\{[^}]*\}|\$\w+")
_LETTER = re.compile(r"[^\W\d_]")


class MissingTextError(ValueError):
    """The catalogue of a language has no such text."""


@dataclass
class Words:
    """Looks texts up in one language and remembers which were used."""

    language: Language
    catalogue: dict[str, str]
    used: set[str] = field(default_factory=set)

    def __call__(self, text: str) -> str:
        """Return `text` in this language."""
        if self.language == "en" or not _LETTER.search(_PLACE.sub("", text)):
            return text
        self.used.add(text)
        try:
            return self.catalogue[text]
        except KeyError:
            raise MissingTextError(
                f"dashboards/texts/{self.language}.toml has no translation of {text!r}; add it"
            ) from None


def placeholders(text: str) -> list[str]:
    """Return the labels and variables that Grafana fills into a text."""
    return sorted(_PLACE.findall(text))


def words(language: Language) -> Words:
    """Read the catalogue of a language."""
    if language == "en":
        return Words("en", {})
    table = tomllib.loads(files("dashboards").joinpath(f"texts/{language}.toml").read_text("utf-8"))
    return Words(
        language, {english: fill(text, language) for section in table.values() for english, text in section.items()}
    )
