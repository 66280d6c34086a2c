"""The clock that a manifest names (UTCTiming): by how much the server's is ahead of this node's."""

from collections.abc import Iterable
from contextlib import suppress
from email.utils import parsedate_to_datetime

from agent.sources.streams.dash_xml import instant
from agent.sources.streams.live import resolve

_SCHEME = "urn:mpeg:dash:utc:"
DIRECT, HEAD, BODY = "direct", "http-head", "body"
_KINDS = {
    "direct:2012": DIRECT,
    "direct:2014": DIRECT,
    "http-head:2012": HEAD,
    "http-head:2014": HEAD,
    "http-xsdate:2012": BODY,
    "http-xsdate:2014": BODY,
    "http-iso:2012": BODY,
    "http-iso:2014": BODY,
}


def kind_of(scheme: str) -> str | None:
    """Return how the clock of a scheme is read; None for one that browsers cannot read either (NTP)."""
    return _KINDS.get(scheme.strip().removeprefix(_SCHEME))


def direct(value: str) -> float:
    """Return the moment that the manifest holds; raise ValueError."""
    return instant(value, "UTCTiming@value")


def addresses(value: str, bases: Iterable[str]) -> list[str]:
    """Return the addresses of a clock; a value may name several, each relative to one of the bases."""
    found: dict[str, None] = {}
    for reference in value.split():
        for base in bases:
            with suppress(ValueError):
                found.setdefault(resolve(base, reference))
    return list(found)


def from_date(header: str) -> float:
    """Return the moment of a Date header; raise ValueError."""
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, OverflowError):
        raise ValueError("has no Date header that can be read") from None


def from_body(body: bytes) -> float:
    """Return the moment that a clock answers with; raise ValueError."""
    return instant(body.decode("utf-8-sig", "replace"), "the clock's answer")
