"""The codes (шифры) by which appeals are classified: the operator's file, or examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from service.settings import load

EXAMPLES = Path(__file__).with_name("codes.toml")


@dataclass(frozen=True, slots=True)
class Code:
    """One class of appeals."""

    id: str
    group: str
    kind: Literal["complaint", "request", "billDispute"]
    ru: str
    en: str
    billing: bool = False
    names: dict[str, str] = field(default_factory=dict)  # in further languages

    def __post_init__(self) -> None:
        if written := self.names.keys() & {"ru", "en"}:
            raise ValueError(f"names: {min(written)} has a key of its own; write {min(written)} = ...")
        for name in ("id", "group"):
            text = getattr(self, name)
            if not text.strip() or not text.isprintable() or len(text) > 32:
                raise ValueError(f"{name}: {text!r} is empty, longer than 32 characters or cannot be printed")

    def name(self, language: str) -> str:
        """Return its name in a language; in English for one that the file does not have."""
        return self.names.get(language) or (self.ru if language == "ru" else self.en)

    def has(self, words: str) -> bool:
        """Return whether a name in any language holds these words, given in lower case."""
        return any(words in name.casefold() for name in (self.ru, self.en, *self.names.values()))


@dataclass(frozen=True, slots=True)
class _File:
    code: tuple[Code, ...]

    def __post_init__(self) -> None:
        names = [each.id for each in self.code]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"code: two have the id {min(twice)}")
        if not names:
            raise ValueError("code: is empty; write tables [[code]]")


def codes(file: Path | None = None) -> Mapping[str, Code]:
    """Return the codes by id, in the order of the file; raise SettingsError with each mistake in it."""
    return {each.id: each for each in load(file or EXAMPLES, _File).code}


def typed(known: Mapping[str, Code], text: str) -> Code | None:
    """Return the code that somebody typed: its id, or words that the names of only one code hold, in any language."""
    wanted = " ".join(text.split()).casefold()
    if not wanted or text.strip() in known:
        return known.get(text.strip())
    found = [code for code in known.values() if code.has(wanted)]
    return found[0] if len(found) == 1 else None
