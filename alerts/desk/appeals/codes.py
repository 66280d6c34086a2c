"""The codes (шифры) by which appeals are classified: the operator's file, or examples."""

from collections.abc import Mapping
from dataclasses import dataclass
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

    def __post_init__(self) -> None:
        for name in ("id", "group"):
            text = getattr(self, name)
            if not text.strip() or not text.isprintable() or len(text) > 32:
                raise ValueError(f"{name}: {text!r} is empty, longer than 32 characters or cannot be printed")

    def name(self, language: str) -> str:
        """Return its name in a language; in English for one that the file does not have."""
        return self.ru if language == "ru" else self.en


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
    """Return the code that somebody typed: its id, or words that only one name holds, in either language."""
    wanted = " ".join(text.split()).casefold()
    if not wanted or text.strip() in known:
        return known.get(text.strip())
    found = [code for code in known.values() if wanted in code.ru.casefold() or wanted in code.en.casefold()]
    return found[0] if len(found) == 1 else None
