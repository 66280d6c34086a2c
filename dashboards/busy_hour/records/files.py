"""Files of other programs as rows of cells: text with a delimiter, workbooks, JSON and XML of monitoring programs.

What a file looks like is detected and kept in `Table.notes` for the planner to see; each can be set instead.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dashboards.busy_hour.records import exports, flux, numbers, perfmon, prtg, stamps, workbooks
from dashboards.busy_hour.records.clock_column import join_clock
from dashboards.busy_hour.records.table import CsvError, Form, Table
from service.nouns import counted

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LOOKED_AT = 400  # rows that decide on the delimiter
_DAMAGE = re.compile("[\ufffd\x00-\x08\x0e-\x1f]")


IsStamp = Callable[[str], bool]


def read(path: Path, form: Form, is_stamp: IsStamp = stamps.looks_like_stamp) -> Table:
    """Return the table of a file; raise CsvError where it cannot be read in one way."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CsvError(f"{path}: cannot be read: {error.strerror}; check its path and rights") from None
    if not content.strip():
        raise CsvError(f"{path}: is empty; export it again")
    if content[:4] == b"PK\x03\x04":
        sheet, rows = workbooks.read(path, form)
        table = _with_header(path, rows, "", form, is_stamp)
        table.notes.insert(0, ("sheet", sheet))
        return _one_time(table)
    if content[:4] == b"\xd0\xcf\x11\xe0":
        raise CsvError(f"{path}: is a workbook of Excel 97; save it as .xlsx, .ods or CSV")
    text, encoding = _decoded(path, content, form.encoding)
    start = text.lstrip()[:1]
    try:
        if start in ("{", "["):
            made = exports.from_json(path, text)
        elif start == "<":
            made = exports.from_xml(path, text)
        else:
            made = exports.fetched(text) or _of_program(_delimited(path, text, form, is_stamp))
    except CsvError as error:
        raise error if str(path) in str(error) else CsvError(f"{path}: {error}") from None
    made.notes.insert(0, ("encoding", encoding))
    return _one_time(made)


def _of_program(table: Table) -> Table:
    """Return the table with the stamps that the program which wrote it means."""
    return perfmon.with_stamps(flux.with_stamps(prtg.with_moments(table)))


def _one_time(table: Table) -> Table:
    """Return the table with a date and a time of day that are in two columns as one."""
    found = join_clock(table.header, table.rows)
    if found is not None:
        table.header, table.rows, (day, table.clock) = found
        table.notes.append(("time", f'"{day}" and "{table.clock}", joined'))
    return table


def _decoded(path: Path, content: bytes, chosen: str | None) -> tuple[str, str]:
    if chosen:
        return _decode(path, content, chosen), chosen
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _decode(path, content, encoding), f"{encoding.removesuffix('-sig')} (byte order mark)"
    head = content[:4000]
    if len(head) > 3 and 0 in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.05 * len(head):
            encoding = "utf-16-be" if even > odd else "utf-16-le"
            return _decode(path, content, encoding), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        text = content.decode("cp1251", errors="replace")
        letters = [character for character in text if ord(character) > 127]
        cyrillic = sum("А" <= letter <= "я" or letter in "ЁёІіҚқ№\u00a0" for letter in letters)
        if _DAMAGE.search(text) or cyrillic < 0.8 * len(letters):
            raise CsvError(
                f"{path}: is not UTF-8 text at byte {error.start}; "
                "name its encoding with --encoding (cp1251, cp866, koi8-r, cp1252 …)"
            ) from None
        return text, "cp1251"


