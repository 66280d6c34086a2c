"""What players write in CMCD, read by expressions that are made of what they have written.

A player writes the same keys in the same order, line after line: only numbers, the session and names of files differ.
So an expression is made of a line that was read (`cmcd.read`), with all that stays the same as plain text, and it runs
over all lines of a batch at once. That takes a quarter of the time of an expression in which each key may be there or
not. What none of them takes is read by `cmcd.read`, and tests hold the two together.
"""

import re
from collections.abc import Sequence
from operator import attrgetter, itemgetter

from agent.sources.edge_log.quality.cmcd import (
    KILOBITS,
    LONGEST_ID,
    MILLISECONDS,
    MalformedError,
    Report,
    decoded,
    read,
)
from agent.sources.edge_log.quality.playback import NOT_PLAYING, is_segment

MOST_SHAPES = 12
_SELDOM = 1.0
_LEARNED_AT_ONCE = 4  # of a batch: making an expression takes as long as reading some thousand lines with it
_NUMBERS = (b"bl", b"br", b"d", b"mtp", b"pr", b"sid", b"sn")  # in the order of the groups of a row
# What is the same in all lines of a shape.
_CONSTANT = frozenset({b"bs", b"ot", b"sta", b"su", b"v"})

_EQUALS, _END = rb"(?:%3D|=)", rb"(?:%2C|,[ \t]*|\Z)"
_WORD = rb"[A-Za-z0-9_.-]+"
# What stands between quotes. Players send it, so it must be read in one way only: (?:[a-z]+|/)* takes time without end.
_QUOTED = rb"[A-Za-z0-9_./-]*+(?:%2F[A-Za-z0-9_./-]*+)*+"
_STRING = rb'(%%22|")%b(?:%%22|")' % _QUOTED
_ITEM = re.compile(rb"%b|%b|%%28|%%29|%%3B|%%2B|%%20|[()+; ]" % (_STRING, _WORD))
_VALUE = rb'(?:%22|")[^%",]*(?:%2F[^%",]*)*(?:%22|")|(?:[A-Za-z0-9_./()+; ?-]|%28|%29|%3B|%2B|%20|%22|%2F|")+'
_MEMBER = re.compile(rb"([a-z*][a-z0-9_.*-]*)(?:(%b)(%b))?(%b)" % (_EQUALS, _VALUE, _END))
_NUMBER = re.compile(rb"((?:%28|\()?)[0-9]{1,15}((?:(?:(?:%3B|;)[a-z]+)?(?:%29|\)))?)")
_SESSION = re.compile(rb'(%22|")[A-Za-z0-9_.-]{1,64}(%22|")')


Row = tuple[bytes, ...]
"""What differs from line to line, as written, b"" for what the shape has not: bl, br, d, mtp, pr, sid, sn; at the end
the line itself where the expression does not take it. A plain tuple, because there is one for each line."""


class Shape:
    """One way to write CMCD: `report` is of the line that it was made of, for what is the same in all of its lines."""

    __slots__ = ("_order", "found", "kind", "plays", "read", "report", "segment", "taken")

    def __init__(self, expression: bytes, order: Sequence[int], report: Report) -> None:
        self.read = re.compile(expression + rb"|([^\n]*+\n)").findall
        self.report = report
        self.kind = report.kind or ""
        self.segment = is_segment(report)
        # Whether the player does nothing but play, but for its speed, which differs from line to line.
        self.plays = self.segment and not report.startup and report.state not in NOT_PLAYING
        self.taken = 0  # lines of the last batch
        self.found = 0.0  # the same of all batches, the less the longer ago
        self._order = None if list(order) == sorted(order) else itemgetter(*order, len(_NUMBERS))

    def take(self, text: bytes) -> list[Row]:
        """Return a row for each line of a text."""
        rows: list[Row] = self.read(text)
        return rows if self._order is None else list(map(self._order, rows))

    def report_of(self, row: Row) -> Report:
        """Return what a line says that this shape has taken."""
        buffer, bit_rate, duration, throughput, rate, session, sequence, _ = row
        same = self.report
        return Report(
            session,
            same.version,
            same.kind,
            MILLISECONDS[buffer],
            MILLISECONDS[duration],
            KILOBITS[bit_rate],
            KILOBITS[throughput],
            float(rate) if rate else 1.0,
            same.startup,
            same.starved,
            same.state,
            int(sequence) if sequence else None,
        )


