"""Historic data of PRTG as CSV (`historicdata.csv`): each column stands there twice, as text and as it is, "(RAW)".

The moments are days since 1899-12-30 in UTC. Of averages they are the end of the interval, whose text is a range; a
value that was read has one moment. What is last is a row of averages or sums.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from dashboards.busy_hour.records.table import CsvError, Table

_RAW = "(RAW)"
_UNIX_EPOCH = 25569.0  # 1970-01-01 in such days
_DAY = 86400.0
_NUMBER = re.compile(r"(\d{5})(?:[.,](\d+))?")
_RANGE = " - "


def with_moments(table: Table) -> Table:
    """Return the table of PRTG with its moments in the first column; any other table as it is.

    Raises:
        CsvError: a row has a moment in words and none in days.
    """
    header = table.header
    if not (table.named and len(header) > 2 and header[1] == header[0] + _RAW):
        return table
    rows, left_out, averages = [], 0, False
    for number, cells in table.rows:
        moment = _moment(cells[1])
        if moment is not None:
            averages = averages or _RANGE in cells[0]
            rows.append((number, [moment, "", *cells[2:]]))
        elif ":" in cells[0]:
            raise CsvError(f'row {number}: {cells[1]!r} in column "{header[1]}" is no day of PRTG; export it again')
        else:
            left_out += 1
    table.rows = rows
    table.stamps = "end" if averages else "start"
    table.notes.append(("program", "PRTG"))
    if left_out:
        table.notes.append(("rows of sums and averages, left out", str(left_out)))
    return table


def shown(header: Sequence[str]) -> list[int]:
    """Return the columns that show to people what the next one has as it is."""
    return [place for place, (name, after) in enumerate(pairwise(header)) if after == name + _RAW]


def _moment(text: str) -> str | None:
    """Return a moment in days as ISO 8601, None where it is none."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None or float(found[1]) <= _UNIX_EPOCH:
        return None
    days = float(f"{found[1]}.{found[2] or '0'}")
    # The last digits of the fraction are noise of a few microseconds.
    return f"{datetime.fromtimestamp(round((days - _UNIX_EPOCH) * _DAY), UTC):%Y-%m-%dT%H:%M:%SZ}"
