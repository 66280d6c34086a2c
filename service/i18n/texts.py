"""One language of a program, from its catalogues: a text that a language lacks is shown in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from service.i18n import catalogue
from service.i18n.cldr import plural, written

Roots = tuple[Path, ...]


@cache
def languages(roots: Roots) -> tuple[str, ...]:
    """Return the languages that have texts."""
    return catalogue.languages(roots)


@cache
def by_key(roots: Roots, language: str) -> Mapping[str, str]:
    """Return a language's texts by key, in English where it has none.

    Raises:
        ValueError: two files have the same key.
        TermsError: the operator's terms cannot be used.
    """
    own = catalogue.texts(roots, language)
    return own if language == catalogue.ENGLISH else {**catalogue.texts(roots, catalogue.ENGLISH), **own}


@dataclass(frozen=True, slots=True)
class Texts:
    """Looks texts up; a program's own class says in `roots` where its catalogues are."""

    roots: ClassVar[Roots]
    language: str

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled; a missing key is a bug and raises KeyError."""
        return by_key(self.roots, self.language)[key].format(**values)

    def of(self, key: str, word: str) -> str:
        """Return the text of a word that comes from data, or the word itself where the catalogue has none."""
        return by_key(self.roots, self.language).get(f"{key}.{word}", word)

    def has(self, key: str) -> bool:
        """Return whether there is such a text."""
        return key in by_key(self.roots, self.language)

    def number(self, key: str, number: int, **values: object) -> str:
        """Return a text in the plural form of `number`."""
        own, known = f"{key}.{plural(self.language, number)}", by_key(self.roots, self.language)
        # A language without this text shows the English one, in its form.
        return (known.get(own) or known[f"{key}.{plural(catalogue.ENGLISH, number)}"]).format(n=number, **values)

    def written(self, number: str) -> str:
        """Return a number that is written as 12,345.6 or -12,345.6 with the language's own signs."""
        return written(self.language, number)
