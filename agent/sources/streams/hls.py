"""HLS playlists (RFC 8216), read by the library m3u8.

Only the tags that decide what a player fetches reach the library: a broken advertisement tag must not blind the
probe, and partial segments would make the library count time twice. Three tags are read here, because players
accept forms of them at which the library gives up.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import m3u8

from agent.sources.streams.live import LATEST_UPDATE, Container, Live, Segment, resolve

# A day of two-second segments fits; the memory that a hostile playlist takes for a moment stays below 50 MiB.
MOST_LINES = 100_000

# A line ends with LF or CRLF (RFC 8216, 4.1). Python ends one at these as well, and so does the library: a title with
# one of them would become a segment.
_NO_LINE_ENDS = str.maketrans(dict.fromkeys("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", " "))

_TAG = re.compile(r"#(EXT[A-Z0-9-]*)(?::\s*(.*))?")
_COMMENT = re.compile(r"\s*#(?!EXT)")
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{0,9})?")
_SHORTEST = 0.01  # what players take a segment of no duration for
_LEFT_TO_THE_LIBRARY = frozenset(
    {
        "EXT-X-BYTERANGE",
        "EXT-X-ENDLIST",
        "EXT-X-GAP",
        "EXT-X-KEY",
        "EXT-X-MAP",
        "EXT-X-MEDIA",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-STREAM-INF",
    }
)
_RANGE = re.compile(r"(\d{1,15})(?:@(\d{0,15}))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as the playlist lists it."""

    uri: str
    duration: float | None  # None where neither it nor a target duration is given
    date_time: float | None  # its EXT-X-PROGRAM-DATE-TIME as Unix time
    container: Container
    byte_range: tuple[int, int] | None
    gap: bool


@dataclass(frozen=True, slots=True)
class Master:
    """The renditions of a channel, by the reference to their playlist."""

    variants: tuple[str, ...]
    audio: tuple[str, ...]


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
        target = self.target_duration
        if target is None:
            # A required tag; players that go on without it take the longest segment.
            target = max((entry.duration or 0.0 for entry in self.entries), default=0.0)
        if target <= 0:
            raise ValueError("has neither a target duration nor a segment duration")
        segment = None
        for index in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[index]
            if not entry.gap:
                segment = Segment(
                    self.sequence + index,
                    resolve(url, entry.uri),
                    target if entry.duration is None else entry.duration,
                    entry.container,
                    entry.byte_range,
                )
                break
        newest = self.sequence + len(self.entries) - 1
        return Live(self.sequence, newest, segment, self.edge(), target, LATEST_UPDATE * target)


def parse(text: str) -> Master | Media:
    """Read a playlist; raise ValueError for anything a player could not use."""
    lines = text.removeprefix("\ufeff").translate(_NO_LINE_ENDS).strip().splitlines()
    if len(lines) > MOST_LINES:
        raise ValueError(f"has more than {MOST_LINES} lines")
    # Players pass over comments before the first tag, which must be this one.
    if not next((line for line in lines if line.strip() and not _COMMENT.match(line)), "").startswith("#EXTM3U"):
        raise ValueError("does not begin with #EXTM3U")
    try:
        data = m3u8.parse("\n".join(_every_segment_announced(lines)), custom_tags_parser=_tag)
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # How the library fails where the order of the lines is none it foresaw.
        raise ValueError(f"cannot be understood: {type(error).__name__}: {error}") from None
    if data["is_variant"]:
        return _master(data)
    return _media(data)


def _every_segment_announced(lines: list[str]) -> list[str]:
    """Give a segment without its EXTINF an empty one: the library passes over what is not announced."""
    result: list[str] = []
    announced = False
    for line in map(str.strip, lines):
        if line.startswith(("#EXTINF", "#EXT-X-STREAM-INF")):
            announced = True
        elif line and not line.startswith("#"):
            if not announced:
                result.append("#EXTINF:")
            announced = False
        result.append(line)
    return result


def _tag(line: str, _: int, data: dict[str, Any], state: dict[str, Any]) -> bool:
    """Read the tag, or keep it from the library, or leave it to it (False)."""
    match = _TAG.fullmatch(line)
    if match is None:
        return True
    name, value = match[1], match[2] or ""
    if name == "EXTINF":
        number = _NUMBER.match(value)
        segment = state.setdefault("segment", {})
        segment["duration"] = max(float(number[0]), _SHORTEST) if number else data.get("targetduration")
        state["expect_segment"] = True
    elif name == "EXT-X-TARGETDURATION":
        number = _NUMBER.match(value)
        if number:
            data["targetduration"] = float(number[0])
    elif name == "EXT-X-PROGRAM-DATE-TIME":
        state.setdefault("segment", {})["date_time"] = _unix_time(value)
    else:
        return name not in _LEFT_TO_THE_LIBRARY
    return True


def _unix_time(text: str) -> float | None:
    """Return the moment; None for what names none. Without a zone it would silently mean the agent's own."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _master(data: dict[str, Any]) -> Master:
    variants = tuple(playlist["uri"] for playlist in data["playlists"])
    if not variants:
        raise ValueError("names no rendition")
    audio = (medium for medium in data["media"] if medium.get("type") == "AUDIO")
    # Renditions of several groups often share one playlist.
    return Master(variants, tuple(dict.fromkeys(medium["uri"] for medium in audio if medium.get("uri"))))


def _media(data: dict[str, Any]) -> Media:
    entries = []
    end = 0  # of the last byte range; one without an offset follows it
    for segment in data["segments"]:
        uri = segment.get("uri")
        if uri is None:  # parts of a segment that is not whole yet
            continue
        byte_range = _byte_range(segment.get("byterange"), end)
        end = 0 if byte_range is None else sum(byte_range)
        entries.append(
            Entry(
                uri,
                segment.get("duration"),
                segment.get("date_time"),
                _container(segment),
                byte_range,
                gap=bool(segment.get("gap_tag")),
            )
        )
    target = data.get("targetduration")
    if target is not None and not math.isfinite(target):
        raise ValueError("has no finite target duration")
    return Media(data["media_sequence"], target, tuple(entries), data["is_endlist"])


def _container(segment: dict[str, Any]) -> Container:
    method = (segment.get("key") or {}).get("method") or "NONE"
    # SAMPLE-AES leaves the packets readable; all other methods, those to come included, encrypt the whole.
    if method != "NONE" and not method.startswith("SAMPLE-AES"):
        return "opaque"
    return "mp4" if segment.get("init_section") else "plain"


def _byte_range(text: str | None, end: int) -> tuple[int, int] | None:
    if text is None:
        return None
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise ValueError("has a byte range that is none")
    return (int(match[2]) if match[2] else end), int(match[1])
