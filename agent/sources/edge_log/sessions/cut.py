"""The request targets of a batch, cut where their CMCD begins."""

import re
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

_MARK = b"CMCD="
_PARAMETER = re.compile(rb"[?&]CMCD=")


class Cut(NamedTuple):
    """By row: the target up to the name of the parameter, and what follows it, b"" where there is none.

    What follows holds the other parameters behind it too.
    """

    bases: Sequence[bytes]
    reports: Sequence[bytes]


def cut(targets: Sequence[bytes]) -> Cut | None:
    """Cut request targets; None where none of them has CMCD, which one look through all of them shows."""
    if _MARK not in b"\n".join(targets):
        return None
    bases, marks, reports = zip(*[target.partition(_MARK) for target in targets], strict=True)
    ends = b"\n".join(compress(bases, marks)) + b"\n"
    if ends.count(b"&\n") + ends.count(b"?\n") == len(marks) - marks.count(b""):
        return Cut(bases, reports)  # nearly always: the name stands where it should
    cuts = [_PARAMETER.search(target) for target in targets]
    return Cut(
        [target[: found.end() - len(_MARK)] if found else target for target, found in zip(targets, cuts, strict=True)],
        [target[found.end() :] if found else b"" for target, found in zip(targets, cuts, strict=True)],
    )