class Shapes:
    """The shapes that a service's players use, at most MOST_SHAPES; `encoded` says that they are of queries."""

    def __init__(self, *, encoded: bool) -> None:
        self._encoded = encoded
        self.known: list[Shape] = []
        self._learned = 0

    def take(self, texts: Sequence[bytes]) -> tuple[list[Row | None], list[Shape | None]]:
        """Return for each text its row and its shape, None where no shape takes it."""
        self._learned = 0
        rows: list[Row | None] = [None] * len(texts)
        shapes: list[Shape | None] = [None] * len(texts)
        left: Sequence[int] = range(len(texts))
        for shape in self.known:
            shape.taken = 0
            found = shape.take(b"\n".join([texts[place] for place in left]) + b"\n") if left else []
            if len(found) != len(left):
                continue  # a text with a newline, as JSON may have one
            others = []
            for place, row in zip(left, found, strict=True):
                if row[7]:
                    others.append(place)
                else:
                    rows[place] = row
                    shapes[place] = shape
            shape.taken = len(left) - len(others)
            shape.found = shape.found / 2 + shape.taken
            left = others
        self.known.sort(key=_found, reverse=True)
        return rows, shapes

    def read(self, text: bytes) -> Report:
        """Return what a text says; raise MalformedError with the reason."""
        return read(_decoded(text) if self._encoded else text)

    def learn(self, text: bytes) -> None:
        """Make a shape of a text that could be read and that no shape takes; the one least used makes room."""
        full = len(self.known) >= MOST_SHAPES
        if self._learned >= _LEARNED_AT_ONCE or (full and self.known[-1].found >= _SELDOM):
            return
        self._learned += 1
        if any(shape.read(text + b"\n")[0][-1] == b"" for shape in self.known):
            return  # it was made of a line of this batch
        shape = shape_of(text, encoded=self._encoded)
        if shape is not None:
            self.known[MOST_SHAPES - 1 :] = [shape]


_found = attrgetter("found")


def shape_of(text: bytes, *, encoded: bool) -> Shape | None:
    """Return the shape of a text as it stands in a query, or in a header; None where it has something unusual."""
    if encoded:
        text = _parameter(text)
    members = _members(text)
    if members is None or (not encoded and b"%" in text):
        return None
    try:
        report = read(_decoded(text) if encoded else text)
    except MalformedError:
        return None
    keys = [key for key, _, _, _ in members]
    missing = [key for key in _NUMBERS if key not in keys]
    expression, order = b"", []
    for key, equals, value, end in members:
        piece = _piece(key, value) if equals else b""
        if piece is None:
            return None
        if key in _NUMBERS:
            # What the line has not is an empty group in its place, so that nothing need be put in order.
            while missing and missing[0] < key:
                order.append(missing.pop(0))
                expression += b"()"
            order.append(key)
        expression += re.escape(key + equals) + piece + re.escape(end)
    expression += b"()" * len(missing) + (rb"(?:[&#][^\n]*+|)\n" if encoded else rb"\n")
    order += missing
    shape = Shape(expression, [order.index(key) for key in _NUMBERS], report)
    # It does not take a line with a string that begins with a quote and ends with an encoded one.
    return shape if shape.take(text + b"\n")[0][-1] == b"" else None


def _parameter(text: bytes) -> bytes:
    return re.split(rb"[&#]", text, maxsplit=1)[0]


def _decoded(text: bytes) -> bytes:
    return decoded(_parameter(text))


def _members(text: bytes) -> list[tuple[bytes, bytes, bytes, bytes]] | None:
    """Return key, equals sign, value and comma of each member as written; None where one is unusual."""
    members, at = [], 0
    while at < len(text):
        member = _MEMBER.match(text, at)
        if member is None:
            return None
        members.append((member[1], member[2] or b"", member[3] or b"", member[4]))
        at = member.end()
    keys = {key for key, _, _, _ in members}
    return members if len(keys) == len(members) and members and not members[-1][3] else None


def _piece(key: bytes, value: bytes) -> bytes | None:
    """Return the expression of a value; None where it is not what its key should have."""
    if value.count(b"(") + value.count(b"%28") != value.count(b")") + value.count(b"%29"):
        return None  # a list that has not ended takes the members behind it
    if key == b"sid":
        found = _SESSION.fullmatch(value)
        return found and re.escape(found[1]) + rb"([A-Za-z0-9_.-]{1,%d}+)" % LONGEST_ID + re.escape(found[2])
    if key == b"pr":
        return rb"([0-9]{1,12}+(?:\.[0-9]{1,3}+)?+)" if re.fullmatch(rb"[0-9]{1,12}(\.[0-9]{1,3})?", value) else None
    if key in _NUMBERS:
        found = _NUMBER.fullmatch(value)
        return found and re.escape(found[1]) + rb"([0-9]{1,15}+)" + re.escape(found[2])
    if key in _CONSTANT:
        return re.escape(value)
    return _generalized(value)


def _generalized(value: bytes) -> bytes | None:
    """Return the expression of values that nobody looks at, with the same signs between their words."""
    pieces, at = [], 0
    while at < len(value):
        item = _ITEM.match(value, at)
        if item is None:
            return None
        if item[1]:
            quote = re.escape(item[1])
            pieces.append(quote + _QUOTED + quote)
        else:
            pieces.append(rb"[A-Za-z0-9_.-]++" if re.fullmatch(_WORD, item[0]) else re.escape(item[0]))
        at = item.end()
    return b"".join(pieces)
