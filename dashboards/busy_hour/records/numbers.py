"""Numbers as files write them: which mark is the decimal sign, and which groups thousands.

A column is judged as a whole. Where its cells fit both readings, the file is refused with the choices.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

MISSING = frozenset({"", "nan", "-nan", "null", "none", "n/a", "u", "undefined", "-"})
"""What programs write where they know nothing: RRDtool "nan" and "U", Grafana "undefined" and "null"."""

_SPACES = "\u0020\u00a0\u202f\u2009'\u2019"
_PLAIN = re.compile(r"[+-]?\d+(?:[eE][+-]?\d+)?")
_SHAPE = re.compile(r"[+-]?\d[\d.,\u0020\u00a0\u202f\u2009'\u2019]*(?:[eE][+-]?\d+)?|[+-]?[.,]\d+(?:[eE][+-]?\d+)?")
_WITH_UNIT = re.compile(r"[+-]?\d[\d.,]*\s?([^\W\d_%][^\d.,;]*|%)")


@dataclass(frozen=True, slots=True)
class Notation:
    """The decimal sign, and the mark between groups of three digits ("" for none)."""

    decimal: str = "."
    thousands: str = ""

    def number(self, text: str) -> float:
        """Return the number of a cell, NaN for one that says nothing is known; raise ValueError for anything else."""
        if text.lower() in MISSING:
            return math.nan
        sign = text[:1] if text[:1] in "+-" else ""
        body = text[len(sign) :]
        whole, point, fraction = body.partition(self.decimal)
        whole = self._whole(whole)
        if not re.fullmatch(r"\d*(?:[eE][+-]?\d+)?", fraction) or (point and not fraction and not whole):
            raise ValueError(f"{text!r} is not a number")
        if not point and not re.fullmatch(r"\d+(?:[eE][+-]?\d+)?", whole):
            raise ValueError(f"{text!r} is not a number")
        if point and not re.fullmatch(r"\d*", whole):
            raise ValueError(f"{text!r} is not a number")
        return float(f"{sign}{whole or '0'}{'.' if point else ''}{fraction if point else ''}")

    def _whole(self, text: str) -> str:
        if not self.thousands:
            return text
        marks = _SPACES if self.thousands == " " else self.thousands
        groups = re.split(f"[{re.escape(marks)}]", text)
        if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
            raise ValueError(f"{text!r} is not grouped by thousands")
        return "".join(groups)


class AmbiguousError(ValueError):
    """The cells fit two readings; the message shows both."""


def looks_like_number(text: str) -> bool:
    """Return whether a cell may hold a number in some notation, or says that none is known."""
    return text.lower() in MISSING or _SHAPE.fullmatch(text) is not None


def unit_of(text: str) -> str:
    """Return the unit after a number, "" where the text is no number with a unit."""
    found = _WITH_UNIT.fullmatch(text)
    return found[1] if found else ""


def detect(cells: Sequence[str], delimiter: str) -> Notation:
    """Return the one notation that all cells fit.

    In a file that is separated by commas a point alone is the decimal sign: where a point groups thousands, the comma
    is the decimal sign, and such programs separate columns by semicolons.

    Raises:
        AmbiguousError: both readings fit.
    """
    written = [cell for cell in dict.fromkeys(cells) if cell.lower() not in MISSING and not _PLAIN.fullmatch(cell)]
    spaced = any(mark in cell for cell in written for mark in _SPACES)
    points, commas = (any(mark in cell for cell in written) for mark in ".,")
    if points and commas:
        return _of_both(written)
    thousands = " " if spaced else ""
    if not points and not commas:
        return Notation(".", thousands)
    mark = "." if points else ","
    other = "," if points else "."
    if spaced:
        return Notation(mark, " ")
    grouped = [cell for cell in written if re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+", cell)]
    several = any(cell.count(mark) > 1 for cell in written)
    if several:
        return Notation(other, mark)
    long = any(re.fullmatch(r"[+-]?\d{4,}", cell) for cell in cells)
    if len(grouped) < len(written) or long or (mark == "." and delimiter == ","):
        return Notation(mark, "")
    shown = grouped[0]
    raise AmbiguousError(
        f'"{shown}" may be {shown.replace(mark, ".")} or {shown.replace(mark, "")}; '
        f'say which: --decimal "{mark}" or --thousands "{mark}"'
    )


def _of_both(written: Sequence[str]) -> Notation:
    first = next((cell for cell in written if "." in cell and "," in cell), None)
    if first is None:
        dotted = next(cell for cell in written if "." in cell)
        with_comma = next(cell for cell in written if "," in cell)
        raise AmbiguousError(f'"{dotted}" and "{with_comma}" are in one column; say which sign is the decimal one')
    decimal = max(".,", key=first.rfind)
    return Notation(decimal, "," if decimal == "." else ".")
