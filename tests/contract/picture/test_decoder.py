"""The decoding process: what it refuses, and that its end harms nobody else."""

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from agent.sources.media import Media, Piece
from agent.sources.picture.decoder import Decoder, DecoderError
from agent.sources.picture.examine import Examiner
from agent.sources.picture.message import Limits, Task
from agent.sources.picture.settings import PictureDecoder, PictureSettings
from agent.sources.picture.source import PictureSource
from agent.sources.picture.state import Expected, Moments
from tests.support.channels import Format, Part, Tone, encode, film, programme, silence

LIMITS = Limits(memory=1 << 30, most_pixels=640 * 360, thumbnails=True)
CHANNEL = Part(2.0, film(), programme())


def task(data: bytes, container: str = "mpegts") -> Task:
    return Task("stream first", "v", container, data, 1000.0, follows=False)


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(LIMITS, patience=60.0)
    yield decoder
    decoder.close()


def test_a_piece_gives_picture_sound_formats_and_a_thumbnail(decoder: Decoder) -> None:
    found = decoder.examine(task(encode(CHANNEL)))
    assert found.outcome == "examined"
    assert found.kinds == ["video", "audio"]
    assert [look.black for look in found.looks] == [False]
    assert found.picture is not None
    assert (found.picture.codec, found.picture.resolution) == ("h264", "320x180p")
    assert (found.picture.aspect, found.picture.frame_rate) == ("16:9", "5")
    assert found.sound_format is not None
    assert (found.sound_format.sample_rate, found.sound_format.channels) == ("48000", "stereo")
    with av.open(io.BytesIO(found.thumbnail), "r", format="jpeg_pipe") as image:
        assert [(frame.width, frame.height) for frame in image.decode(video=0)] == [(320, 180)]


@pytest.mark.parametrize("container", ["mp4", "mpegts"])
def test_fragments_of_mp4_are_read_as_well(decoder: Decoder, container: str) -> None:
    found = decoder.examine(task(mp4(encode(CHANNEL)) if container == "mp4" else encode(CHANNEL), container))
    assert (found.outcome, len(found.looks)) == ("examined", 1)


def packed(tone: Tone, codec: str, form: str) -> bytes:
    """Return three seconds of packed audio (RFC 8216, 3.4), in which nothing says when it plays."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(stream, AudioStream)
        times = np.arange(3 * 48_000) / 48_000
        for begin in range(0, len(times), 1152):
            samples = tone(times[begin : begin + 1152]).astype(np.float32)[np.newaxis]
            frame = AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, begin, Fraction(1, 48_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return b"ID3\x04\0\0\0\0\0\x08" + bytes(8) + buffer.getvalue()


@pytest.mark.parametrize(
    ("codec", "form", "container"),
    [("aac", "adts", "aac"), ("libmp3lame", "mp3", "mp3"), ("ac3", "ac3", "ac3"), ("eac3", "eac3", "eac3")],
)
def test_packed_audio_plays_up_to_the_moment_it_came(codec: str, form: str, container: str) -> None:
    """Streamlink's issue 4721 names the four; a silence has to add up from piece to piece."""
    moments, examiner = Moments(), Examiner(LIMITS)
    for piece, tone in enumerate([programme(), silence, silence]):
        arrived = 1000.0 + 3 * piece
        found = examiner.examine(Task("k", "v", container, packed(tone, codec, form), arrived, follows=False))
        assert found.kinds == ["audio"]
        assert found.sound is not None
        assert found.sound.begin == pytest.approx(arrived - 3, abs=0.1)
        assert found.sound.end == pytest.approx(arrived)
        moments.listen(found.sound.begin, found.sound.end, found.sound.heard, Expected(False, False, False, False))
    assert moments.heard == pytest.approx(1000.0, abs=0.1)
    assert moments.listened == pytest.approx(1006.0)


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded(decoder: Decoder) -> None:
    large = Part(1.0, film(), None, Format(width=1280, height=720))
    found = decoder.examine(task(encode(large)))
    assert (found.outcome, found.reason, found.looks) == ("refused", "size", [])
    assert decoder.examine(task(encode(CHANNEL))).outcome == "examined"


def test_a_bomb_is_refused() -> None:
    """Some kilobytes that would be a picture of 36 million pixels."""
    data = bomb(8192, 4352)
    assert len(data) < 300_000
    found = Examiner(LIMITS).examine(task(data))
    assert (found.outcome, found.looks) == ("refused", [])


@pytest.mark.parametrize("container", ["mpegts", "mp4", "aac"])
@pytest.mark.parametrize("data", [b"", b"#EXTM3U\nfile:///etc/passwd\n", b"G" * 3760, bytes(range(256)) * 100])
def test_what_is_no_media_is_broken_or_empty(container: str, data: bytes) -> None:
    found = Examiner(LIMITS).examine(task(data, container))
    assert (found.looks, found.sound) == ([], None)


def test_no_format_is_guessed() -> None:
    assert Examiner(LIMITS).examine(task(b"#EXTM3U\nfile:///etc/passwd\n", "hls")).outcome == "refused"


def test_a_process_that_does_not_answer_is_ended(decoder: Decoder) -> None:
    decoder.examine(task(encode(CHANNEL)))
    process = decoder._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    decoder._patience = 0.5
    with pytest.raises(DecoderError, match="status -9"):
        decoder.examine(task(encode(CHANNEL)))
    decoder._patience = 60.0
    assert decoder.examine(task(encode(CHANNEL))).outcome == "examined"


def test_the_end_of_a_process_harms_no_other_channel() -> None:
    media = Media()
    source = PictureSource([PictureSettings("*")], PictureDecoder(), media)
    source.start()
    try:
        data = encode(CHANNEL)
        media.give(piece("bad", data))
        wait(lambda: figure(source, "bad", "examined") == 1)
        process = source._lanes[0].decoder._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        media.give(piece("bad", data))
        media.give(piece("good", data))
        os.kill(process.pid, signal.SIGKILL)
        wait(lambda: figure(source, "good", "examined") == 1)
        assert figure(source, "bad", "fatal") == 1
        media.give(piece("bad", data))  # is left alone for a minute
        assert figure(source, "bad", "dropped") == 1
        found = source.page("/pictures/stream/good")
        assert found is not None
        assert found.body.startswith(b"\xff\xd8")
    finally:
        source.stop()


def piece(channel: str, data: bytes) -> Piece:
    return Piece(channel, "stream", "v", "mpegts", data, time.time(), follows=False)


def figure(source: PictureSource, channel: str, outcome: str) -> float | None:
    for sample in source.samples():
        if sample.metric.name == "ott_picture_pieces_total" and sample.labels == (channel, "stream", outcome):
            assert isinstance(sample.value, float | int)
            return sample.value
    return None


def wait(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)


def mp4(data: bytes) -> bytes:
    """Return a transport stream's picture as fragments of MP4."""
    output = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with (
        av.open(io.BytesIO(data), "r", format="mpegts") as source,
        av.open(output, "w", format="mp4", options=options) as target,
    ):
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return output.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return one picture of a single colour, which costs nothing to send."""
    output = io.BytesIO()
    with av.open(output, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=1)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast"}
        stream.codec_context.thread_count = 1
        frame = VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), format="yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return output.getvalue()
