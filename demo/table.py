"""The table that the check prints."""

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One figure: as measured, as it really was, and whether that is good enough."""

    figure: str
    measured: str
    truth: str
    wanted: str
    fine: bool


HEADINGS = ("figure", "in Prometheus", "really", "wanted", "")


def render(rows: Sequence[Row]) -> str:
    """Return the rows under headings, numbers to the right."""
    texts = [HEADINGS, *((*row[:4], "ok" if row.fine else "DIFFERS") for row in rows)]
    widths = [max(len(text[column]) for text in texts) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(
            text.rjust(width) if column in (1, 2) else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in texts
    ]
    return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:]])
