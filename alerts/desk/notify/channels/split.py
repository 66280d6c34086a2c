"""Texts in parts that a service takes. A message that it refuses for its length would never arrive."""

import re
from collections.abc import Callable

from service.nouns import counted

Measure = Callable[[str], int]
SHORTEST = 6  # a character may measure so much, escaped as markup
_ENDS = (re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s"), re.compile(r"\s"))
"""Where to cut, the best place first: after a line, a sentence, a word."""


def parts(text: str, room: int, measure: Measure = len) -> list[str]:
    """Return a text in parts of at most this measure each, cut after lines, sentences or words where they fit."""
    if room < SHORTEST:
        raise ValueError(f"a part of {counted(room, 'character')} may be too short for one of them")
    result, rest = [], text
    while measure(rest) > room:
        end = _cut(rest, _longest(rest, room, measure))
        result.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*result, rest] if rest or not result else result


def _cut(text: str, most: int) -> int:
    """Return where to end a part of at most so many characters; not in its first half, which would make many parts."""
    for pattern in _ENDS:
        places = [match.start() for match in pattern.finditer(text, most // 2, most + 1)]
        if places:
            return places[-1]
    return most


def _longest(text: str, room: int, measure: Measure) -> int:
    """Return how many characters of a text fit; at least one."""
    low, high = 1, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    return low
