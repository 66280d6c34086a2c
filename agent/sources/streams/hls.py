"""HLS playlists (RFC 8216 and its revision): the renditions of a channel, and the segments of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.sources.streams import hls_tags
from agent.sources.streams.hls_tags import Line, Variables
from agent.sources.streams.live import HOLD_BACK, LATEST_UPDATE, Container, Init, Key, Live, Resource, Segment, resolve

_SHORTEST = 0.01  # what players take a segment of no duration for
_KEY_SIZES = {"AES-128": 16, "AES-256": 32}
_VIDEO_CODECS = ("avc", "hvc", "hev", "dvh", "dva", "vp0", "vp8", "vp9", "av0", "mp4v", "vvc")
_MASTER_TAGS = frozenset({"EXT-X-STREAM-INF", "EXT-X-MEDIA"})


@dataclass(frozen=True, slots=True)
class Encryption:
    """What EXT-X-KEY says of the segments after it."""

    method: str
    uri: str
    vector: bytes | None
    readable: bool  # the key is one that a client fetches as it is


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
        return Live(self.sequence, newest, segments, self.edge(), target, LATEST_UPDATE * target)

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
            target if entry.duration is None else entry.duration,
            entry.container,
            init,
            key,
        )


def parse(text: str, url: str = "", imported: Mapping[str, str] | None = None) -> Master | Media:
    """Read a playlist from `url`; raise ValueError for anything a player could not use.

    `imported` are the variables of the multivariant playlist that named it.
    """
    master, media = _MasterReader(), _MediaReader()
    variables = Variables(url, imported or {})
    is_master = False
    for line in hls_tags.lines(text):
        if line.tag == "EXT-X-DEFINE":
            variables.define(line)
            continue
        is_master = is_master or line.tag in _MASTER_TAGS
        master.take(line, variables)
        if not is_master:
            media.take(line, variables)
    return master.finish(variables) if is_master else media.finish()


class _MasterReader:
    def __init__(self) -> None:
        self._variants: list[tuple[Variant, bool | None]] = []  # whether it has pictures, if it says so
        self._audio: dict[tuple[str, str], Sound] = {}
        self._pending: dict[str, str] | None = None

    def take(self, line: Line, variables: Variables) -> None:
        if line.tag == "EXT-X-STREAM-INF":
            self._pending = hls_tags.attributes(line, variables)
        elif line.tag == "EXT-X-MEDIA":
            given = hls_tags.attributes(line, variables)
            if given.get("TYPE") == "AUDIO" and given.get("URI"):
                group, name = given.get("GROUP-ID", ""), given.get("NAME") or given.get("LANGUAGE") or "audio"
                sound = Sound(given["URI"], name[:40], group, given.get("DEFAULT") == "YES")
                self._audio.setdefault((group, given["URI"]), sound)
        elif not line.tag and self._pending is not None:
            given, self._pending = self._pending, None
            name = f"variant {len(self._variants) + 1} ({given.get('BANDWIDTH', 'no BANDWIDTH')[:12]} bit/s)"
            uri = variables.expand(line.number, line.value)
            self._variants.append((Variant(uri, name, given.get("AUDIO")), _pictures(given)))

    def finish(self, variables: Variables) -> Master:
        # Players leave out variants of sound only where others have pictures.
        pictures = any(found for _, found in self._variants)
        variants = tuple(variant for variant, found in self._variants if found is not False or not pictures)
        if not variants:
            raise ValueError("names no rendition: no EXT-X-STREAM-INF is followed by an address")
        return Master(variants, tuple(self._audio.values()), variables.values)


def _pictures(given: Mapping[str, str]) -> bool | None:
    """Return whether a variant has pictures; None where it does not say so."""
    if "RESOLUTION" in given:
        return True
    codecs = given.get("CODECS")
    if not codecs:
        return None
    return any(codec.strip().lower().startswith(_VIDEO_CODECS) for codec in codecs.split(","))


class _MediaReader:
    def __init__(self) -> None:
        self._sequence, self._ended = 0, False
        self._target: float | None = None
        self._entries: list[Entry] = []
        self._map: Map | None = None
        self._keys: tuple[Encryption, ...] = ()
        self._keys_open = False  # a further EXT-X-KEY adds a key for the same segments
        self._end = 0  # of the last byte range; one without an offset follows it
        self._begin()

    def _begin(self) -> None:
        self._duration: float | None = None
        self._announced = self._gap = False
        self._date: float | None = None
        self._range: tuple[int, int | None] | None = None

    def take(self, line: Line, variables: Variables) -> None:
        match line.tag:
            case "":
                self._entry(variables.expand(line.number, line.value))
            case "EXTINF":
                number = hls_tags.seconds(line)
                self._announced = True
                self._duration = None if number is None else max(number, _SHORTEST)
            case "EXT-X-TARGETDURATION":
                number = hls_tags.seconds(line)
                self._target = self._target if number is None else number
            case "EXT-X-MEDIA-SEQUENCE":
                self._sequence += hls_tags.whole(line)
            case "EXT-X-SKIP":
                # A delta update, although none was asked for: what it leaves out still counts.
                skipped = hls_tags.attributes(line, variables).get("SKIPPED-SEGMENTS", "")
                self._sequence += int(skipped) if skipped.isascii() and skipped.isdigit() and len(skipped) < 10 else 0
            case _:
                self._tag(line, variables)

    def _tag(self, line: Line, variables: Variables) -> None:
        """Take a tag of the segment that follows."""
        match line.tag:
            case "EXT-X-PROGRAM-DATE-TIME":
                self._date = hls_tags.unix_time(line.value)
            case "EXT-X-BYTERANGE":
                self._range = hls_tags.byte_range(line, line.value, "EXT-X-BYTERANGE")
            case "EXT-X-GAP":
                self._gap = True
            case "EXT-X-ENDLIST":
                self._ended = True
            case "EXT-X-MAP":
                self._initialization(line, hls_tags.attributes(line, variables))
            case "EXT-X-KEY":
                self._key(line, hls_tags.attributes(line, variables))

    def finish(self) -> Media:
        return Media(self._sequence, self._target, tuple(self._entries), self._ended)

    def _entry(self, uri: str) -> None:
        byte_range = None
        if self._range is not None:
            length, first = self._range
            byte_range = (self._end if first is None else first, length)
        self._end = 0 if byte_range is None else sum(byte_range)
        duration = self._target if self._duration is None else self._duration
        self._entries.append(Entry(uri, duration, self._date, byte_range, self._gap, self._map, _chosen(self._keys)))
        self._keys_open = False
        self._begin()

    def _initialization(self, line: Line, given: Mapping[str, str]) -> None:
        if not given.get("URI"):
            raise ValueError(f"line {line.number}: EXT-X-MAP has no URI")
        byte_range = None
        if "BYTERANGE" in given:
            length, first = hls_tags.byte_range(line, given["BYTERANGE"], "BYTERANGE of EXT-X-MAP")
            byte_range = (first or 0, length)
        self._map = Map(given["URI"], byte_range, _chosen(self._keys))

    def _key(self, line: Line, given: Mapping[str, str]) -> None:
        method = given.get("METHOD", "NONE")
        if method == "NONE":
            self._keys = ()
            return
        readable = method in _KEY_SIZES and given.get("KEYFORMAT", "identity") == "identity"
        if readable and not given.get("URI"):
            raise ValueError(f"line {line.number}: EXT-X-KEY has METHOD={method} and no URI")
        iv = hls_tags.vector(line, given["IV"]) if readable and "IV" in given else None
        key = Encryption(method, given.get("URI", ""), iv, readable)
        self._keys = (*self._keys, key) if self._keys_open else (key,)
        self._keys_open = True


def _opaque(encryption: Encryption | None) -> bool:
    # SAMPLE-AES leaves the packets readable; all other methods, those to come included, encrypt the whole.
    return encryption is not None and not encryption.readable and not encryption.method.startswith("SAMPLE-AES")


def _key(url: str, encryption: Encryption | None, vector: bytes) -> Key | None:
    if encryption is None or not encryption.readable:
        return None
    return Key(resolve(url, encryption.uri), _KEY_SIZES[encryption.method], encryption.vector or vector)


def _chosen(keys: tuple[Encryption, ...]) -> Encryption | None:
    """Return the key that can be read, of several for the same segments."""
    return next((key for key in reversed(keys) if key.readable), keys[0] if keys else None)
