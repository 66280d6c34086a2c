"""Values between tabs, with a list of what stands where: CDN logs, and whatever is exported from a database."""

import re
from collections.abc import Sequence
from datetime import UTC, tzinfo

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.formats.columns import batch_of_columns, parse_mostly, parse_times
from agent.sources.edge_log.formats.expression import NL, Columns, Expression, forms, one_of
from agent.sources.edge_log.formats.request import joined_addresses, split_request, with_query
from agent.sources.edge_log.formats.rows import (
    FIELDS,
    Row,
    any_time,
    batch_of,
    bytes_sent,
    moment_of,
    need,
    status_of,
)
from agent.sources.edge_log.formats.stated_unit import duration
from agent.sources.edge_log.formats.syslog_header import HEADER, without_headers
from agent.sources.edge_log.formats.times import TimeCache

IGNORED = "-"
_ANY = f"[^\\t{NL}]*+"
_VALUES = {
    # No blanks but one, as in "2026-01-22 00:00:00": a syslog header before the time has more.
    "time": f"(\\[?[0-9][^ \\t{NL}]*+(?: [0-9+-][^ \\t{NL}]*+)?)",
    "status": "([0-9]{3}|0|-1|-)",
    "size": "([0-9]{1,18}|-1|-)",
    "duration": r"((?:[0-9]{1,18}(?:\.[0-9]{1,9})?|-)?)",
    # Of a request with more blanks the row knows where the target ends.
    "request": f'(?:(?:METHODS) ([^ \\t{NL}]*+) HTTP/[0-9.]++(?=[\\t\\r\\n])|(?!"?(?:METHODS) ){_ANY})',
    "method": f'(?:(METHODS)(?=[\\t\\r\\n])|(?!"){_ANY})',
    IGNORED: _ANY,
}
# An export for a spreadsheet: no method would be one that counts.
_IN_QUOTES = re.compile(rb'"[A-Za-z]+(?: .*)?"', re.DOTALL)
# Side by side one choice serves both.
_SIDE_BY_SIDE = {"method": "(?:(?:METHODS)", "target": f'({_ANY})|(?!")[^\\t\\n]*+\\t{_ANY})'}


class TabSeparated:
    """The format of `columns = ["time", "address", "-", …]`; a "-" is a column that nothing is taken from."""

    closed = False
    times_begin = False
    state = ""

    def __init__(self, columns: Sequence[str], methods: Sequence[str], zone: tzinfo = UTC) -> None:
        for column in columns:
            if column not in FIELDS and column != IGNORED:
                raise ValueError(f'columns: "{column}" is unknown; known: {", ".join(FIELDS)}, and "-" for any other')
            if column not in (IGNORED, "address") and columns.count(column) > 1:
                raise ValueError(f'columns name "{column}" twice')
        need(columns)
        # Where the first address is missing, the next one stands in for it; the groups have names of their own.
        places = [index for index, column in enumerate(columns) if column == "address"]
        columns = [f"address{index}" if index in places[1:] else column for index, column in enumerate(columns)]
        self._addresses = [columns[index] for index in places]
        self._at = {column: index for index, column in enumerate(columns) if column != IGNORED}
        self._count = len(columns)
        self._methods = frozenset(method.encode() for method in methods)
        self._times = TimeCache(lambda text: any_time(text, zone))
        at, groups, patterns = self._at, [*self._at], _VALUES
        if "method" in at and at["method"] + 1 == at.get("target"):
            groups.remove("method")
            patterns = _VALUES | _SIDE_BY_SIDE
        first, *values, last = (
            patterns.get(column, f"({_ANY})").replace("METHODS", one_of(methods)) for column in columns
        )
        template = "\t".join([first.replace(NL, r"\n"), *values, last.replace(NL, r"\r\n") + r"\r?"])
        self._expression = Expression(groups, *forms(template))
        self.has_durations = "duration" in self._at

    def parser(self, state: str = "") -> "TabSeparated":
        """Return itself: no line depends on another."""
        del state
        return self

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        # The first column may be any text, and a header would be taken for a part of it.
        if HEADER.match(chunk):
            chunk = without_headers(chunk)
        return parse_mostly(self._expression, chunk, self._read, self._rest)

    def _rest(self, chunk: bytes) -> Batch:
        return batch_of(chunk.split(b"\n")[:-1], self._row, self._at)

    def _read(self, columns: Columns) -> Batch:
        uris = columns["request"] if "request" in columns else columns["target"]
        if "query" in columns:
            uris = list(map(with_query, uris, columns["query"]))
        if "method" in columns and "request" not in columns:
            uris = [target if method else b"" for target, method in zip(uris, columns["method"], strict=True)]
        if len(self._addresses) > 1:
            columns = {**columns, "address": joined_addresses([columns[name] for name in self._addresses])}
        return batch_of_columns(columns, parse_times(columns["time"], self._times), uris, columns.get("duration"))

    def _row(self, line: bytes) -> Row:
        values = line.removesuffix(b"\r").split(b"\t")
        # More columns than are named do not matter; with fewer a value may have been cut.
        if len(values) < self._count:
            raise ValueError("not the number of columns")
        at = self._at

        def value(name: str) -> bytes:
            return values[at[name]] if name in at else b""

        if _IN_QUOTES.fullmatch(value("request") or value("method")):
            raise ValueError("written with quotes around the values")
        if "request" in at:
            method, target = split_request(value("request"))
        else:
            method, target = value("method"), with_query(value("target"), value("query"))
        moment, status = (
            moment_of(value("time").decode("latin-1"), self._times),
            status_of(value("status").decode("latin-1")),
        )
        return Row(
            moment,
            b",".join(map(value, self._addresses)),
            value("agent"),
            target if method in self._methods else b"",
            status,
            bytes_sent(value("size").decode("latin-1"), status),
            duration(value("duration").decode("latin-1")),
            value("session"),
            value("viewer"),
        )
