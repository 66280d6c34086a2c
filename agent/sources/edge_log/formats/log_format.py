"""nginx's `log_format` string turned into a regular expression, and lines into columns."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.formats.cmcd_headers import CMCD_HEADERS, joined, joined_columns
from agent.sources.edge_log.formats.columns import NONE, batch_of_columns, parse_mostly, parse_times, without_returns
from agent.sources.edge_log.formats.cut_requests import cut_by_varnish, what_is_left, without_cuts
from agent.sources.edge_log.formats.expression import NL, Columns, Expression, one_of
from agent.sources.edge_log.formats.line_of_one import check_line
from agent.sources.edge_log.formats.line_parts import Part, split_line
from agent.sources.edge_log.formats.log_format_expression import (
    ADDRESSES,
    AGENT,
    ANCHORS,
    CONNECTIONS,
    DURATION,
    METHOD,
    NO_NUMBER,
    PATTERNS,
    QUERIES,
    REQUEST,
    SIZES,
    STATUS,
    TARGETS,
    TIMES,
    Template,
    Variable,
    fill,
    forms_of,
)
from agent.sources.edge_log.formats.request import joined_addresses, split_request
from agent.sources.edge_log.formats.rows import Row, batch_of, bytes_sent, moment_of, status_of
from agent.sources.edge_log.formats.stated_unit import duration
from agent.sources.edge_log.formats.syslog_header import without_headers, without_stamps
from agent.sources.edge_log.formats.times import TimeCache

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_PATH_AND_QUERY = re.compile(r"\$(?:document_)?uri\$is_args\$(?:args|query_string)\b")

NEEDED = (
    ("the time", tuple(TIMES), "$msec or $time_local"),
    ("the status", (STATUS,), "$status"),
    ("the bytes sent", SIZES, "$bytes_sent or $body_bytes_sent"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a site chose to take from its log where there is more than one way."""

    client_address: str = ""  # a variable of ADDRESSES; empty for the first that the format has
    session_variable: str = "http_x_playback_session_id"
    viewer_variable: str = ""
    methods: Sequence[str] = ("GET",)
    cmcd: bool = False  # whether the headers of CMCD are read
    identity: Sequence[re.Pattern[bytes]] = ()  # what a target must have where a server cut it short


class LogFormat:
    """A compiled `log_format`; it keeps no state between chunks, so it is its own parser."""

    times_begin = False

    def __init__(self, text: str, choice: Choice | None = None) -> None:
        prefix, parts = _split(with_one_target(text))
        names = [part.name for part in parts]
        choice = choice or Choice()
        self._roles = find_roles(names, choice)
        # Where the chosen address is missing, the connection's own stands in for it.
        address = self._roles.get("address")
        others = [name for name in ADDRESSES if name in names and name != address]
        self._addresses = [address, *others[:1]] if address else []
        self._headers = [name for name in CMCD_HEADERS if choice.cmcd and name in names]
        self._has = {*self._roles, *(["cmcd"] if self._headers else [])}
        wanted = {*self._roles.values(), METHOD, *self._addresses, *self._headers}
        template = Template(re.escape(prefix), one_of(choice.methods))
        fill(template, prefix, parts, wanted)
        exact, quick = forms_of(template.text)
        self._expression = Expression(template.groups, exact, quick, words=(REQUEST,))
        self._prefix = prefix.encode()
        # A time in front of the line is only then none of its own.
        self._bared = without_headers if names[0] in TIMES else without_stamps
        self._parts = [*_parts(prefix, parts, strict=True)]
        self._loose_parts = [*_parts(prefix, parts, strict=False)]
        self._methods = frozenset(method.encode() for method in choice.methods)
        self._identity = choice.identity
        self._times = TimeCache(TIMES[self._roles["time"]])
        self.has_durations = "duration" in self._roles
        self.closed = bool(parts[-1].text)
        self.state = ""

    def parser(self, state: str = "") -> "LogFormat":
        """Return itself."""
        del state
        return self

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        chunk = without_returns(chunk)
        # A backslash before a quote (Apache) is a quote within the field, which only the exact form knows.
        # Looking for the backslash alone first is eighty times as fast.
        escaped = b"\\" in chunk and b'\\"' in chunk
        return parse_mostly(self._expression, chunk, self._read, self._odd, quick=not escaped, bared=self._bared)

    def _odd(self, chunk: bytes) -> Batch:
        """Parse lines with something odd in a field."""
        return batch_of(chunk.split(b"\n")[:-1], self._row, self._has)

    def _row(self, line: bytes) -> Row:
        """Return one line's values; where a needed field is not as it should be, RowError names it."""
        values = (
            split_line(line, self._prefix, self._parts)
            or split_line(line, self._prefix, self._parts, escaped=False)
            or split_line(line, self._prefix, self._loose_parts)
        )
        if values is None:
            raise ValueError("not written so")
        check_line(values)
        roles = self._roles

        def value(role: str) -> bytes:
            return values[roles[role]] if role in roles else b""

        def text(role: str) -> str:
            return value(role).decode("latin-1")

        method, target = split_request(value("request")) if "request" in roles else (values[METHOD], value("target"))
        if value("query") not in (b"-", b""):
            target += b"?" + value("query")
        moment, status = moment_of(text("time"), self._times), status_of(text("status"))
        if method in self._methods and cut_by_varnish(target):
            target = what_is_left(target, self._identity)
        return Row(
            moment,
            b",".join(values[name] for name in self._addresses),
            value("agent"),
            target if method in self._methods else b"",
            status,
            bytes_sent(text("size"), status),
            duration(text("duration").strip()),
            value("session"),
            value("viewer"),
            joined([values[name] for name in self._headers]),
        )

    def _read(self, columns: Columns) -> Batch:
        roles = self._roles
        by_role = {role: columns[name] for role, name in roles.items()}
        time = by_role["time"]
        # The expression took nothing but digits and a point, and hardly two lines share a millisecond.
        moments = (list(map(float, time)), NONE) if roles["time"] == "msec" else parse_times(time, self._times)
        if self._addresses:
            by_role["address"] = joined_addresses([columns[name] for name in self._addresses])
        if self._headers:
            by_role["cmcd"] = joined_columns([columns[name] for name in self._headers])
        batch = batch_of_columns(by_role, moments, self._uris(columns), by_role.get("duration"))
        return without_cuts(batch, self._identity)

    def _uris(self, columns: Columns) -> Sequence[bytes]:
        roles = self._roles
        if "request" in roles:
            return columns[REQUEST]
        targets: Sequence[bytes] = columns[roles["target"]]
        if "query" in roles:
            pairs = zip(targets, columns[roles["query"]], strict=True)
            targets = [path if query in (b"-", b"") else path + b"?" + query for path, query in pairs]
        return [target if get else b"" for target, get in zip(targets, columns[METHOD], strict=True)]


