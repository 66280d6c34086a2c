"""HAProxy's HTTP log (`option httplog`, `option httpslog`), bare or with its syslog header.

Its time is when the request was accepted, in the server's zone, which the line does not name. The user agent is
there when the frontend captures it first: `capture request header User-Agent len 128`. Behind it the four headers of
CMCD may be captured, in any order.

A size that begins with a plus sign (`option logasap`) is what had been sent when the line was written, which is before
the answer's body: it says nothing of the traffic, and the line is rejected for it. Lines of connections that never had
a request are neither requests nor rejects.
"""

import re
from dataclasses import replace
from datetime import tzinfo
from operator import add

from agent.sources.edge_log.formats.batch import Batch, Reason, Reject
from agent.sources.edge_log.formats.cmcd_headers import CMCD_HEADERS, joined
from agent.sources.edge_log.formats.columns import (
    ParsedTimes,
    batch_of_columns,
    parse_mostly,
    parse_times,
    without_returns,
)
from agent.sources.edge_log.formats.cut_requests import cut_by_haproxy, what_is_left
from agent.sources.edge_log.formats.expression import NL, Columns, Expression, forms, one_of
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.formats.request import PROTOCOL, split_request
from agent.sources.edge_log.formats.rows import Row, RowError, batch_of, bytes_sent, moment_of, seconds, status_of
from agent.sources.edge_log.formats.times import TimeCache, haproxy_time

# Nothing but a syslog header is looked for, of any notation, with or without a pid: it must never run on into the next
# line. The headers of rsyslog come first, because word by word they are passed over several times as fast.
_WORD = r'[^ {"\n]++ '
_HEADER = rf'(?:(?:[A-Z][a-z]{{2}} [ 0-9][0-9] {_WORD}|[0-9-]{{10}}T{_WORD}){_WORD * 2}|[^{{"\n]*? )??'
_GROUPS = ("address", "second", "fraction", "total", "status", "size", "agent", "target")
_LINE = (
    rf"([0-9.]++|\[?[0-9A-Fa-f.:]+\]?|unix):[0-9]++ \[([^\]{NL}]{{20}})([^\]{NL}]{{4}})\]"
    rf" [^ {NL}]++ [^ {NL}]+/[^ {NL}]++ {'-?[0-9]++/' * 4}(-?[0-9]{{1,12}}+)"
    rf" ([0-9]{{3}}|0|-1|-) ([0-9]{{1,18}}+|-1|-)"
    rf" [^ {NL}]++ [^ {NL}]++ [^ {NL}]{{2,4}} [0-9+/-]++ [0-9/-]++ (?:\{{([^}}{NL}]*+)\}} )?(?:\{{[^}}{NL}]*+\}} )?"
    rf'"(?:(?:METHODS) ([^ QUOTE{NL}]++) {PROTOCOL}(?=")|(?!(?:METHODS) )[^"{NL}]*+)"'
    rf"(?: [^{NL}]*+)?"
)
# What is odd in a field that nobody needs; a request that HAProxy cut short has no quote at its end.
_ODD = re.compile(
    rb'(?:^| )(\S+):\d+ \[([^\]]*)\] \S+ \S+ (\S+) (\S+) (\S+) (?:[^"{]*?\{([^}"]*)\})?[^"]*"([^"]*)("?)[^"]*$',
    re.DOTALL,
)
# Quotes, "#", controls and bytes beyond ASCII are written as #HH.
_ESCAPE = re.compile(rb"#([0-9A-F]{2})")
# With RepeatedMsgReduction rsyslog writes equal lines as one, which would count once.
_REPEATED = re.compile(rb"^[^\n]*?: message repeated \d+ times: \[[^\n]*", re.MULTILINE)
_FRACTION = re.compile(rb"\.[0-9]{3}")
# A connection that ended before it had a request, mostly a scanner's: it names the frontend and the bind, and why.
_NO_REQUEST = re.compile(rb'(?:^| )\S+:\d+ \[[^\] ]{24}\] [^ /]+/[^ ]+: [^"{]*$')


