"""Pages of comma-separated values under one header, such as HAProxy's: a figure is a column, for each row that counts.

A field that is empty is none: HAProxy leaves out what a row has not, such as the requests of a proxy of plain TCP.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from agent.sources.server.figure import Figure, Found
from service.nouns import counted

MOST_ROWS = 100_000

Rows = Sequence[dict[str, str]]


class Csv:
    """Comma-separated values."""

    def check(self, figure: Figure) -> None:
        """Raise ValueError for a figure with `each`."""
        if figure.each:
            raise ValueError("a figure of a CSV page has no each; every row that has what where names counts")

    def document(self, text: str) -> Rows:
        """Return the rows by the names of their columns; the header may begin with a number sign."""
        if not text.endswith("\n"):
            raise ValueError("the CSV breaks off: its last line has no end")
        if text.count("\n") > MOST_ROWS:
            raise ValueError(f"the CSV has more than {MOST_ROWS} lines")
        try:
            header, *rows = [row for row in csv.reader(io.StringIO(text.removeprefix("#"), newline="")) if row]
        except (csv.Error, ValueError):  # ValueError: no line at all
            raise ValueError("the answer is not CSV with a header; check the address") from None
        names = [name.strip() for name in header]
        for number, row in enumerate(rows, 2):
            if len(row) != len(names):
                raise ValueError(
                    f"row {number} of the CSV has {counted(len(row), 'field')} where the header names {len(names)}; "
                    "check the address"
                )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def find(self, document: Rows, figure: Figure) -> Iterator[Found]:
        """Yield the column's value in each row that counts."""
        for row in document:
            if figure.counts(row):
                labels = {name: row.get(column) for name, column in figure.labels_from.items()}
                yield Found(row.get(figure.value) or None, labels)
