"""CSV of Windows' Performance Monitor (typeperf, logman, relog): the first name holds the zone of the stamps.

Stamps have the month first in every language. A rate is of the time since the sample before it: its stamp is the end.
The offset is that of the moment when the log began: it is compared with the zone's there, and where clocks change later
the zone decides.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from dashboards.busy_hour.records.table import CsvError, Table

_NAME = re.compile(r"\(PDH-[CT]SV \d\.\d\) \((?P<zone>.*)\)\((?P<behind>-?\d+)\)")
_UTC = ("UTC", "Coordinated Universal Time")
_STAMP = "%m/%d/%Y %H:%M:%S"


def with_stamps(table: Table) -> Table:
    """Return the table with ISO stamps in its first column; one of another program as it is.

    Raises:
        CsvError: a stamp has another form than Performance Monitor writes.
    """
    found = _NAME.fullmatch(table.header[0]) if table.named and table.header else None
    if found is None:
        return table
    zone, ahead = found["zone"], -60 * int(found["behind"])
    end = "Z" if zone in _UTC and ahead == 0 else ""
    table.rows = [(number, [_iso(number, cells) + end, *cells[1:]]) for number, cells in table.rows]
    table.stamps = "end"
    table.offset = (ahead, zone)
    table.notes.append(("program", "Performance Monitor"))
    return table


def _iso(number: int, cells: Sequence[str]) -> str:
    clock, _, fraction = cells[0].partition(".")
    try:
        moment = datetime.strptime(clock, _STAMP)  # noqa: DTZ007 - the zone is added later
        return f"{moment:%Y-%m-%d %H:%M:%S}.{int(fraction or 0):03d}"
    except ValueError:
        raise CsvError(
            f"row {number}: {cells[0]!r} is no time stamp of Performance Monitor, such as 10/31/2026 20:00:00.000; "
            "export it again"
        ) from None
