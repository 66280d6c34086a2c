"""CSV of InfluxDB's Flux, annotated or not: the range of the query stands in every row, and the time of the value.

`aggregateWindow` states the end of each window unless it is told `timeSrc: "_start"`. A range holds its start and not
its stop, so the values at its edges tell which of the two a file has.
"""

from collections.abc import Sequence

from dashboards.busy_hour.records.table import CsvError, Stamps, Table

_RANGE = ("_start", "_stop", "_time")
_BESIDE = ("", "result", "table", "_start", "_stop")  # columns that say where a row belongs
_ANNOTATIONS = ("#group", "#datatype", "#default")

Rows = list[tuple[int, list[str]]]


def with_stamps(table: Table) -> Table:
    """Return the table of a Flux query with its time and values alone to choose from; any other table as it is.

    Raises:
        CsvError: the file holds tables with other columns, one below the other.
    """
    header = table.header
    if not (table.named and set(_RANGE) <= set(header)):
        return table
    rows = _data(header, table.rows)
    start, stop, time = (header.index(name) for name in _RANGE)
    edges = [(cells[start], cells[stop], cells[time]) for _, cells in rows]
    table.stamps = _side(edges)
    table.unsure = "" if table.stamps else _UNSURE
    beside = [place for place, name in enumerate(header) if name in _BESIDE]
    table.rows = [(number, _without(cells, beside)) for number, cells in rows]
    table.notes.append(("program", "InfluxDB, Flux"))
    return table


_UNSURE = (
    "no value of this Flux query lies at the start or the stop of its range, so it is not known which end of a window "
    'they state; say --stamps end for aggregateWindow() as it is, --stamps start for samples and for timeSrc: "_start"'
)


def _side(edges: Sequence[tuple[str, str, str]]) -> Stamps | None:
    if any(time == stop for _, stop, time in edges):
        return "end"
    return "start" if any(time == start for start, _, time in edges) else None


def _data(header: Sequence[str], rows: Rows) -> Rows:
    """Return the rows without the annotations and headers between tables that have the same columns."""
    kept: Rows = []
    for number, cells in rows:
        if cells[0] in _ANNOTATIONS or cells == header:
            continue
        if "_time" in cells:
            raise CsvError(
                f"row {number} begins a table of Flux with other columns; export tables with the same columns"
            )
        kept.append((number, cells))
    return kept


def _without(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    made = list(cells)
    for place in places:
        made[place] = ""
    return made
