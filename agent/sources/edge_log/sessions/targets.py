"""What a request's path says: whether it is media, by which protocol, and on which channel."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from agent.sources.edge_log.formats.request import origin_length, path_of

# Playlists and manifests say which protocol is spoken; fragments (.m4s, .cmfv, .cmfa) belong to either.
PROTOCOLS = {
    ".m3u8": "hls",
    ".mpd": "dash",
    ".ts": "hls",
    ".m4s": "cmaf",
    ".mp4": "progressive",
    ".cmfv": "cmaf",
    ".cmfa": "cmaf",
    ".aac": "hls",
    ".vtt": "hls",
    ".key": "hls",
}
MANIFESTS = frozenset({b".m3u8", b".mpd"})
PENDING_PROTOCOLS = frozenset({"cmaf", "progressive"})
OTHER = "other"

# Without a channel pattern everything is one channel; a media path that the pattern does not match is on this one.
ALL_CHANNELS, NO_CHANNEL = "all", "unmatched"
LONGEST_CHANNEL = 64

# Live paths are few at a time: channels times renditions times the segments of the window.
_CACHED = 20_000
# nginx and Apache write a byte as \xHH; Apache writes a quote and a backslash behind a backslash.
_ESCAPE = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')


class Target(NamedTuple):
    """What is known of a path."""

    protocol: int  # index into `Targets.protocols`
    salt: int | None  # tells the channels' session keys apart; None where the path is no media
    query_only: bool  # the identity can stand nowhere but behind the question mark
    manifest: bool
    origin: int  # bytes of scheme and host in front of the path
    channel: str


class Targets(dict[bytes, Target]):
    """Path to target; looking up a path that was not seen lately works it out."""

    def __init__(self, suffixes: Iterable[str], channel: "re.Pattern[bytes] | None", *, query_only: bool) -> None:
        super().__init__()
        self._suffixes = {suffix.lower().encode(): PROTOCOLS.get(suffix.lower(), OTHER) for suffix in suffixes}
        self.protocols = [*dict.fromkeys([*self._suffixes.values(), OTHER])]
        self._channel = channel
        self._query_only = query_only

    def __missing__(self, path: bytes) -> Target:
        if len(self) >= _CACHED:
            self.clear()
        target = self[path] = self._work_out(path)
        return target

    def _work_out(self, path: bytes) -> Target:
        origin, path = origin_length(path), path_of(path)
        name = path[path.rfind(b"/") + 1 :]
        dot = name.rfind(b".")
        suffix = name[dot:].lower() if dot >= 0 else b""
        protocol = self._suffixes.get(suffix)
        # The suffix "*" takes every path as media, for assets that have none.
        media = path != b"" and (protocol is not None or b"*" in self._suffixes)
        channel = self._channel_of(path) if media else ""
        return Target(
            self.protocols.index(protocol or OTHER),
            hash(("channel", channel)) if media else None,
            self._query_only and b"&" not in path,
            suffix in MANIFESTS,
            origin,
            channel,
        )

    def _channel_of(self, path: bytes) -> str:
        if self._channel is None:
            return ALL_CHANNELS
        match = self._channel.search(_ESCAPE.sub(lambda escape: escape[2] or bytes([int(escape[1], 16)]), path))
        found = first_group(match)
        if not found:
            return NO_CHANNEL
        text = unquote_to_bytes(found).decode("utf-8", "replace")[:LONGEST_CHANNEL]
        return "".join(character if character.isprintable() else "\ufffd" for character in text)


def first_group(match: "re.Match[bytes] | None") -> bytes | None:
    """Return the first group that took part in a match."""
    if match is None:
        return None
    return next((group for group in match.groups() if group is not None), None)
