"""Lists of nodes in the form that nearly all have: read without a YAML parser, which takes seconds for ten thousand.

Each entry is two lines, `- targets: [ADDRESS]` and `  labels: {NAME: VALUE, …}`, between lines of comments. Whatever
else a file may hold is for the parser, which also says what is wrong with it; so is what would be read in another
way than it is written, such as `true` without quotes, an escape, or a label that is there twice.
"""

import re
from typing import Any

_QUOTED = r'"[ !#-\[\]-~]*"'
_BARE = r"(?!(?:null|true|false)\b)[a-z][a-z0-9_.-]*(?::[0-9]+)?|[0-9]+(?:\.[0-9]+){3}(?::[0-9]+)?"
_VALUE = rf"(?:{_QUOTED}|(?i:{_BARE}))(?=[,\]}}])"
_PAIR = rf"[a-z_]+: {_VALUE}"
_PIECE = re.compile(
    rf"- targets: \[({_VALUE}(?:, ?{_VALUE})*)\]\n  labels: \{{({_PAIR}(?:, ?{_PAIR})*)\}}\n"
    r"|#[ -~]*\n|\n"
)
_VALUES = re.compile(rf"{_QUOTED}|[^,\s\"]+")
_PAIRS = re.compile(rf"([a-z_]+): ({_QUOTED}|[^,\s\"]+)")


def entries(text: str) -> list[dict[str, Any]] | None:
    """Return the entries as a parser would, with `targets` and `labels`; None where the text needs one."""
    found: list[dict[str, Any]] = []
    place = 0
    for piece in _PIECE.finditer(text):
        if piece.start() != place:
            return None
        place = piece.end()
        if piece[1] is None:
            continue
        pairs = _PAIRS.findall(piece[2])
        labels = {name: value.strip('"') for name, value in pairs}
        if len(labels) != len(pairs):
            return None
        found.append({"targets": [each.strip('"') for each in _VALUES.findall(piece[1])], "labels": labels})
    return found if place == len(text) else None
