"""The packager's playlists are HLS by the m3u8 library's reading, and slide with the clock."""

from datetime import UTC, datetime

import m3u8
import pytest

from demo.platform import packager
from demo.platform.lineup import CHANNELS, SEGMENT_SECONDS, WINDOW_SEGMENTS
from tests.unit.demo import stream_checker

NOW = 1_795_000_001.5


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[packager.Stream]:
    return packager.prepare(tmp_path_factory.mktemp("live"))


def test_the_master_playlist_names_every_rendition(streams: list[packager.Stream]) -> None:
    root = streams[0].folder.parent.parent
    for channel, renditions in CHANNELS.items():
        master = m3u8.load(str(root / channel / "index.m3u8"))
        assert master.is_variant
        assert [playlist.uri for playlist in master.playlists] == [f"{r.name}/index.m3u8" for r in renditions]
        for playlist, rendition in zip(master.playlists, renditions, strict=True):
            info = playlist.stream_info
            assert (info.bandwidth, info.codecs) == (rendition.bits_per_second, "avc1.42c01e")
            assert info.resolution == (rendition.size.width, rendition.size.height)


def test_the_first_viewer_finds_a_whole_window(streams: list[packager.Stream]) -> None:
    stream = streams[0]
    newest = packager.fill([stream], NOW)
    playlist = m3u8.load(str(stream.folder / "index.m3u8"))
    assert not playlist.is_endlist
    assert playlist.target_duration == SEGMENT_SECONDS
    assert len(playlist.segments) == WINDOW_SEGMENTS
    assert (playlist.media_sequence or 0) + WINDOW_SEGMENTS - 1 == newest
    last = playlist.segments[-1]
    assert last.program_date_time is not None
    assert last.duration is not None
    assert NOW - SEGMENT_SECONDS < last.program_date_time.timestamp() + last.duration <= NOW
    data = b"".join((stream.folder / str(segment.uri)).read_bytes() for segment in playlist.segments)
    read = stream_checker.read(data)
    assert read.lost == []
    assert len(read.pictures) == WINDOW_SEGMENTS * SEGMENT_SECONDS * 25


def test_the_window_slides_and_old_segments_go(streams: list[packager.Stream]) -> None:
    stream = streams[1]
    newest = packager.fill([stream], NOW)
    for sequence in range(newest + 1, newest + 11):
        stream.write(sequence)
        stream.publish(sequence)
    playlist = m3u8.load(str(stream.folder / "index.m3u8"))
    assert playlist.media_sequence == newest + 11 - WINDOW_SEGMENTS
    first = datetime.fromtimestamp(playlist.media_sequence * SEGMENT_SECONDS, UTC)
    assert playlist.segments[0].program_date_time == first
    kept = sorted(int(path.stem) for path in stream.folder.glob("*.ts"))
    assert kept == list(range(newest + 1, newest + 11)), "what has just left the window is still there"
    assert not list(stream.folder.glob("*.new"))


def test_streams_are_not_written_in_step(streams: list[packager.Stream]) -> None:
    moments = [moment for moment, _ in packager.due(streams, 100)]
    assert moments[0] == 101 * SEGMENT_SECONDS
    assert moments == sorted(set(moments))
    assert moments[-1] < moments[0] + 1
