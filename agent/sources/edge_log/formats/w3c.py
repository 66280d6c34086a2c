"""W3C extended log file format: IIS, CDNs. The header `#Fields:` says what follows, and may change mid-file.

Values stand between blanks or tabs. IIS writes a blank within a value as "+"; others put such a value in quotes and
double the quotes within. Date and time are in UTC; "date-local" and "time-local" are in the zone of the settings.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo

from agent.sources.edge_log.formats.batch import Batch, Reason, Reject
from agent.sources.edge_log.formats.cmcd_headers import CMCD_HEADERS, joined, joined_columns
from agent.sources.edge_log.formats.columns import batch_of_columns, concatenated, parse_mostly, parse_times
from agent.sources.edge_log.formats.expression import Columns, Expression, one_of
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.formats.request import joined_addresses
from agent.sources.edge_log.formats.rows import Row, RowError, batch_of, bytes_sent, seconds, status_of
from agent.sources.edge_log.formats.times import MOST_CACHED, TimeCache, iso_time

_VALUE = re.compile(rb'"((?:[^"]|"")*)"(?=[ \t]|$)|([^ \t"][^ \t]*)(?=[ \t]|$)')
_MARK = b"\xef\xbb\xbf"  # of UTF-8, at the beginning of a file
_FIELDS = re.compile(rb"^#Fields:[ \t]*([^\r\n]*)\r*$", re.IGNORECASE | re.MULTILINE)

# The names that servers use for one thing, the best first.
UNIVERSAL, LOCAL = (b"date", b"time"), (b"date-local", b"time-local")
SIZES = (b"sc-bytes", b"bytes", b"cs-bytes-sent")
# The last one is Akamai's.
ADDRESSES = (b"c-ip", b"x-forwarded-for", b"cs(x-forwarded-for)", b"cs-ip")
AGENTS = (b"cs(user-agent)", b"c-user-agent")
METHODS, STATUSES = (b"cs-method", b"x-method"), (b"sc-status", b"x-status")
STEMS, QUERIES = (b"cs-uri-stem", b"cs-uri"), (b"cs-uri-query",)
# time-taken is milliseconds at IIS; the standard says seconds, which then have a fraction.
TAKEN = (b"time-taken", b"timetakenms")

# What cannot hold a blank, and so tells which value does where a server wrote one as it is.
_NUMBER = re.compile(rb"-?[0-9.]*")
_SHAPES = {
    **dict.fromkeys((b"sc-bytes", b"cs-bytes", b"sc-substatus", b"sc-win32-status", b"s-port", b"c-port"), _NUMBER),
    **dict.fromkeys((*SIZES, *STATUSES, *TAKEN), _NUMBER),
    **dict.fromkeys((*UNIVERSAL, *LOCAL), re.compile(rb"[0-9:.,-]+")),
    **dict.fromkeys((b"c-ip", b"cs-ip", b"s-ip"), re.compile(rb"[0-9A-Za-z.:%\[\]_-]+")),
    **dict.fromkeys((b"cs-version", b"cs-protocol-version"), re.compile(rb"-|[A-Za-z]+/?[0-9.]*")),
    **dict.fromkeys(METHODS, re.compile(rb"[A-Z_-]+")),
    **dict.fromkeys(STEMS, re.compile(rb"[-*]|/.*|[A-Za-z][A-Za-z0-9+.-]*://.*", re.DOTALL)),
}

# The values that the expression takes: none in quotes, one blank or tab between two. Its quick form knows blanks only.
_VALUE_OF, _QUICK_VALUE = r'[^ \t"\r\n]++', "[^ ]++"
_GROUPS = {
    "agent": (AGENTS, "(ANY)"),
    "method": (METHODS, r"(?:(ONE_OF)(?=[ \t\r\n])|ANY)"),
    "stem": (STEMS, "(ANY)"),
    "query": (QUERIES, "(ANY)"),
    "status": (STATUSES, "([0-9]{3}|0|-1|-)"),
    "size": (SIZES, "([0-9]{1,18}|-1|-)"),
    "duration": (TAKEN, r"([0-9]{1,9}(?:\.[0-9]{1,9})?|-)"),
}


def fields_of(variable: str) -> tuple[bytes, ...]:
    """Return the names that W3C has for what nginx calls `variable`; any other is a name of W3C already."""
    if variable.startswith("http_"):
        header = variable.removeprefix("http_").replace("_", "-").encode()
        return header, b"cs(%b)" % header
    known = {"remote_addr": b"c-ip", "remote_user": b"cs-username"}
    return (known.get(variable, variable.lower().encode()),) if variable else ()


class W3c:
    """The format; what a line means is known only behind the file's header."""

    closed = False
    has_durations = True
    times_begin = False

    def __init__(self, choice: Choice, zone: tzinfo) -> None:
        self._choice = choice
        self._zone = zone

    def parser(self, state: str = "") -> "W3cParser":
        """Return a parser; `state` is the last `#Fields` header."""
        return W3cParser(self._choice, self._zone, state)


