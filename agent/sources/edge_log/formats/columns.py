"""From the columns that an expression took to a batch, and one batch of the lines taken and those left."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from typing import Any

from agent.sources.edge_log.formats.batch import Batch, Fraction, Reason, Reject
from agent.sources.edge_log.formats.expression import Columns, Expression
from agent.sources.edge_log.formats.syslog_header import without_headers
from agent.sources.edge_log.formats.times import TimeCache

ParsedTimes = tuple[Sequence[float], set[int]]
"""The times of a column, and the rows whose time is none."""
NONE: set[int] = set()
COLUMNS = ("times", "addresses", "agents", "uris", "statuses", "sizes", "durations", "sessions", "viewers", "cmcd")


def parse_mostly(  # noqa: PLR0913 - the last two have defaults
    expression: Expression,
    chunk: bytes,
    read: Callable[[Columns], Batch],
    rest: Callable[[bytes], Batch],
    *,
    quick: bool = True,
    bared: Callable[[bytes], bytes] = without_headers,
) -> Batch:
    """Return the batch of a chunk: of what the expression takes by `read`, of all other lines by `rest`.

    What the expression leaves may have a syslog header, without which (`bared`) it is tried again.
    """
    taken = expression.take(chunk, quick=quick)
    if not taken.left:
        return read(taken.columns)
    left = b"".join(taken.left.values())
    bare = bared(left)
    rest_batch = rest(left) if bare == left else parse_mostly(expression, bare, read, rest, quick=quick, bared=bared)
    if len(taken.left) == taken.lines:
        return rest_batch
    return merged(taken.lines, taken.left, read(taken.columns), rest_batch)


def without_returns(chunk: bytes) -> bytes:
    """Return lines that end as a server on Windows ends them as others do."""
    return chunk.replace(b"\r\n", b"\n") if chunk.endswith(b"\r\n") else chunk


def batch_of_columns(
    columns: Columns, moments: ParsedTimes, uris: Sequence[bytes], durations: Sequence[Fraction] | None
) -> Batch:
    """Return the batch of lines that were taken; the other columns bear the names of rows.FIELDS."""
    times, wrong = moments
    none = (b"",) * len(times)
    statuses = columns["status"]
    sizes, unknown = parse_sizes(columns["size"], statuses)
    batch = Batch(
        len(times),
        times=times,
        addresses=columns.get("address", none),
        agents=columns.get("agent", none),
        uris=uris,
        statuses=statuses,
        sizes=sizes,
        durations=durations,
        sessions=columns.get("session"),
        viewers=columns.get("viewer"),
        cmcd=columns.get("cmcd"),
    )
    if wrong:
        batch = batch.without(wrong, Reason.TIME)
        unknown = {row - sum(one < row for one in wrong) for row in unknown - wrong}
    return batch.without(unknown, Reason.SIZE) if unknown else batch


def parse_times(column: Sequence[bytes], cache: TimeCache) -> ParsedTimes:
    """Return the moments of a column; where a time is none the moment is 0."""
    try:
        return list(map(cache.__getitem__, column)), NONE
    except ValueError:
        times, wrong = [], set()
        for row, text in enumerate(column):
            try:
                times.append(cache[text])
            except ValueError:
                times.append(0.0)
                wrong.add(row)
        return times, wrong


def parse_sizes(column: Sequence[bytes], statuses: Sequence[bytes]) -> tuple[list[int], set[int]]:
    """Return the bytes sent, "-" and -1 being how servers write that none were, and the rows that do not tell.

    These are the rows of which a server knew neither bytes nor status, as of what Varnish pipes.
    """
    unknown = NONE
    try:
        sizes = list(map(int, column))
    except ValueError:
        sizes = [0 if text == b"-" else int(text) for text in column]
        unknown = {row for row, pair in enumerate(zip(column, statuses, strict=True)) if pair == (b"-", b"-")}
    return ([max(size, 0) for size in sizes] if -1 in sizes else sizes), unknown


def merged(lines: int, left_lines: Collection[int], batch: Batch, rest: Batch) -> Batch:
    """Return one batch in the order of the lines: `rest` is of the lines `left_lines`, `batch` of all others."""
    left = list(left_lines)
    rejects = [Reject(left[one.line], one.reason) for one in rest.rejects]
    if batch.rejects:
        numbers = [line for line in range(lines) if line not in left_lines]
        rejects = sorted([*rejects, *(Reject(numbers[one.line], one.reason) for one in batch.rejects)])
    headers = frozenset(left[line] for line in rest.headers)
    # Without a row a batch has no optional columns either.
    first = batch if batch.times else rest
    columns: dict[str, Any] = {name: column for name in COLUMNS if (column := getattr(first, name)) is not None}
    if batch.times and rest.times:
        columns = {name: list(column) for name, column in columns.items()}
        others = sorted([*headers, *(one.line for one in rejects)])
        for row, line in enumerate(left[line] for line in rest.row_lines()):
            for name, column in columns.items():
                column.insert(line - bisect_left(others, line), getattr(rest, name)[row])
    return Batch(lines, **columns, rejects=rejects, headers=headers)


def concatenated(batches: Sequence[Batch]) -> Batch:
    """Return one batch of the batches of consecutive lines."""
    if len(batches) == 1:
        return batches[0]
    rejects, headers, lines = [], [], 0
    for batch in batches:
        rejects += [Reject(lines + one.line, one.reason) for one in batch.rejects]
        headers += [lines + line for line in batch.headers]
        lines += batch.lines

    def column(name: str) -> list[Any]:
        return [value for batch in batches for value in getattr(batch, name) or ()]

    names = [name for name in COLUMNS if any(getattr(batch, name) is not None for batch in batches)]
    columns: dict[str, Any] = {name: column(name) for name in names}
    return Batch(lines, **columns, rejects=rejects, headers=frozenset(headers))
