"""One event as a player sends it: a line of a body of the type application/cmcd (CTA-5004-B)."""

from typing import NamedTuple
from urllib.parse import urlsplit

from agent.sources.edge_log.quality.cmcd import MalformedError, Report, members, read, whole

RESPONSE, PLAY_STATE = "rr", "ps"


class Event(NamedTuple):
    """What is used of an event."""

    kind: str  # e: "ps" (a new state), "t" (from time to time), "rr" (a response was received), …
    moment: float  # ts: Unix seconds by the player's clock; of a response the begin of its request
    report: Report
    content: bytes  # cid, as written between its quotes
    host: str  # of url, in lower case; "" where there is none


def read_event(line: bytes) -> Event:
    """Return what a line says; raise MalformedError with the key that is wrong."""
    report = read(line)
    found = members(line)
    kind, moment = found.get(b"e", b""), whole(found, b"ts")
    if not kind.isalpha() or len(kind) > 4:
        raise MalformedError("e")
    if moment is None or moment < 0:
        raise MalformedError("ts")
    content = found.get(b"cid", b"")
    return Event(kind.decode("ascii", "replace"), moment / 1000, report, content[1:-1], _host(found.get(b"url", b"")))


def _host(url: bytes) -> str:
    try:
        return urlsplit(url[1:-1].decode("ascii", "replace")).hostname or ""
    except ValueError:
        return ""
