"""The text of HLS playlists (RFC 8216 and its revision), read into the records of hls."""

import re
from collections.abc import Mapping
from dataclasses import replace

from agent.sources.streams import hls_tags
from agent.sources.streams.hls import KEY_SIZES, SHORTEST, Encryption, Entry, Map, Master, Media, Sound, Variant
from agent.sources.streams.hls_tags import Line, Variables
from agent.sources.streams.live import INSISTED

# Those that hls.js 1.7.4 knows (utils/codecs.ts), and VVC.
_VIDEO_CODECS = (
    *("av01", "avc", "dav1", "drac", "dva1", "dvav", "dvh1", "dvhe", "encv", "hev", "hvc", "mjp2", "mp4v", "mvc"),
    *("resv", "rv60", "s263", "svc", "vc-1", "vp0", "vp8", "vp9", "vvc", "vvi"),
)
_SAMPLES = frozenset({"SAMPLE-AES", "SAMPLE-AES-CTR"})
_FOREIGN = re.compile(r"\s*(?!https?:|data:)[A-Za-z][A-Za-z0-9+.-]*:", re.IGNORECASE)  # an address of another kind
# What a playlist may have once (RFC 8216, 4.3.1.2 and 4.3.3, and its revision).
_ONCE = frozenset(
    {
        "EXT-X-DISCONTINUITY-SEQUENCE",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-PART-INF",
        "EXT-X-PLAYLIST-TYPE",
        "EXT-X-SERVER-CONTROL",
        "EXT-X-SKIP",
        "EXT-X-TARGETDURATION",
        "EXT-X-VERSION",
    }
)
# hls.js 1.7.4 takes a first one of 0 for none.
_FROM_ZERO = frozenset({"EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-MEDIA-SEQUENCE"})
_BLANK = re.compile(r"^[ \t]+\r?$", re.MULTILINE)
_MASTER_TAGS = frozenset({"EXT-X-STREAM-INF", "EXT-X-MEDIA"})


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
    if is_master:
        return master.finish(variables)
    found = media.finish()
    return found if found.invalid else replace(found, invalid=_blank(text))


def _blank(text: str) -> str:
    """Return what a player makes of a line that holds blanks only; empty where there is none."""
    match = _BLANK.search(text.rstrip())
    if match is None:
        return ""
    return (
        f"line {text.count(chr(10), 0, match.start()) + 1}: blanks and nothing else; shaka-player 5.2.12 refuses the "
        "playlist, or takes the line for a segment without an address"
    )


