"""HAProxy's HTTP log (`option httplog`), bare or with its syslog header.

Its time is when the request was accepted, in the server's zone, which the line does not name. The user agent is
there when the frontend captures it: `capture request header User-Agent len 128`.
"""

import re
from collections.abc import Sequence
from datetime import tzinfo

from agent.edge_log.batch import Batch, Reason
from agent.edge_log.rows import Row, RowError, batch_of
from agent.edge_log.times import TimeCache, haproxy_time

_LINE = re.compile(
    rb"(?:[^{\"]*?haproxy\[\d+\]: )?"
    rb"(?P<address>[0-9A-Fa-f.:]+|unix):\d+ \[(?P<time>[^\]]{24})\] [^ ]+ [^ ]+/[^ ]+ "
    rb"(?:-?\d+/){4}\+?(?P<total>-?\d{1,12}) (?P<status>\d{3}|-1) \+?(?P<size>\d{1,18}) [^ ]+ [^ ]+ [^ ]{4} "
    rb"[\d+/]+ [\d/]+ (?:\{(?P<captured>[^}]*)\} )?(?:\{[^}]*\} )?"
    rb'"(?:(?P<method>[A-Z]+) (?P<target>[^ "]+) HTTP/[\d.]+|[^"]*)"'
)


class HaProxy:
    """The format; no line depends on another, so it is its own parser."""

    closed = True
    has_durations = True
    state = ""

    def __init__(self, methods: Sequence[str], zone: tzinfo) -> None:
        self._methods = frozenset(method.encode() for method in methods)
        self._times = TimeCache(lambda text: haproxy_time(text, zone))

    def parser(self, state: str = "") -> "HaProxy":
        """Return itself."""
        del state
        return self

    def parse(self, piece: bytes) -> Batch:
        """Parse whole lines."""
        return batch_of(piece.split(b"\n")[:-1], self._row, ("duration",))

    def _row(self, line: bytes) -> Row:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError("no request")
        try:
            accepted = self._times[match["time"]]
        except ValueError:
            raise RowError(Reason.TIME) from None
        total = int(match["total"])
        return Row(
            accepted,
            match["address"],
            match["captured"] or b"",
            match["target"] if match["method"] in self._methods else b"",
            # -1: the client left before there was a status.
            b"000" if match["status"] == b"-1" else match["status"],
            int(match["size"]),
            total / 1000 if total >= 0 else "-",
            b"",
            b"",
        )
