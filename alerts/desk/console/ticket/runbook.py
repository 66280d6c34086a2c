"""The runbook of an alert: what viewers notice and the first action, to be read on the ticket's own page.

The pages are our own, one an alert, each with a half in Russian and one in English that open with two bold lines.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parents[3] / "runbooks"
_HALVES = {"ru": "## Русский", "en": "## English"}
_NAME = re.compile(r"[A-Za-z0-9]{1,100}")
_BOLD = re.compile(r"^\*\*(.+?)\*\* *(.+)$", re.MULTILINE)

Span = tuple[str, bool]
"""A stretch of text, and whether it is to be typed as it stands."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """The opening of one half of a page as (name, text) pairs, and the rest of it."""

    opening: tuple[tuple[str, tuple[Span, ...]], ...]
    rest: str


@cache
def runbook(alert: str, language: str) -> Runbook | None:
    """Return an alert's runbook; None for an alert that is not ours: its name comes from outside."""
    file = _FOLDER / f"{alert}.md"
    if not _NAME.fullmatch(alert) or not file.is_file():
        return None
    text = file.read_text("utf-8").partition(_HALVES[language])[2]
    text = re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]
    opening, _, rest = text.partition("\n### ")
    return Runbook(
        tuple((name.rstrip("."), _spans(line)) for name, line in _BOLD.findall(opening)),
        re.sub(r"^### ", "", rest, flags=re.MULTILINE).strip(),
    )


def _spans(line: str) -> tuple[Span, ...]:
    return tuple((part, place % 2 == 1) for place, part in enumerate(line.split("`")) if part)
