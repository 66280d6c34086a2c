"""What a playlist or manifest says of one rendition, whatever its format."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

# plain: a transport stream or packed audio, told by its first bytes; opaque: encrypted as a whole.
Container = Literal["plain", "mp4", "opaque"]

# RFC 8216, 6.2.2: the next version of a live playlist comes at most this many target durations after the last.
LATEST_UPDATE = 1.5


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that a player would ask for now."""

    number: int
    url: str
    duration: float
    container: Container = "plain"
    byte_range: tuple[int, int] | None = None  # first byte and length


@dataclass(frozen=True, slots=True)
class Live:
    """One rendition as of now.

    `declared` is False where the manifest gives a formula instead of a list: then only a fetched segment proves
    that anything appeared.
    """

    first: int  # number of the oldest segment
    newest: int
    segment: Segment | None  # the newest that exists; a playlist may list gaps only
    edge: float | None  # Unix time at which the newest segment ends; None without a clock in the stream
    target_duration: float
    patience: float  # seconds within which a new segment is due
    declared: bool = True


def resolve(base: str, reference: str) -> str:
    """Return the absolute URL; raise ValueError unless it is HTTP."""
    url = urljoin(base, reference)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"refers to a {parts.scheme or 'nameless'} address; players fetch http and https only")
    return url
