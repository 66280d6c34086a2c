"""Texts by key and language, from files alone: every `locale/LANGUAGE.toml` below a folder.

A language is there when it has a file. What a language does not say yet is shown in English, so a translation can grow.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.i18n.terms import fill

ENGLISH = "en"


def languages(roots: Sequence[Path]) -> tuple[str, ...]:
    """Return the languages that have texts, by name."""
    return tuple(sorted({path.stem for root in roots for path in root.glob("**/locale/*.toml")}))


def texts(roots: Sequence[Path], language: str) -> dict[str, str]:
    """Return a language's texts by key, with the operator's terms; tables become dotted keys.

    Raises:
        ValueError: two files have the same key.
        TermsError: the operator's terms cannot be used.
    """
    result: dict[str, str] = {}
    for path in sorted(path for root in roots for path in root.glob(f"**/locale/{language}.toml")):
        flat = _flat(tomllib.loads(path.read_text("utf-8")), "")
        found = {key: fill(text, language) for key, text in flat}
        if twice := result.keys() & found.keys():
            raise ValueError(f"{path}: another file has {', '.join(sorted(twice))} already; keep each text once")
        result |= found
    return result


def _flat(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            result += _flat(value, f"{prefix}{name}.")
        else:
            result.append((prefix + name, str(value)))
    return result
