"""What HLS playlists say (RFC 8216 and its revision): the renditions of a channel, and the segments of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.sources.streams.live import (
    HOLD_BACK,
    LATEST_UPDATE,
    Container,
    Init,
    Key,
    Live,
    Mark,
    Resource,
    Segment,
    resolve,
)
from service.nouns import counted

KEY_SIZES = {"AES-128": 16, "AES-256": 32}
SAMPLE_KEY = 16  # bytes
SHORTEST = 0.01  # seconds that players take a segment of no duration for
# Segments that are compared with those of the look before.
_MARKED = 64


@dataclass(frozen=True, slots=True)
class Encryption:
    """What EXT-X-KEY says of the segments after it."""

    method: str
    uri: str
    vector: bytes | None
    readable: bool  # the key is one that a client fetches as it is, and the whole segment is encrypted with it
    samples: bool = False  # the same, and the samples are


@dataclass(frozen=True, slots=True)
class Map:
    """What EXT-X-MAP names: the initialization section."""

    uri: str
    byte_range: tuple[int, int] | None
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as the playlist lists it."""

    uri: str
    duration: float | None  # None where neither it nor a target duration is given
    date_time: float | None  # its EXT-X-PROGRAM-DATE-TIME as Unix time
    byte_range: tuple[int, int] | None = None
    gap: bool = False
    map: Map | None = None
    encryption: Encryption | None = None
    discontinuity: int = 0  # how many there were before it

    @property
    def container(self) -> Container:
        """How the bytes of the segment can be read."""
        return "opaque" if _opaque(self.encryption) else "plain"


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant stream of the multivariant playlist."""

    uri: str
    name: str
    audio: str | None = None  # the group of its sound


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio rendition with a playlist of its own."""

    uri: str
    name: str
    group: str
    default: bool


@dataclass(frozen=True, slots=True)
class Master:
    """The renditions of a channel, by the reference to their playlist."""

    variants: tuple[Variant, ...]
    audio: tuple[Sound, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Media:
    """The segments of one rendition."""

    sequence: int
    target_duration: float | None
    entries: tuple[Entry, ...]
    ended: bool
    parts: int = 0  # listed of the segment that has begun
    invalid: str = ""  # a rule that it breaks and on which some players insist, and what they do

    def edge(self) -> float | None:
        """Return the Unix time at which the last segment ends; None unless a date and every duration after it stand."""
        moment: float | None = None
        for entry in self.entries:
            if entry.date_time is not None:
                moment = entry.date_time
            if moment is not None:
                moment = None if entry.duration is None else moment + entry.duration
        return moment

    def live(self, url: str) -> Live:
        """Return the rendition as of now; `url` is the playlist's own. Raise ValueError if nothing can be played."""
        if not self.entries and self.parts:
            raise ValueError(
                f"lists no whole segment yet, only {counted(self.parts, 'part')} of the first one (EXT-X-PART), with "
                "which hls.js does not begin"
            )
        if not self.entries:
            raise ValueError("lists no segment")
        # A playlist's word is not better than its content: where a segment is longer, new ones come that much later.
        longest = max(entry.duration or 0.0 for entry in self.entries)
        target = max(self.target_duration or 0.0, longest)
        if self.target_duration is None:
            raise ValueError("has no EXT-X-TARGETDURATION, without which players refuse it")
        if target <= 0:
            raise ValueError("has EXT-X-TARGETDURATION:0 and no segment with a duration (EXTINF)")
        newest = self.sequence + len(self.entries) - 1
        segments = tuple(self._segment(url, index, target) for index in self._wanted(target))
        return Live(
            self.sequence,
            newest,
            segments,
            self.edge(),
            target,
            LATEST_UPDATE * target,
            invalid=self.invalid,
            source=url.partition("?")[0],
            marks=self._marks(newest),
        )

    def _marks(self, newest: int) -> dict[int, Mark]:
        last = self.entries[-_MARKED:]
        return {
            # A host or a folder may differ from look to look, where edges take turns or the path holds a token.
            number: Mark(entry.uri.partition("?")[0].rpartition("/")[2], entry.discontinuity)
            for number, entry in enumerate(last, newest + 1 - len(last))
        }

    def _wanted(self, target: float) -> tuple[int, ...]:
        """Return the newest entry that is no gap, and the one with which players begin."""
        played = [index for index, entry in enumerate(self.entries) if not entry.gap]
        if not played:
            return ()
        behind, start = 0.0, played[0]
        for index in range(len(self.entries) - 1, -1, -1):
            duration = self.entries[index].duration
            behind += target if duration is None else duration
            if behind >= HOLD_BACK * target and not self.entries[index].gap:
                start = index
                break
        return tuple(dict.fromkeys((played[-1], start)))

    def _segment(self, url: str, index: int, target: float) -> Segment:
        entry, number = self.entries[index], self.sequence + index
        vector = number.to_bytes(32, "big")[-16:]
        init = None
        if entry.map is not None:
            section = Resource((resolve(url, entry.map.uri),), entry.map.byte_range)
            opaque = _opaque(entry.map.encryption)
            init = Init(section, "opaque" if opaque else "plain", _key(url, entry.map.encryption, vector))
        key = _key(url, entry.encryption, vector)
        return Segment(
            number,
            Resource((resolve(url, entry.uri),), entry.byte_range),
            # How long it plays is not known where its duration is still to be written, as gpac does.
            target if entry.duration is None or entry.duration <= SHORTEST else entry.duration,
            entry.container,
            init,
            key,
            hidden=_hidden(entry.encryption),
        )


def _opaque(encryption: Encryption | None) -> bool:
    # Methods other than those of samples, those to come included, encrypt the whole.
    return encryption is not None and not encryption.readable and not _hidden(encryption)


def _hidden(encryption: Encryption | None) -> bool:
    return encryption is not None and encryption.method.startswith("SAMPLE-AES")


def _key(url: str, encryption: Encryption | None, vector: bytes) -> Key | None:
    if encryption is None or not (encryption.readable or encryption.samples):
        return None
    size = KEY_SIZES.get(encryption.method, SAMPLE_KEY)
    return Key(resolve(url, encryption.uri), size, encryption.vector or vector, encryption.readable)
