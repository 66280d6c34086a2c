"""One regular expression that `findall` runs over a whole chunk, and the columns of the lines that it takes.

An expression may have two forms. In the exact one no field crosses a newline. The quick one lacks that condition,
which lets the engine skip a field as fast as memory allows; its result is used where it has as many rows as the chunk
has newlines, which proves that no field crossed one. Both give the same rows then: a field's class never contains the
character that follows the field, so where the exact form stops at a newline it cannot go on to match. The first field
crosses a newline in neither: a chunk of short lines that are none would be searched to its end from each of them.

A word within quotes is skipped as fast only where nothing but the blank ends it. The quick form may let such a group
run over a quote; its result is used where no line has one there.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

NL = "\ue000"  # within a class: the newline that only the exact form excludes
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


Columns = Mapping[str, Sequence[bytes]]
"""By group, what the lines have there."""


class Taken(NamedTuple):
    """The lines of a chunk: the columns of those that were taken, and by number from 0 those that were left."""

    lines: int
    columns: Columns
    left: Mapping[int, bytes]  # with their newlines


class Expression:
    """The expression of one line without its newline; every group has a name.

    `words` names the groups that the quick form lets run over a quote, which the exact one does not.
    """

    def __init__(
        self, groups: Sequence[str], exact: str, quick: str | None = None, words: Collection[str] = ()
    ) -> None:
        self._groups = groups
        self._words = [index for index, group in enumerate(groups) if group in words]
        self.exact = _compile(exact)
        self._quick = None if quick is None else _compile(quick)

    def take(self, chunk: bytes, *, quick: bool = True) -> Taken:
        """Match whole lines; `quick` is false where the chunk holds what the quick form does not know."""
        rows: list[tuple[bytes, ...]] = self._quick.findall(chunk) if quick and self._quick else []
        every = [*zip(*rows, strict=True)] if len(rows) == count_lines(chunk) else []
        if not every or any(b'"' in b"".join(every[index]) for index in self._words):
            rows = self.exact.findall(chunk)
            every = [*zip(*rows, strict=True)]
        if not every:
            return Taken(0, {}, {})
        *columns, marks = every
        left = {line: marks[line] for line in compress(range(len(marks)), marks)}
        taken: list[Sequence[bytes]] = [_without(column, left) for column in columns] if left else [*columns]
        return Taken(len(rows), dict(zip(self._groups, taken, strict=True)), left)


def count_lines(chunk: bytes) -> int:
    """Return how many newlines there are.

    CPython counts a byte by comparing each, but looks for what it replaces with memchr, which is three times as fast.
    """
    return len(chunk) - len(chunk.replace(b"\n", b""))


def forms(template: str) -> tuple[str, str]:
    """Return the exact and the quick form of a template that has NL in its classes."""
    # At the end of a line the class is [^\n] in both.
    text = template.replace(f"[^{NL}]", r"[^\n]")
    return text.replace(NL, r"\n"), text.replace(NL, "")


def one_of(methods: Sequence[str]) -> str:
    """Return the expression of these methods; what is no method matches nothing."""
    return "|".join(re.escape(method) for method in methods if _TOKEN.fullmatch(method)) or "(?!)"


def _compile(line: str) -> "re.Pattern[Any]":
    return re.compile(_NEGATED.sub(_without_negation, f"{line}\\n|([^\\n]*+\\n)".encode()))


# What is escaped, so that no bracket of a literal text is taken for a class; and a class that excludes something.
_NEGATED = re.compile(rb"\\.|\[\^((?:\\.|[^\]\\])+)\]", re.DOTALL)


def _without_negation(found: "re.Match[bytes]") -> bytes:
    """Return a class that excludes two bytes or more as the runs of what it takes.

    CPython compares a byte with each that is excluded, but looks it up in one table where there are three runs or more.
    """
    excluded = found[1]
    if excluded is None:
        return found[0]
    runs = [run.span() for run in re.finditer(b"[^%b]+" % excluded, bytes(range(256)))]
    if sum(end - begin for begin, end in runs) == 255:
        return found[0]  # one is excluded: the fastest of all
    return b"[%b]" % b"".join(rb"\x%02x-\x%02x" % (begin, end - 1) for begin, end in runs)


def _without(column: Sequence[bytes], left: Mapping[int, bytes]) -> list[bytes]:
    """Return a column without some of its rows; mostly they are few, and taking them out beats building it again."""
    kept = list(column)
    if 8 * len(left) > len(kept):
        return [value for line, value in enumerate(kept) if line not in left]
    for line in sorted(left, reverse=True):
        del kept[line]
    return kept
