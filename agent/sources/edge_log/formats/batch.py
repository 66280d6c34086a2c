"""What every log format yields: the lines of one chunk of input as columns.

Columns and not one object a line: an edge writes tens of thousands of lines a second, and a column is counted,
summed and converted by C code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Reason(StrEnum):
    """Why a line could not be used: the values of the label `reason`."""

    FORMAT = "format"  # not a line of this log format
    TIME = "time"  # it has no time, or one that is no moment of the calendar
    STATUS = "status"  # it has no status, or one that is no number
    SIZE = "size"  # it has no number of bytes
    AHEAD = "ahead"  # dated further ahead of the clock than the tolerance
    TOO_LONG = "too_long"
    TRUNCATED = "truncated"  # the file ends within the line, or its request was cut short


class Reject(NamedTuple):
    """A line that could not be used, by its number within the chunk (from 0)."""

    line: int
    reason: Reason


Fraction = bytes | float | str
"""Seconds as a format has them at hand: float() takes each."""


@dataclass(slots=True)
class Batch:
    """The understood lines of one chunk, in order. All columns have the same length.

    `uris` has the request target of a GET, or of what else may be media; of any other request b"".
    `statuses` are as logged: three digits, or what a server writes where there was no answer ("0", "-1", "-").
    `durations`, `sessions`, `viewers` and `cmcd` are None where the format lacks them; a value that the server did not
    have is b"-" or b"". `cmcd` has what the four headers of CMCD say together, b"" where the player sent none.
    """

    lines: int
    times: Sequence[float] = ()
    addresses: Sequence[bytes] = ()
    agents: Sequence[bytes] = ()
    uris: Sequence[bytes] = ()
    statuses: Sequence[bytes] = ()
    sizes: Sequence[int] = ()
    durations: Sequence[Fraction] | None = None
    sessions: Sequence[bytes] | None = None
    viewers: Sequence[bytes] | None = None
    cmcd: Sequence[bytes] | None = None
    rejects: list[Reject] = field(default_factory=list)
    headers: frozenset[int] = frozenset()  # lines that describe the log and are neither
    ambiguous: int = 0  # lines of an hour that is repeated, of which nothing says in which of the two they were written

    def row_lines(self) -> Iterator[int]:
        """Yield the line number within the chunk of each row."""
        others = self.headers.union(reject.line for reject in self.rejects)
        return (line for line in range(self.lines) if line not in others)

    def without(self, rows: set[int], reason: Reason) -> "Batch":
        """Return the batch with these rows turned into rejects."""
        keep = [row for row in range(len(self.times)) if row not in rows]

        def kept(column: Sequence[Fraction]) -> list[Fraction]:
            return [column[row] for row in keep]

        more = [Reject(line, reason) for row, line in enumerate(self.row_lines()) if row in rows]
        columns: dict[str, Any] = {
            name: kept(column)
            for name in ("times", "addresses", "agents", "uris", "statuses", "sizes", *OPTIONAL)
            if (column := getattr(self, name)) is not None
        }
        return Batch(
            self.lines,
            **columns,
            rejects=sorted([*self.rejects, *more]),
            headers=self.headers,
            ambiguous=self.ambiguous,
        )


OPTIONAL = ("durations", "sessions", "viewers", "cmcd")


class Parser(Protocol):
    """Reads one file of a format. Any bytes give a batch; nothing is raised."""

    @property
    def state(self) -> str:
        """What must be remembered to go on in the middle of the file; empty for most formats."""

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines, each ended by a newline."""


class LineFormat(Protocol):
    """A log format. `closed` says that a line cut short can never look complete."""

    @property
    def closed(self) -> bool:
        """Return whether the format's end mark shows that a line without its newline is whole."""

    @property
    def has_durations(self) -> bool:
        """Return whether lines carry the request's time."""

    @property
    def times_begin(self) -> bool:
        """Return whether a line's time is when its request began, and not when it had been answered."""

    def parser(self, state: str = "") -> Parser:
        """Return a parser at the start of a file, or at the place where `state` was taken."""


def cut_short(parser: Parser, data: bytes, *, closed: bool) -> Batch:
    """Return the batch of a line that its file's end left without a newline.

    It counts where the format's end mark shows that it is whole; else its last number might be half a number.
    """
    batch = parser.parse(data + b"\n") if closed else Batch(1)
    return batch if batch.times else rejected(Reason.TRUNCATED)


def rejected(reason: Reason) -> Batch:
    """Return the batch of one line that could not be used."""
    return Batch(1, rejects=[Reject(0, reason)])
