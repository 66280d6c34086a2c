"""What a playlist or manifest says of one rendition, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from agent.runtime.address import joined

# plain: told by its first bytes; opaque: encrypted in a way that is not read here.
Container = Literal["plain", "mp4", "webm", "ts", "opaque"]
Kind = Literal["video", "audio"]

# RFC 8216, 6.2.2: the next version of a live playlist comes at most this many target durations after the last.
LATEST_UPDATE = 1.5
# What players do that insist on a rule of HLS.
INSISTED = "; players that insist on it (RFC 8216), such as hls.js 1.7.4, refuse the playlist"
# RFC 8216, 6.3.3: players begin at least this many target durations before the end.
HOLD_BACK = 3


class NotJudged(Exception):  # noqa: N818 - no error: the limits of this program, which docs/streams.md lists
    """What players may play and this program cannot read; `reason` is a value of the label of the same name."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class NothingYet(ValueError):  # noqa: N818 - it says what is
    """A period that has begun and has no complete segment yet."""


class Resource(NamedTuple):
    """Something to fetch: its address, then those of its copies, and the range of bytes if it is one."""

    urls: tuple[str, ...]
    byte_range: tuple[int, int | None] | None = None  # first byte and length; without a length to the end


class Key(NamedTuple):
    """What a segment is encrypted with (RFC 8216, 4.3.2.4)."""

    url: str
    size: int  # bytes of the key
    vector: bytes
    whole: bool = True  # False where samples only are encrypted, so that the segment is judged as it is


class Init(NamedTuple):
    """The initialization section of a segment."""

    resource: Resource
    container: Container = "plain"
    key: Key | None = None
    licensed: frozenset[str] = frozenset()  # identifiers of the keys that the manifest names, in hexadecimal


class Segment(NamedTuple):
    """A segment that a player would ask for now."""

    number: int
    resource: Resource
    duration: float
    container: Container = "plain"
    init: Init | None = None
    key: Key | None = None
    partial: bool = False  # the beginning of a file that is addressed as a whole
    begins: float | None = None  # where the manifest has it, in seconds of the media's own time
    hidden: bool = False  # its samples are encrypted, and the packets or boxes around them are not

    @property
    def url(self) -> str:
        """The address that is tried first."""
        return self.resource.urls[0]


class Mark(NamedTuple):
    """What of a listed segment stays the same from look to look."""

    name: str  # of the file
    discontinuity: int  # how many there were before it


@dataclass(frozen=True, slots=True)
class Live:
    """One rendition as of now.

    `declared` is False where the manifest gives a formula instead of a list: then only a fetched segment proves
    that anything appeared. `moves` is False for one file, in which nothing new appears.
    """

    first: int  # number of the oldest segment
    newest: int
    # What to ask for: the newest, then that with which players begin. A playlist may list gaps only.
    segments: tuple[Segment, ...]
    edge: float | None  # Unix time at which the newest segment ends; None without a clock in the stream
    target_duration: float
    patience: float  # seconds within which a new segment is due
    declared: bool = True
    moves: bool = True
    ahead: bool = False  # all that is listed lies ahead by the clock
    invalid: str = ""  # a rule that the playlist breaks and on which some players insist, and what they do
    source: str = ""  # the playlist's own address, without its query
    # Of DASH: the name of the period and the Unix time at which it begins; of one without a name the manifest's own.
    period: tuple[str, float] | None = None
    marks: Mapping[int, Mark] = field(default_factory=dict)  # of the last segments, by number

    @property
    def segment(self) -> Segment | None:
        """The newest segment that is no gap."""
        return self.segments[0] if self.segments else None


class Offer(NamedTuple):
    """A rendition that a channel offers: as of now, or the address of its playlist, or why it is neither."""

    name: str  # as in messages and as a key from look to look
    kind: Kind
    live: Live | None = None
    playlist: str | None = None
    group: str | None = None  # of an HLS variant, the group of its sound
    problem: Exception | None = None


def resolve(base: str, reference: str) -> str:
    """Return the absolute URL; raise ValueError unless players fetch it: HTTP, or data within the address itself."""
    try:
        url = joined(base, reference)
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("refers to an address whose host or port cannot be read") from None
    if parts.scheme != "data" and (parts.scheme not in ("http", "https") or not host):
        raise ValueError(f"refers to a {parts.scheme or 'nameless'} address; players fetch http, https and data only")
    return url
