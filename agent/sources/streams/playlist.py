"""A playlist or manifest as it came from a server: whether it is one, and which format it has."""

import codecs
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from agent.sources.streams import dash, hls, hls_text
from agent.sources.streams.content import Remark
from agent.sources.streams.fetch import Answer
from agent.sources.streams.reasons import Fault, Reason

LARGEST = 2 << 20

# RFC 8216, 4: a playlist is known by its type or by its name. The types in use for it, and the manifest's.
_HLS_TYPES = frozenset(
    {
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
        "application/mpegurl",
        "audio/mpegurl",
        "audio/x-mpegurl",
    }
)
_DASH_TYPES = frozenset({"application/dash+xml", "application/xml", "text/xml"})
_NAMES = (".m3u8", ".m3u", ".mpd")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Parsed = hls.Master | hls.Media | dash.Document


class Read(NamedTuple):
    """What a playlist says, and what a player gets over."""

    parsed: Parsed
    remarks: tuple[Remark, ...]


def read(body: bytes, answer: Answer, *, first: bool = True, imported: Mapping[str, str] | None = None) -> Read:
    """Read the body in its format; raise Fault for anything a player could not use.

    `first` is the channel's own address: only that needs a type or a name by which players know it. `imported` are
    the variables of the multivariant playlist that named this one.
    """
    typed = answer.content_type in _HLS_TYPES or answer.content_type in _DASH_TYPES
    text = decoded(body)
    is_dash = text.lstrip("\ufeff \t\r\n")[:1] == "<"
    what = "the manifest" if is_dash else "the playlist"
    try:
        parsed: Parsed = dash.parse(text, answer.url) if is_dash else hls_text.parse(text, answer.url, imported)
    except ValueError as error:
        if not typed and answer.content_type not in ("", "application/octet-stream", "text/plain"):
            came = f"came as {answer.content_type}"
            raise Fault(Reason.PLAYLIST_CONTENT_TYPE, f"instead of a playlist a body {came}: {error}") from None
        raise Fault(Reason.PLAYLIST_MALFORMED, said(what, error)) from None
    named = urlsplit(answer.url).path.lower().endswith(_NAMES)
    if first and not typed and not named:
        kind = answer.content_type or "without Content-Type"
        detail = f"{what} came {'as ' if answer.content_type else ''}{kind}, from an address without .m3u8 or .mpd"
        return Read(parsed, (Remark(Reason.PLAYLIST_CONTENT_TYPE, detail),))
    return Read(parsed, ())


def decoded(body: bytes) -> str:
    """Return the text as browsers read it: UTF-8, or UTF-16 by its mark; what is neither is replaced."""
    if body.startswith(_UTF16):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8-sig", "replace")


def said(what: str, error: Exception) -> str:
    """Return a message about a playlist from what its reader said."""
    text = str(error)
    return f"{what}, {text}" if text.startswith("line ") else f"{what} {text}"
