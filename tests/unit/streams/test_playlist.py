"""A playlist as it comes: format and type."""

import pytest

from agent.sources.streams import dash, hls, playlist
from agent.sources.streams.fetch import Answer
from agent.sources.streams.reasons import Fault, Reason

HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n"
DASH = b"\xef\xbb\xbf<?xml version='1.0'?>\n<MPD/>"
PAGE = b"<!doctype html><html><body>The portal is being updated</body></html>"


def whole(body: bytes, content_type: str, path: str = "/live/a/index.m3u8", *, first: bool = True) -> playlist.Read:
    return playlist.read(body, Answer(f"http://edge{path}?t=1", 200, content_type), first=first)


def read(body: bytes, content_type: str, path: str = "/live/a/index.m3u8") -> object:
    return whole(body, content_type, path).parsed


@pytest.mark.parametrize(
    ("content_type", "path"),
    [
        ("application/vnd.apple.mpegurl", "/live/a"),
        ("audio/x-mpegurl", "/live/a"),
        ("text/plain", "/live/a/index.M3U8"),
        ("application/octet-stream", "/a.m3u8"),
        ("", "/a.m3u8"),
    ],
)
def test_a_playlist_is_known_by_its_type_or_its_name(content_type: str, path: str) -> None:
    assert isinstance(read(HLS, content_type, path), hls.Media)


def test_the_body_tells_the_format() -> None:
    assert isinstance(read(DASH, "application/dash+xml", "/a/manifest"), dash.Document)


@pytest.mark.parametrize(
    ("body", "content_type", "path", "reason"),
    [
        (PAGE, "text/html", "/a.m3u8", Reason.PLAYLIST_CONTENT_TYPE),
        (HLS, "text/html", "/a.m3u8", None),
        (HLS, "text/plain", "/live/a", None),
        (b'{"error": 403}', "application/json", "/a.m3u8", Reason.PLAYLIST_CONTENT_TYPE),
        (PAGE, "application/vnd.apple.mpegurl", "/a.m3u8", Reason.PLAYLIST_MALFORMED),
        (b"", "application/vnd.apple.mpegurl", "/a.m3u8", Reason.PLAYLIST_MALFORMED),
        (HLS[:20], "", "/a.m3u8", None),
        (b"\xff\xfe#\x00", "audio/mpegurl", "/a.m3u8", Reason.PLAYLIST_MALFORMED),
        (DASH[:-3], "application/dash+xml", "/a.mpd", Reason.PLAYLIST_MALFORMED),
    ],
)
def test_anything_else_is_a_fault_of_the_type_or_of_the_text(
    body: bytes, content_type: str, path: str, reason: Reason | None
) -> None:
    if reason is None:
        assert isinstance(read(body, content_type, path), hls.Media)  # empty: judged when it is asked for a segment
        return
    with pytest.raises(Fault) as caught:
        read(body, content_type, path)
    assert caught.value.reason is reason
    assert "edge" not in caught.value.detail


def test_only_the_first_address_needs_a_type_or_a_name() -> None:
    assert [remark.reason for remark in whole(HLS, "text/plain", "/live/a").remarks] == [Reason.PLAYLIST_CONTENT_TYPE]
    assert [remark.reason for remark in whole(HLS, "", "/live/a").remarks] == [Reason.PLAYLIST_CONTENT_TYPE]
    assert whole(HLS, "", "/live/a", first=False).remarks == ()
    assert whole(HLS, "text/html", "/a.m3u8").remarks == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r"])
def test_a_title_in_any_encoding_hides_no_segment(encoding: str) -> None:
    found = read(HLS.decode().replace("#EXTINF:4,", "#EXTINF:4,Новости").encode(encoding), "")
    assert isinstance(found, hls.Media)
    assert [entry.uri for entry in found.entries] == ["a.ts"]
