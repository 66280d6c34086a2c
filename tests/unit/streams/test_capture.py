"""What the picture checks are given of a channel: segments that came whole, as a player would get them."""

from typing import Any

import pytest

from agent.sources.media import LARGEST, Media, Piece
from agent.sources.streams.capture import Capture
from agent.sources.streams.live import Resource, Segment
from agent.sources.streams.probe import Channel
from agent.sources.streams.settings import StreamSettings
from service.settings import Seconds
from tests.unit.streams.media import box, fragment, init, programme
from tests.unit.streams.test_session import URL, World

TAG = b"ID3\x04\0\0\0\0\0\x08" + bytes(8)
SEGMENT = Segment(1, Resource(("http://a/s",)), 2.0)


class Watched(World):
    """A channel whose segments are wanted."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.pieces: list[Piece] = []
        media = Media()
        media.listen(lambda channel: channel == "a", self.pieces.append)
        table = StreamSettings("a", URL, Seconds(2.0), Seconds(2.0), **settings)
        self.channel = Channel(table, URL, lambda: self.now, media=media)


def test_each_segment_is_handed_over_once_with_the_moment_it_came() -> None:
    world = Watched()
    world.paths = {"live/index": lambda _: world.media(), "live/s.ts": programme()}
    assert world.look()
    assert world.look()
    assert [(piece.container, piece.data == programme(), piece.arrived) for piece in world.pieces] == [
        ("mpegts", True, world.now - 2),
        ("mpegts", True, world.now),
    ]
    assert {(piece.channel, piece.delivery, piece.follows) for piece in world.pieces} == {("a", "stream", False)}


def test_fragments_come_with_their_initialization_section_although_it_is_fetched_once() -> None:
    world = Watched()
    media = lambda _: world.media('#EXT-X-MAP:URI="init.mp4"', uri="s.m4s")  # noqa: E731
    world.paths = {"live/index": media, "live/init.mp4": init(), "live/s.m4s": fragment()}
    assert world.look()
    assert world.look()
    assert [(piece.container, piece.data) for piece in world.pieces] == [("mp4", init() + fragment())] * 2


def test_only_the_first_rendition_is_looked_into_where_all_are_loaded() -> None:
    world = Watched(renditions="all")
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhd\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsd\n"
    world.paths = {
        "live/index": master,
        "live/hd": lambda _: world.media(),
        "live/sd": lambda _: world.media(),
        "live/s.ts": programme(),
    }
    assert world.look()
    assert len(world.pieces) == 1


def test_nothing_is_kept_of_a_channel_that_nobody_wants() -> None:
    world = World()
    world.paths = {"live/index": lambda _: world.media(), "live/s.ts": programme()}
    assert world.look()
    assert all(rendition.capture is None for rendition in world.channel._renditions.values())


@pytest.mark.parametrize("codec", [b"encv", b"enca"])
def test_samples_that_are_encrypted_one_by_one_are_said_to_be(codec: bytes) -> None:
    pieces: list[Piece] = []
    capture = Capture("a", "v", pieces.append)
    capture.begin(_movie(codec))
    capture.add(fragment())
    capture.end(SEGMENT._replace(container="mp4"), 1000.0)
    assert [(piece.data, piece.obstacle) for piece in pieces] == [(b"", "encrypted")]


@pytest.mark.parametrize("uri", ['"skd://x",KEYFORMAT="com.apple.streamingkeydelivery"', '"key"'])
def test_encrypted_samples_of_a_transport_stream_are_said_to_be(uri: str) -> None:
    """FFmpeg decodes what shaka-packager 3.8.0 writes so to a grey picture that never changes."""
    world = Watched()
    world.paths = {
        "live/index": lambda _: world.media(f"#EXT-X-KEY:METHOD=SAMPLE-AES,URI={uri}"),
        "live/s.ts": programme(),
        "live/key": bytes(16),
    }
    assert world.look()
    assert [(piece.data, piece.obstacle) for piece in world.pieces] == [(b"", "encrypted")]


def test_a_segment_that_is_encrypted_as_a_whole_is_said_to_be() -> None:
    pieces: list[Piece] = []
    capture = Capture("a", "v", pieces.append)
    capture.begin(b"")
    capture.end(SEGMENT._replace(container="opaque"), 1000.0)
    assert [piece.obstacle for piece in pieces] == ["encrypted"]


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (bytes.fromhex("fff150800000"), "aac"),
        (TAG + bytes.fromhex("fff950800000"), "aac"),
        (TAG + TAG + bytes.fromhex("fffb90c40000"), "mp3"),  # the first frames of ffmpeg 5.1.9, as the next ones
        (TAG + bytes.fromhex("0b774fc75040"), "ac3"),
        (bytes.fromhex("0b7701157287"), "eac3"),
        (TAG, "unknown"),
        (b"ID3\x04", "unknown"),
        (TAG + b"fLaC\0\0\0\x22", "unknown"),
        (b"\x1a\x45\xdf\xa3", "unknown"),
        (programme(), "mpegts"),
    ],
)
def test_the_container_is_told_by_its_first_bytes(data: bytes, container: str) -> None:
    pieces: list[Piece] = []
    capture = Capture("a", "v", pieces.append)
    capture.begin(b"")
    capture.add(data)
    capture.end(SEGMENT, 1000.0)
    assert [piece.container for piece in pieces] == [container]


def test_a_huge_segment_is_kept_up_to_the_limit() -> None:
    pieces: list[Piece] = []
    capture = Capture("a", "v", pieces.append)
    capture.begin(b"")
    for _ in range(4):
        capture.add(bytes(LARGEST // 3))
    capture.end(SEGMENT, 1000.0)
    assert [len(piece.data) for piece in pieces] == [LARGEST]


def _movie(codec: bytes) -> bytes:
    entry = box(codec, bytes(8))
    table = box(b"stsd", bytes(8), entry)
    handler = box(b"hdlr", bytes(8), b"vide")
    return box(b"ftyp", b"iso6") + box(b"moov", box(b"trak", box(b"mdia", handler, box(b"minf", box(b"stbl", table)))))
