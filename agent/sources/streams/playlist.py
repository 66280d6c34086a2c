"""A playlist or manifest as it came from a server: whether it is one, and which format it has."""

from urllib.parse import urlsplit

from agent.sources.streams import dash, hls
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
# Under these a browser's player gets an error page, whatever the name.
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/json"})


def read(body: bytes, answer: Answer, now: float) -> hls.Master | hls.Media | dash.Manifest:
    """Read the body in its format; raise Fault for anything a player could not use."""
    typed = answer.content_type in _HLS_TYPES or answer.content_type in _DASH_TYPES
    named = urlsplit(answer.url).path.lower().endswith(_NAMES)
    try:
        text = body.decode("utf-8-sig")
        playlist = dash.parse(text, answer.url, now) if text.lstrip()[:1] == "<" else hls.parse(text)
    except ValueError as error:
        if not typed and answer.content_type not in ("", "application/octet-stream", "text/plain"):
            raise _content_type(answer) from None
        raise Fault(Reason.PLAYLIST_MALFORMED, f"the playlist {error}") from None
    if answer.content_type in _PAGES or not (typed or named):
        raise _content_type(answer)
    return playlist


def _content_type(answer: Answer) -> Fault:
    return Fault(Reason.PLAYLIST_CONTENT_TYPE, f"a playlist came as {answer.content_type or 'nothing in particular'}")