def _decode(path: Path, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except (LookupError, UnicodeError):
        raise CsvError(f"{path}: is not text in {encoding}; name another with --encoding") from None


# --- text with a delimiter ------------------------------------------------------------------------------------------


def _delimited(path: Path, text: str, form: Form, is_stamp: IsStamp) -> Table:
    announced = re.match(r"sep=(.)\r?\n", text)
    skipped = form.preamble or 0
    delimiter = form.delimiter or (announced[1] if announced else None) or _delimiter(path, text, skipped, is_stamp)
    rows = [
        (number, [cell.strip() for cell in cells])
        for number, cells in _split(path, text, delimiter)
        if number > skipped and any(cell.strip() for cell in cells)
    ]
    if announced and rows and rows[0][0] == 1:
        rows = rows[1:]
    if not rows:
        raise CsvError(f"{path}: has no rows; export it again")
    table = _with_header(path, rows, delimiter, form, is_stamp)
    table.notes.insert(0, ("delimiter", DELIMITERS.get(delimiter, repr(delimiter))))
    return table


def _split(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise CsvError(
            f"{path}: row {reader.line_num}: has a value of more than {csv.field_size_limit():,} characters, as after "
            "a quote that is not closed; close the quote"
        ) from None


def _delimiter(path: Path, text: str, skipped: int, is_stamp: IsStamp) -> str:
    """Return the delimiter under which most rows have a time stamp and a further cell that may be a number."""
    lines = text.splitlines()[skipped : skipped + _LOOKED_AT]
    head = "\n".join(lines)
    found = {mark: sum(_is_data(cells, is_stamp) for _, cells in _split(path, head, mark)) for mark in DELIMITERS}
    best = max(found.values())
    if best == 0:
        # No row has a stamp: the header's own delimiter lets a message name the row that is wrong.
        return max(DELIMITERS, key=lambda mark: sum(line.count(mark) for line in lines))
    marks = [mark for mark, count in found.items() if count == best]
    if len(marks) > 1:
        choices = " or ".join(DELIMITERS[mark] for mark in marks)
        raise CsvError(f"{path}: columns may be separated by {choices}; say which with --delimiter")
    return marks[0]


def _is_data(cells: Sequence[str], is_stamp: IsStamp) -> bool:
    stripped = [cell.strip() for cell in cells]
    rest = [cell for cell in stripped if not is_stamp(cell)]
    if len(rest) == len(stripped):
        return False
    return len(stripped) > 1 and (not rest or any(map(numbers.looks_like_number, rest)))


def _hours(rows: Sequence[tuple[int, list[str]]]) -> bool:
    """Return whether the first column counts the hours of a day, from 0 or 1."""
    found = [cells[0].strip() for _, cells in rows]
    counted = [str(at) for at in range(25)]
    return 1 < len(found) <= 24 and found in (counted[: len(found)], counted[1 : len(found) + 1])


def _with_header(path: Path, rows: list[tuple[int, list[str]]], delimiter: str, form: Form, is_stamp: IsStamp) -> Table:
    """Split preamble, header and data; the data begins with the first row that has a stamp and a number."""
    notes: list[tuple[str, str]] = []
    first = next((place for place, (_, cells) in enumerate(rows) if _is_data(cells, is_stamp)), None)
    if first is None:
        # Nothing is data: the first row is the header, and the caller names the first row that is wrong.
        first = 0 if form.header is False else 1
    named = first > 0 if form.header is None else form.header
    if named and first == 0:
        first = 1
    above = [cells for _, cells in rows[:first]]
    header = above[-1] if named else []
    if named and form.header is None and len(rows) > first and not _names(header, is_stamp):
        if any(map(is_stamp, header)):
            raise CsvError(
                f"{path}: row {rows[first - 1][0]} has a time stamp and no value that is understood: {_shown(header)}; "
                "correct the value, or leave it empty if unknown"
            )
        if _hours(rows):
            raise CsvError(
                f"{path}: row {rows[0][0]} has an hour of the day without its date: {', '.join(rows[0][1])}; "
                "write date and time, such as 2026-03-01 00:00"
            )
        raise CsvError(
            f"{path}: row {rows[first - 1][0]} is neither a row of values nor names of columns: {header}; "
            "correct it, or say --header yes or --header no"
        )
    width = len(header) if named else len(rows[first][1])
    _check_widths(path, rows[first:], width, "the header" if named else f"row {rows[first][0]}")
    notes.append(("header", f"row {rows[first - 1][0]}" if named else "none: columns are known by their number"))
    if len(above) > 1:
        notes.append(("preamble", f"{counted(len(above) - 1, 'row')} before the header"))
    table = Table(header or [str(place + 1) for place in range(width)], rows[first:], delimiter, named, notes)
    step = exports.cacti_step(above)
    if step is not None:
        notes.append(("program", "Cacti"))
        table.step, table.stamps = step, "end"
    if exports.is_sadf(table.header):
        notes.append(("program", "sysstat, sadf"))
        table.stamps = "end"
    return table


def _names(header: Sequence[str], is_stamp: IsStamp) -> bool:
    """Return whether a row can name the columns: no cell is a stamp or a number."""
    filled = [cell for cell in header if cell]
    return bool(filled) and not any(
        is_stamp(cell) or stamps.looks_like_stamp(cell) or re.fullmatch(r"[+-]?\d+[\d.,]*", cell) for cell in filled[:2]
    )


def _check_widths(path: Path, rows: Sequence[tuple[int, list[str]]], width: int, of: str) -> None:
    for number, cells in rows:
        if len(cells) == width or (len(cells) == width + 1 and not cells[-1]):
            continue
        raise CsvError(
            f"{path}: row {number} has {counted(len(cells), 'field')}, {of} has {width}: {_shown(cells)}; "
            + (
                "put a decimal or thousands comma in quotes, or separate the file by semicolons"
                if len(cells) > width
                else "complete the row or remove it, and close a quote that is open above it"
            )
        )


def _shown(cells: Sequence[str]) -> str:
    return " | ".join(cells)[:120]
