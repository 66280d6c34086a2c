"""W3C extended log file format: IIS, Wowza, CDNs. The header `#Fields:` says what follows, and may change mid-file.

Values stand between blanks or tabs. IIS writes a blank within a value as "+"; others put such a value in quotes and
double the quotes within. Date and time are in UTC; "date-local" and "time-local" are in the zone of the settings.
"""

import re
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from agent.edge_log.batch import Batch, Reason, Reject
from agent.edge_log.rows import Row, RowError, batch_of, seconds, status_of, whole
from agent.edge_log.times import TimeCache, iso_time

_VALUE = re.compile(rb'"((?:[^"]|"")*)"(?=[ \t]|$)|([^ \t"][^ \t]*)(?=[ \t]|$)')
_FIELDS = re.compile(rb"#Fields:[ \t]*([^\r]*)\r?$", re.IGNORECASE)

# The names that servers use for one thing, the best first.
UNIVERSAL, LOCAL = (b"date", b"time"), (b"date-local", b"time-local")
SIZES = (b"sc-bytes", b"bytes", b"cs-bytes-sent")
ADDRESSES, AGENTS = (b"c-ip", b"x-forwarded-for"), (b"cs(user-agent)", b"c-user-agent")
METHODS, STATUSES = (b"cs-method", b"x-method"), (b"sc-status", b"x-status")
STEMS, QUERIES = (b"cs-uri-stem", b"cs-uri"), (b"cs-uri-query",)
# time-taken is milliseconds at IIS; the standard says seconds, which then have a fraction.
TAKEN = (b"time-taken", b"timetakenms")


class W3c:
    """The format; what a line means is known only behind the file's header."""

    closed = False
    has_durations = True

    def __init__(self, methods: Sequence[str], zone: tzinfo) -> None:
        self._methods = frozenset(method.encode() for method in methods)
        self._zone = zone

    def parser(self, state: str = "") -> "W3cParser":
        """Return a parser; `state` is the last `#Fields` header."""
        return W3cParser(self._methods, self._zone, state)


class W3cParser:
    """Reads one file."""

    def __init__(self, methods: frozenset[bytes], zone: tzinfo, state: str) -> None:
        self._methods = methods
        self._times = TimeCache(iso_time)
        self._local_times = TimeCache(lambda text: iso_time(text, zone))
        self.state = state
        self._fields: dict[bytes, int] = {}
        self._count = 0
        self._learn(state.encode("latin-1"))

    def _learn(self, header: bytes) -> None:
        names = header.lower().split()
        self._fields = {name: index for index, name in reversed(list(enumerate(names)))}
        self._count = len(names)

    def parse(self, piece: bytes) -> Batch:
        """Parse whole lines; directives and empty lines are neither requests nor rejects."""
        batches = []
        lines: list[bytes] = []
        numbers: list[int] = []
        every = piece.split(b"\n")[:-1]
        for number, line in enumerate(every):
            text = line.rstrip(b"\r")
            if text and not text.startswith(b"#"):
                lines.append(text)
                numbers.append(number)
                continue
            header = _FIELDS.match(text)
            if header is not None:
                batches.append((self._parse(lines), numbers))
                lines, numbers = [], []
                self.state = header[1].decode("latin-1")
                self._learn(header[1])
        batches.append((self._parse(lines), numbers))
        return _joined(len(every), batches)

    def _parse(self, lines: Sequence[bytes]) -> Batch:
        return batch_of(lines, self._row, ("duration",))

    def _row(self, line: bytes) -> Row:
        values = [plain or quoted.replace(b'""', b'"') for quoted, plain in _VALUE.findall(line)]
        if not self._fields or len(values) != self._count:
            raise ValueError("not the number of fields that #Fields says")
        size, status = self._value(values, SIZES), self._value(values, STATUSES)
        if not size or not status:
            raise RowError(Reason.FIELDS)
        stem, query = self._value(values, STEMS), self._value(values, QUERIES)
        target = stem if query in (b"", b"-") else stem + b"?" + query
        return Row(
            self._moment(values),
            self._value(values, ADDRESSES),
            self._value(values, AGENTS),
            target if self._value(values, METHODS) in self._methods else b"",
            status_of(status.decode("latin-1")),
            whole(size.decode("latin-1")),
            self._taken(values),
            b"",
            b"",
        )

    def _value(self, values: Sequence[bytes], names: Sequence[bytes]) -> bytes:
        return next((values[self._fields[name]] for name in names if name in self._fields), b"")

    def _moment(self, values: Sequence[bytes]) -> float:
        universal = all(name in self._fields for name in UNIVERSAL)
        names, times = (UNIVERSAL, self._times) if universal else (LOCAL, self._local_times)
        if not all(name in self._fields for name in names):
            raise RowError(Reason.FIELDS)
        try:
            return times[b" ".join(values[self._fields[name]] for name in names)]
        except ValueError as error:
            raise RowError(Reason.TIME) from error

    def _taken(self, values: Sequence[bytes]) -> float | str:
        text = self._value(values, TAKEN)
        if text in (b"", b"-"):
            return "-"
        taken = seconds(text.decode("latin-1"))
        return taken if b"." in text or isinstance(taken, str) else taken / 1000


def _joined(lines: int, batches: Sequence[tuple[Batch, Sequence[int]]]) -> Batch:
    """Return one batch of those between the headers, with the lines' numbers in the piece."""

    def column(name: str) -> list[Any]:
        return [value for batch, _ in batches for value in getattr(batch, name)]

    return Batch(
        lines,
        times=column("times"),
        addresses=column("addresses"),
        agents=column("agents"),
        uris=column("uris"),
        statuses=column("statuses"),
        sizes=column("sizes"),
        durations=[value for batch, _ in batches for value in batch.durations or ()],
        rejects=[Reject(numbers[one.line], one.reason) for batch, numbers in batches for one in batch.rejects],
        headers=frozenset(range(lines)).difference(*(numbers for _, numbers in batches)),
    )