def with_one_target(text: str) -> str:
    """Return a log_format with `$uri$is_args$args` as the one target that it writes."""
    return _PATH_AND_QUERY.sub("$request_uri", text)


def _split(text: str) -> tuple[str, list[Variable]]:
    """Return the text before the first variable, and each variable with the text behind it."""
    if "\n" in text:
        raise ValueError("format holds a line break; a log_format is one line")
    found = list(_VARIABLE.finditer(text))
    if not found:
        raise ValueError(f"format {text!r} has no variables; give a preset's name or nginx's log_format string")
    ends = [match.start() for match in found[1:]] + [len(text)]
    parts = [Variable(match[1] or match[2], text[match.end() : end]) for match, end in zip(found, ends, strict=True)]
    return text[: found[0].start()], parts


def find_roles(names: list[str], choice: Choice) -> dict[str, str]:
    """Return which variable gives what; raise ValueError with the remedy where something needed is missing."""

    def first(variables: Sequence[str]) -> str:
        return next((name for name in variables if name in names), "")

    for what, variables, remedy in NEEDED:
        if not first(variables):
            raise ValueError(f"format lacks {what}: add {remedy} to nginx's log_format and here")
    for key, variable in (("client_address", choice.client_address), ("viewer_variable", choice.viewer_variable)):
        if variable and variable not in names:
            raise ValueError(f"{key} names ${variable}, which format does not have")
    roles = {"time": first(tuple(TIMES)), "status": STATUS, "size": first(SIZES), **_request_roles(first)}
    optional = {
        "address": choice.client_address or first(ADDRESSES),
        "agent": AGENT,
        "duration": DURATION,
        "session": choice.session_variable,
        "viewer": choice.viewer_variable,
    }
    roles |= {role: name for role, name in optional.items() if name in names}
    twice = sorted({name for name in roles.values() if names.count(name) > 1})
    if twice:
        raise ValueError(f"format has ${twice[0]} twice; write it once")
    return roles


def _request_roles(first: Callable[[Sequence[str]], str]) -> dict[str, str]:
    if first((REQUEST,)):
        return {"request": REQUEST}
    target = first(TARGETS)
    if not target or not first((METHOD,)):
        raise ValueError("format lacks the request: add $request, or $request_method and $request_uri")
    query = "" if target == "request_uri" else first(QUERIES)
    return {"target": target, "query": query} if query else {"target": target}


def _parts(prefix: str, parts: Sequence[Variable], *, strict: bool) -> Iterator[Part]:
    """Yield the fields for `split_line`; where it is strict those that are needed must be what they should be."""
    before = prefix
    for index, part in enumerate(parts):
        before_port = part.name in CONNECTIONS and part.text.startswith(":")  # where an address of IPv6 goes on
        known = PATTERNS.get(part.name) if part.name in ANCHORS and strict and not before_port else None
        if known and part.name in CONNECTIONS:
            known = NO_NUMBER + known
        pattern = None if known is None else re.compile(known.replace(NL, r"\n").encode())
        quoted = before.endswith('"') and part.text.startswith('"')
        last = index + 1 == len(parts)
        yield Part(part.name, pattern, part.text.encode(), quoted, b"" if part.text or last else b"/")
        before = part.text