class HaProxy:
    """The format; no line depends on another, so it is its own parser."""

    closed = True
    has_durations = True
    times_begin = True
    state = ""

    def __init__(self, choice: Choice, zone: tzinfo) -> None:
        methods = choice.methods
        self._cmcd = choice.cmcd
        exact, quick = forms(_HEADER + _LINE.replace("METHODS", one_of(methods)))
        exact, quick = exact.replace("QUOTE", '"'), quick.replace("QUOTE", "")
        self._expression = Expression(_GROUPS, exact, quick, words=("target",))
        self._methods = frozenset(method.encode() for method in methods)
        self._identity = choice.identity
        self._times = TimeCache(lambda text: haproxy_time(text, zone))
        # Apart, because the milliseconds of a busy server are all distinct, and few.
        self._seconds = TimeCache(lambda text: haproxy_time(text + b".000", zone))
        self._fractions = TimeCache(_fraction)
        self._totals = TimeCache(lambda text: int(text) / 1000)

    def parser(self, state: str = "") -> "HaProxy":
        """Return itself."""
        del state
        return self

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        chunk = without_returns(chunk)
        if b": message repeated " in chunk:
            chunk = _REPEATED.sub(b"", chunk)
        return parse_mostly(self._expression, chunk, self._read, self._odd)

    def _odd(self, chunk: bytes) -> Batch:
        lines = chunk.split(b"\n")[:-1]
        numbers = [number for number, line in enumerate(lines) if not _NO_REQUEST.search(line)]
        has = ("duration", "cmcd") if self._cmcd else ("duration",)
        batch = batch_of([lines[number] for number in numbers], self._row, has)
        rejects = [Reject(numbers[one.line], one.reason) for one in batch.rejects]
        others = frozenset(range(len(lines))).difference(numbers)
        return replace(batch, lines=len(lines), rejects=rejects, headers=others)

    def _row(self, line: bytes) -> Row:
        """Return one line's values; where a needed field is not as it should be, RowError names it."""
        found = _ODD.search(line)
        if found is None:
            raise ValueError("not written so")
        address, time, timers, status, size, agent, request, end = found.groups(b"")
        texts = [text.decode("latin-1") for text in (time, status, size)]
        taken = seconds(timers.rpartition(b"/")[2].decode("latin-1"))
        moment = moment_of(texts[0], self._times)
        code = status_of(texts[1])
        sent = bytes_sent(texts[2], code)
        method, target = split_request(request)
        if not end:
            raise RowError(Reason.TRUNCATED)
        if method in self._methods and cut_by_haproxy(request):
            target = what_is_left(target, self._identity)
        agent, reports = _captured(agent) if self._cmcd else (agent, b"")
        return Row(
            moment,
            address,
            agent,
            _unescaped(target) if method in self._methods else b"",
            code,
            sent,
            taken / 1000 if isinstance(taken, float) else taken,
            b"",
            b"",
            reports,
        )

    def _read(self, columns: Columns) -> Batch:
        targets = columns["target"]
        if b"#" in b"".join(targets):
            targets = list(map(_unescaped, targets))
        if self._cmcd:
            agents, reports = zip(*map(_captured, columns["agent"]), strict=True)
            columns = {**columns, "agent": agents, "cmcd": reports}
        durations = ["-" if total < 0 else total for total in map(self._totals.__getitem__, columns["total"])]
        return batch_of_columns(columns, self._moments(columns), targets, durations)

    def _moments(self, columns: Columns) -> ParsedTimes:
        seconds, wrong = parse_times(columns["second"], self._seconds)
        fractions, none = parse_times(columns["fraction"], self._fractions)
        return list(map(add, seconds, fractions)), wrong | none


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text)


def _captured(text: bytes) -> tuple[bytes, bytes]:
    """Return the user agent and what the headers of CMCD say together; a bar within a header is escaped."""
    agent, bar, headers = text.partition(b"|")
    if not bar:
        return agent, b""
    found = joined(headers.split(b"|")[: len(CMCD_HEADERS)])
    return agent, _unescaped(found) if b"#" in found else found


def _fraction(text: bytes) -> float:
    if not _FRACTION.fullmatch(text):
        raise ValueError("not milliseconds such as .123")
    return float(text)