class W3cParser:
    """Reads one file."""

    def __init__(self, choice: Choice, zone: tzinfo, state: str) -> None:
        self._one_of = one_of(choice.methods)
        self._methods = frozenset(method.encode() for method in choice.methods)
        # The best first: where it names no address, the next one stands in for it.
        self._address_names = [*dict.fromkeys((*fields_of(choice.client_address), *ADDRESSES))]
        self._cmcd_names = [fields_of(name) for name in CMCD_HEADERS] if choice.cmcd else []
        self._identity = {"session": fields_of(choice.session_variable), "viewer": fields_of(choice.viewer_variable)}
        # The expression takes date and time together, whatever stands between the two.
        self._times = TimeCache(lambda text: iso_time(text.replace(b"\t", b" ")))
        self._local_times = TimeCache(lambda text: iso_time(text.replace(b"\t", b" "), zone))
        self._durations = DurationCache()
        self._learn(state)

    def _learn(self, header: str) -> None:
        self.state = header
        names = header.encode("latin-1").lower().split()
        self._fields = {name: index for index, name in reversed(list(enumerate(names)))}
        self._count = len(names)
        self._shapes = [(index, _SHAPES[name]) for name, index in self._fields.items() if name in _SHAPES]
        # A log of another kind, such as Wowza's of events: its bytes are those of a whole session, again at each event.
        self._of_requests = all(any(name in self._fields for name in names) for names in (METHODS, STEMS))
        self._date = next((pair for pair in (UNIVERSAL, LOCAL) if self._fields.keys() >= {*pair}), ())
        self._addresses = [name for name in self._address_names if name in self._fields]
        # The names of the fields by the group of each header of CMCD that this file has.
        self._cmcd = {
            f"cmcd{number}": names for number, names in enumerate(self._cmcd_names) if self._fields.keys() & {*names}
        }
        self._expression = self._compiled() if self._date else None

    def _compiled(self) -> Expression | None:
        """Return the expression of the lines below this header, None where they are of little use or written oddly."""
        date, clock = (self._fields[name] for name in self._date)
        if clock != date + 1:
            return None
        at = {date: ("moment", "(ANY"), clock: ("", "ANY)")}
        places: dict[str, tuple[tuple[bytes, ...], str]]
        places = {f"address{number}": ((name,), "(ANY)") for number, name in enumerate(self._addresses)}
        places |= {group: (names, "(ANY)") for group, names in (self._identity | self._cmcd).items()}
        for group, (names, pattern) in (_GROUPS | places).items():
            index = next((self._fields[name] for name in names if name in self._fields), None)
            if index is not None:
                at[index] = (group, pattern)
        found = {group: index for index, (group, _) in at.items()}
        if not found.keys() >= {"status", "size", "method", "stem"}:
            return None
        method, stem = found["method"], found["stem"]
        if 0 < method == stem - 1:
            at |= {method: ("", "(?:(?:ONE_OF)"), stem: ("stem", "(ANY)|ANYBETWEENANY)")}
        patterns = [at[index][1] if index in at else "ANY" for index in range(self._count)]

        def line(value: str, between: str) -> str:
            def filled_in(pattern: str, any_value: str = value) -> str:
                for name, text in (("BETWEEN", between), ("ANY", any_value), ("ONE_OF", self._one_of)):
                    pattern = pattern.replace(name, text)
                return pattern

            first, *values, last = patterns
            front = between.join([filled_in(first, _VALUE_OF), *map(filled_in, values), ""])
            return rf"(?!\#){front}{filled_in(last, _VALUE_OF)}\r*+"

        groups = [at[index][0] for index in sorted(at) if at[index][0]]
        return Expression(groups, line(_VALUE_OF, r"[ \t]"), line(_QUICK_VALUE, " "))

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines; directives and empty lines are neither requests nor rejects."""
        chunk = chunk.removeprefix(_MARK)
        # Looking for the one character first is many times as fast.
        if b"#" not in chunk or not (chunk.startswith(b"#") or b"\n#" in chunk):
            return self._section(chunk)
        batches, begin = [], 0
        for header in _FIELDS.finditer(chunk):
            batches.append(self._section(chunk[begin : header.start()]))
            begin = header.start()
            self._learn(header[1].decode("latin-1"))
        return concatenated([*batches, self._section(chunk[begin:])])

    def _section(self, chunk: bytes) -> Batch:
        """Parse lines below one header, which may be the first of them; maybe there is none."""
        if self._expression is None or not chunk:
            return self._rest(chunk)
        quick = b'"' not in chunk and b"\t" not in chunk
        return parse_mostly(self._expression, chunk, self._read, self._rest, quick=quick)

    def _read(self, columns: Columns) -> Batch:
        none = (b"",) * len(columns["status"])
        stems, queries = columns["stem"], columns.get("query", none)
        # Where the method stands directly before the stem, there is a stem only for a method that counts.
        requests = zip(stems, queries, columns.get("method", stems), strict=True)
        uris = [
            (b"?".join((stem, query)) if query not in (b"-", b"") else stem) if method else b""
            for stem, query, method in requests
        ]
        durations = list(map(self._durations.__getitem__, columns.get("duration", none)))
        if self._addresses:
            addresses = [columns[f"address{number}"] for number in range(len(self._addresses))]
            columns = {**columns, "address": joined_addresses(addresses)}
        if self._cmcd:
            columns = {**columns, "cmcd": joined_columns([columns[group] for group in self._cmcd])}
        return batch_of_columns(columns, parse_times(columns["moment"], self._cache), uris, durations)

    @property
    def _cache(self) -> TimeCache:
        return self._times if self._date == UNIVERSAL else self._local_times

    def _rest(self, chunk: bytes) -> Batch:
        """Parse lines one by one."""
        every = [line.rstrip(b"\r") for line in chunk.split(b"\n")[:-1]]
        numbers = [number for number, line in enumerate(every) if line and not line.startswith(b"#")]
        has = ["duration", *(name for name, names in self._identity.items() if self._fields.keys() & {*names})]
        has += ["cmcd"] if self._cmcd else []
        batch = batch_of([every[number] for number in numbers], self._row, has)
        batch.rejects = [Reject(numbers[one.line], one.reason) for one in batch.rejects]
        return replace(batch, lines=len(every), headers=frozenset(range(len(every))).difference(numbers))

    def _row(self, line: bytes) -> Row:
        values = [plain or quoted.replace(b'""', b'"') for quoted, plain in _VALUE.findall(line)]
        if not self._of_requests or len(values) < self._count:
            raise ValueError("no requests, or not the number of fields that #Fields says")
        if len(values) == self._count:
            return self._row_of(values)
        # A blank within a value, where it should have been "+" or within quotes.
        rows = {row._replace(agent=b"", duration=""): row for row in self._joined(values)}
        if len(rows) != 1:
            raise ValueError("more fields than #Fields says")
        return next(iter(rows.values()))

    def _joined(self, values: Sequence[bytes]) -> Iterator[Row]:
        """Yield what a line means by each field that may hold the blanks, the user agent last.

        No figure may depend on which of them does; of the user agent and what is beside it nobody can tell, and a
        client's is always taken in the same way.
        """
        more = len(values) - self._count + 1
        names = sorted(self._fields, key=lambda name: (name in AGENTS, self._fields[name]))
        for name in names:
            index = self._fields[name]
            joined = [*values[:index], b" ".join(values[index : index + more]), *values[index + more :]]
            if all(pattern.fullmatch(joined[at]) for at, pattern in self._shapes):
                with contextlib.suppress(ValueError):
                    yield self._row_of(joined)

    def _row_of(self, values: Sequence[bytes]) -> Row:
        size, status = self._value(values, SIZES), self._value(values, STATUSES)
        if not status:
            raise RowError(Reason.STATUS)
        if not size:
            raise RowError(Reason.SIZE)
        stem, query = self._value(values, STEMS), self._value(values, QUERIES)
        target = stem if query in (b"", b"-") else stem + b"?" + query
        code = status_of(status.decode("latin-1"))
        return Row(
            self._moment(values),
            b",".join(values[self._fields[name]] for name in self._addresses),
            self._value(values, AGENTS),
            target if self._value(values, METHODS) in self._methods else b"",
            code,
            bytes_sent(size.decode("latin-1"), code),
            self._durations[self._value(values, TAKEN)],
            self._value(values, self._identity["session"]),
            self._value(values, self._identity["viewer"]),
            joined([self._value(values, names) for names in self._cmcd.values()]),
        )

    def _value(self, values: Sequence[bytes], names: Sequence[bytes]) -> bytes:
        return next((values[self._fields[name]] for name in names if name in self._fields), b"")

    def _moment(self, values: Sequence[bytes]) -> float:
        if not self._date:
            raise RowError(Reason.TIME)
        try:
            return self._cache[b" ".join(values[self._fields[name]] for name in self._date)]
        except ValueError as error:
            raise RowError(Reason.TIME) from error


class DurationCache(dict[bytes, float | str]):
    """The request's time as logged to seconds; whole milliseconds repeat a lot."""

    def __missing__(self, text: bytes) -> float | str:
        if len(self) >= MOST_CACHED:
            self.clear()
        taken: float | str = "-"
        if text not in (b"", b"-"):
            taken = seconds(text.decode("latin-1"))
            if isinstance(taken, float) and b"." not in text:
                taken /= 1000
        self[text] = taken
        return taken
