"""Lines that are parsed one by one: what the formats share that no single expression can read."""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, NamedTuple, TypeVar

from agent.sources.edge_log.formats.batch import Batch, Reason, Reject
from agent.sources.edge_log.formats.times import clf_time, epoch_time, iso_time

# The names that `columns` may give.
FIELDS = (
    "time",
    "address",
    "agent",
    "method",
    "target",
    "query",
    "request",
    "status",
    "size",
    "duration",
    "session",
    "viewer",
)


_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")
_STATUS = re.compile(rb"[0-9]{3}|0|-1|-|")


Line = TypeVar("Line")


class Row(NamedTuple):
    """One line's values."""

    time: float
    address: bytes
    agent: bytes
    uri: bytes
    status: bytes
    size: int
    duration: float | str
    session: bytes
    viewer: bytes
    cmcd: bytes = b""


class RowError(ValueError):
    """The line is of this format, but a field that the figures need cannot be read; the reason names it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def need(fields: Mapping[str, str] | Sequence[str]) -> None:
    """Raise ValueError where a field is missing that the figures need."""
    missing = [name for name in ("time", "status", "size") if name not in fields]
    if missing:
        raise ValueError(f"columns lack {', '.join(missing)}; add where the log has them")
    if "request" not in fields and not ("method" in fields and "target" in fields):
        raise ValueError("columns lack the request: add request, or method and target")
    if "query" in fields and "request" in fields:
        raise ValueError("columns name query beside request, which holds the query already; remove query")


def batch_of(lines: Sequence[Line], parse: Callable[[Line], Row], has: Container[str]) -> Batch:
    """Return the batch of lines that are parsed one by one; ValueError rejects a line."""
    rows, rejects = [], []
    for number, line in enumerate(lines):
        try:
            rows.append(parse(line))
        except RowError as fault:
            rejects.append(Reject(number, fault.reason))
        except ValueError:
            rejects.append(Reject(number, Reason.FORMAT))
    if not rows:
        return Batch(len(lines), rejects=rejects)
    columns = list(zip(*rows, strict=True))
    return Batch(
        len(lines),
        times=columns[0],
        addresses=columns[1],
        agents=columns[2],
        uris=columns[3],
        statuses=columns[4],
        sizes=columns[5],
        durations=columns[6] if "duration" in has else None,
        sessions=columns[7] if "session" in has else None,
        viewers=columns[8] if "viewer" in has else None,
        cmcd=columns[9] if "cmcd" in has else None,
        rejects=rejects,
    )


def any_time(text: bytes, zone: tzinfo = UTC) -> float:
    """Return the moment of a text in any of the notations; without a zone of its own it is in `zone`."""
    if text.isdigit() and len(text) < 20:
        return _seconds_of(int(text))
    if text.startswith(b"[") and text.endswith(b"]"):  # Apache's %t
        text = text[1:-1]
    for parse in (epoch_time, lambda one: iso_time(one, zone), clf_time):
        try:
            return parse(text)
        except ValueError:
            continue
    raise ValueError("not a time")


def moment_of(value: Any, texts: Mapping[bytes, float]) -> float:
    """Return the moment of a value, Unix seconds or milliseconds or a text that `texts` knows to read."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        if not 0 <= value < 1e20:
            raise RowError(Reason.TIME)
        return _seconds_of(value)
    if not isinstance(value, str):
        raise RowError(Reason.TIME)
    try:
        return texts[value.encode("utf-8", "surrogatepass")]
    except ValueError:
        raise RowError(Reason.TIME) from None


def _seconds_of(number: float) -> float:
    """Return seconds of a Unix time in seconds, milliseconds, microseconds or nanoseconds."""
    for bound, unit in ((1e11, 1), (1e14, 1e3), (1e17, 1e6)):
        if number < bound:
            return number / unit
    return number / 1e9


def status_of(value: Any) -> bytes:
    """Return a status as logged; a number below 1, "-" or nothing says that the client got no answer.

    Raises RowError for a value that is no status.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = b"%d" % value if type(value) is int else value.encode("utf-8", "replace") if isinstance(value, str) else b"?"
    if not _STATUS.fullmatch(text):
        raise RowError(Reason.STATUS)
    return text or b"-"


def byte_count(value: Any) -> int:
    """Return a number of bytes; "-" and -1 are none. Raises RowError for a value that is no number of bytes."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is int and -1 <= value < 10**18:
        return max(value, 0)
    if isinstance(value, str) and value in ("-", "-1"):
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    raise RowError(Reason.SIZE)


def bytes_sent(value: Any, status: bytes) -> int:
    """Return the bytes of an answer; raise RowError for one of which a server knew neither these nor the status.

    Nothing says then that nothing was sent: Varnish writes so of what it pipes.
    """
    if value == "-" and status == b"-":
        raise RowError(Reason.SIZE)
    return byte_count(value)


def seconds(value: Any) -> float | str:
    """Return a request time in the log's unit; "-" where the server had none: no figure of a line needs it."""
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        return float(value)
    if isinstance(value, float | int) and not isinstance(value, bool) and 0 <= value < 1e18:
        return float(value)
    return "-"