class _MasterReader:
    def __init__(self) -> None:
        self._variants: list[tuple[Variant, bool | None]] = []  # whether it has pictures, if it says so
        self._audio: dict[tuple[str, str], Sound] = {}
        self._first: dict[str, Sound] = {}  # of each group: the one that players begin with
        self._pending: dict[str, str] | None = None

    def take(self, line: Line, variables: Variables) -> None:
        if line.tag == "EXT-X-STREAM-INF":
            self._pending = hls_tags.attributes(line, variables)
        elif line.tag == "EXT-X-MEDIA":
            given = hls_tags.attributes(line, variables)
            if given.get("TYPE") == "AUDIO":
                self._sound(given)
        elif not line.tag and self._pending is not None:
            given, self._pending = self._pending, None
            name = f"variant {len(self._variants) + 1} ({given.get('BANDWIDTH', 'no BANDWIDTH')[:12]} bit/s)"
            uri = variables.expand(line.number, line.value)
            self._variants.append((Variant(uri, name, given.get("AUDIO")), _pictures(given)))

    def _sound(self, given: Mapping[str, str]) -> None:
        uri, group = given.get("URI", ""), given.get("GROUP-ID", "")
        sound = Sound(
            uri, (given.get("NAME") or given.get("LANGUAGE") or "audio")[:40], group, given.get("DEFAULT") == "YES"
        )
        first = self._first.setdefault(group, sound)
        if sound.default and not first.default:
            self._first[group] = sound
        if uri:
            self._audio.setdefault((group, uri), sound)

    def finish(self, variables: Variables) -> Master:
        # What players begin with may be in the variants themselves (RFC 8216, 4.3.4.2.1), whatever there is beside it.
        within = {group for group, sound in self._first.items() if not sound.uri}
        # Players leave out variants of sound only where others have pictures.
        pictures = any(found for _, found in self._variants)
        variants = tuple(
            replace(variant, audio=None) if variant.audio in within else variant
            for variant, found in self._variants
            if found is not False or not pictures
        )
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
        self._sequence = self._skipped = self._discontinuity = self._parts = 0
        self._ended = False
        self._seen: set[str] = set()  # of the tags that may stand once
        self._invalid = ""
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
        again = line.tag in self._seen
        if line.tag in _ONCE:
            self._check(line, again=again)
        if line.indented and not self._invalid:
            self._invalid = (
                f"line {line.number}: blanks before {line.tag} (RFC 8216, 4.1); hls.js 1.7.4 and shaka-player 5.2.12 "
                "take the line for the address of a segment or refuse the playlist"
            )
        match line.tag:
            case "":
                self._entry(variables.expand(line.number, line.value))
            case "EXTINF":
                seconds = hls_tags.seconds(line)
                if not self._invalid and (rest := hls_tags.behind_duration(line)):
                    self._invalid = (
                        f"line {line.number}: EXTINF is “{line.value[:40]}”, not a decimal number and a comma "
                        f"(RFC 8216, 4.3.2.1); hls.js 1.7.4 takes “{rest[:40]}” for the address of a segment"
                    )
                self._announced = True
                self._duration = None if seconds is None else max(seconds, SHORTEST)
            case "EXT-X-TARGETDURATION":
                seconds = hls_tags.seconds(line)
                self._target = self._target if seconds is None else seconds
            case "EXT-X-MEDIA-SEQUENCE":
                self._sequence = hls_tags.whole(line)
            case "EXT-X-DISCONTINUITY-SEQUENCE" if line.value.strip().isdecimal() and not again:
                # Wherever it stands, it is the number of the first segment (hls.js, pull request 7750).
                first = hls_tags.whole(line)
                self._entries = [replace(one, discontinuity=one.discontinuity + first) for one in self._entries]
                self._discontinuity += first
            case "EXT-X-SKIP":
                # A delta update, although none was asked for: what it leaves out still counts.
                skipped = hls_tags.attributes(line, variables).get("SKIPPED-SEGMENTS", "")
                self._skipped += int(skipped) if skipped.isascii() and skipped.isdigit() and len(skipped) < 10 else 0
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
            case "EXT-X-DISCONTINUITY":
                self._discontinuity += 1
            case "EXT-X-PART":
                self._parts += 1
            case "EXT-X-ENDLIST":
                self._ended = True
            case "EXT-X-MAP":
                self._initialization(line, hls_tags.attributes(line, variables))
            case "EXT-X-KEY":
                self._key(line, hls_tags.attributes(line, variables))

    def finish(self) -> Media:
        sequence, entries = self._sequence + self._skipped, tuple(self._entries)
        return Media(sequence, self._target, entries, self._ended, self._parts, self._invalid)

    def _check(self, line: Line, *, again: bool) -> None:
        """Note a rule that decides nothing here, and on which some players insist."""
        if line.tag not in _FROM_ZERO or line.value.strip("0 "):
            self._seen.add(line.tag)
        if again:
            self._invalid = self._invalid or f"line {line.number}: a second {line.tag}{INSISTED}"
        elif line.tag == "EXT-X-MEDIA-SEQUENCE" and self._entries:
            self._invalid = self._invalid or f"line {line.number}: {line.tag} behind the first segment{INSISTED}"

    def _entry(self, uri: str) -> None:
        byte_range = None
        if self._range is not None:
            length, first = self._range
            byte_range = (self._end if first is None else first, length)
        self._end = 0 if byte_range is None else sum(byte_range)
        duration = self._target if self._duration is None else self._duration
        key = _chosen(self._keys)
        entry = Entry(uri, duration, self._date, byte_range, self._gap, self._map, key, self._discontinuity)
        self._entries.append(entry)
        self._parts = 0
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
        identity = given.get("KEYFORMAT", "identity") == "identity"
        readable = method in KEY_SIZES and identity
        if readable and not given.get("URI"):
            raise ValueError(f"line {line.number}: EXT-X-KEY has METHOD={method} and no URI")
        iv = hls_tags.vector(line, given["IV"]) if readable and "IV" in given else None
        # hls.js and shaka-player fetch the key of samples, too; one without a KEYFORMAT may still be a DRM system's.
        samples = method in _SAMPLES and identity and not _FOREIGN.match(given.get("URI", "skd:"))
        key = Encryption(method, given.get("URI", ""), iv, readable, samples)
        self._keys = (*self._keys, key) if self._keys_open else (key,)
        self._keys_open = True


def _chosen(keys: tuple[Encryption, ...]) -> Encryption | None:
    """Return the key that is fetched as it is, of several for the same segments."""
    own = (key for key in reversed(keys) if key.readable or key.samples)
    return next(own, keys[0] if keys else None)
