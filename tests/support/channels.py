"""Channels made for tests: scenes and sounds over time, encoded as H.264 and MPEG audio in a transport stream."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.packet import Packet

Picture = NDArray[np.float64]  # (height, width) brightness, 16 to 235
Scene = Callable[[float], Picture]  # seconds -> picture
Tone = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # seconds (n,) -> samples (n,), -1 to 1

WIDTH, HEIGHT = 320, 180
SAMPLE_RATE = 48_000
_SAMPLES = 1024


@dataclass(frozen=True)
class Format:
    """How a channel is encoded."""

    width: int = WIDTH
    height: int = HEIGHT
    frame_rate: int = 5
    gop: float = 2.0  # seconds
    bit_rate: int = 600_000
    codec: str = "libx264"
    sound: str = "mp2"
    sample_rate: int = SAMPLE_RATE
    aspect: Fraction = Fraction(1, 1)  # of a pixel
    scan: str = ""  # what x264 is told of fields


@dataclass(frozen=True)
class Part:
    """Some seconds of a channel; without a scene it has no picture, without a tone no sound."""

    seconds: float
    scene: Scene | None
    tone: Tone | None
    format: Format = Format()


def encode(part: Part, begin: float = 0.0, rate: int = 0) -> bytes:
    """Return a part as a transport stream whose times begin at `begin`; `rate` in bit/s for a constant one."""
    output = io.BytesIO()
    options = {"pat_period": "0.1", "output_ts_offset": str(begin)}
    if rate:
        options["muxrate"] = str(rate)
    with av.open(output, "w", format="mpegts", options=options) as container:
        video = _video(container, part) if part.scene is not None else None
        audio = _audio(container, part) if part.tone is not None else None
        packets = sorted(
            chain(_pictures(part, video) if video else (), _sounds(part, audio) if audio else ()),
            key=lambda packet: float((packet.dts or 0) * packet.time_base),
        )
        container.mux(packets)
    return output.getvalue()


def _video(container: av.container.OutputContainer, part: Part) -> VideoStream:
    form = part.format
    stream = container.add_stream(form.codec, rate=form.frame_rate)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
    stream.bit_rate = form.bit_rate
    stream.gop_size = round(form.gop * form.frame_rate)
    context = stream.codec_context
    context.sample_aspect_ratio = form.aspect
    context.thread_count = 1
    if form.codec == "libx264":
        vbv = f"vbv-maxrate={form.bit_rate // 1000}:vbv-bufsize={form.bit_rate // 1000}"
        context.options = {"preset": "ultrafast", "x264-params": f"scenecut=0:{vbv}:{form.scan}".rstrip(":")}
    if form.codec == "libx265":
        context.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
    return stream


def _audio(container: av.container.OutputContainer, part: Part) -> AudioStream:
    stream = container.add_stream(part.format.sound, rate=part.format.sample_rate, layout="stereo")
    assert isinstance(stream, AudioStream)
    stream.bit_rate = 128_000
    return stream


def _pictures(part: Part, stream: VideoStream) -> Iterator["Packet[Any]"]:
    assert part.scene is not None
    form = part.format
    for number in range(round(part.seconds * form.frame_rate)):
        picture = np.clip(part.scene(number / form.frame_rate), 16, 235).astype(np.uint8)
        if picture.shape != (form.height, form.width):
            rows = np.arange(form.height) * picture.shape[0] // form.height
            columns = np.arange(form.width) * picture.shape[1] // form.width
            picture = picture[rows][:, columns]
        grey = np.full((form.height // 2, form.width), 128, np.uint8)
        frame = VideoFrame.from_ndarray(np.concatenate([picture, grey]), format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, form.frame_rate)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _sounds(part: Part, stream: AudioStream) -> Iterator["Packet[Any]"]:
    assert part.tone is not None
    rate = part.format.sample_rate
    for begin in range(0, round(part.seconds * rate) - _SAMPLES + 1, _SAMPLES):
        samples = part.tone((begin + np.arange(_SAMPLES)) / rate).astype(np.float32)
        frame = AudioFrame.from_ndarray(np.stack([samples, samples]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        yield from stream.encode(frame)
    yield from stream.encode(None)


# Scenes. Each has the noise of a camera where a real one would have it.


def _grid() -> tuple[Picture, Picture]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    return x / WIDTH, y / HEIGHT


_NOISE = np.random.default_rng(7).normal(0, 1, (16, HEIGHT, WIDTH))


def _noise(seed: float, strength: float) -> Picture:
    picture: Picture = strength * _NOISE[int(seed * 1000) // 7 % len(_NOISE)]
    return picture


def film(seed: int = 0) -> Scene:
    """Return a scene in which much moves."""
    x, y = _grid()

    def scene(t: float) -> Picture:
        waves = np.sin(9 * x + 2.1 * t + seed) * np.cos(7 * y - 1.3 * t) + np.sin(23 * (x + y) + 3 * t + seed)
        picture: Picture = 120 + 45 * waves + _noise(t + seed, 2.0)
        return picture

    return scene


def interview(seed: int = 0) -> Scene:
    """Return a scene in which a person sits still and only the mouth moves, by some pixels."""
    x, y = _grid()
    room = 70 + 40 * x + 20 * np.sin(12 * x + seed)
    head = ((x - 0.5) / 0.10) ** 2 + ((y - 0.42) / 0.22) ** 2 < 1
    room[head] = 150

    def scene(t: float) -> Picture:
        picture: Picture = room.copy()
        open_ = 0.012 + 0.018 * abs(np.sin(2.3 * t + seed))
        mouth = ((x - 0.5) / 0.035) ** 2 + ((y - 0.53) / open_) ** 2 < 1
        picture[mouth] = 60
        nod = 0.006 * np.sin(0.7 * t + seed)
        eyes = (abs(abs(x - 0.5) - 0.04) < 0.012) & (abs(y - 0.38 - nod) < 0.012)
        picture[eyes] = 40
        picture += _noise(t + seed, 1.2)
        return picture

    return scene


def dark(seed: int = 0) -> Scene:
    """Return a scene at night: nearly everything is as dark as what counts as black."""
    x, y = _grid()

    def scene(t: float) -> Picture:
        shapes: Picture = 23 + 7 * np.sin(5 * x + 0.4 * t + seed) * np.sin(4 * y)
        lamp = 60 * np.exp(-(((x - 0.3 - 0.02 * t) % 1 - 0.5) ** 2 + (y - 0.4) ** 2) / 0.002)
        shapes += lamp + _noise(t + seed, 1.0)
        return shapes

    return scene


def black(level: float = 16.0, noise: float = 0.0, *, logo: bool = False) -> Scene:
    """Return nothing, with the noise of an analogue line or the station's logo where asked for."""
    x, y = _grid()
    mark = (abs(x - 0.92) < 0.03) & (abs(y - 0.1) < 0.05)

    def scene(t: float) -> Picture:
        picture = np.full((HEIGHT, WIDTH), level) + (_noise(t, noise) if noise else 0.0)
        if logo:
            picture[mark] = 180
        return picture

    return scene


def card(seed: int = 0) -> Scene:
    """Return a test card."""
    x, y = _grid()
    bars = 40 + 24 * np.floor(8 * x) + 10 * (np.floor(12 * y + seed) % 2)
    return lambda _: bars


def frozen(scene: Scene, at: float = 1.0) -> Scene:
    """Return one moment of a scene, again and again."""
    still = scene(at)
    return lambda _: still


# Sounds.


def programme(level: float = -23.0, seed: int = 0) -> Tone:
    """Return something like speech, at some `level` in dBFS."""
    amplitude = 10 ** (level / 20) * 2.4

    def tone(t: NDArray[np.float64]) -> NDArray[np.float64]:
        swell = 0.65 + 0.35 * np.sin(2 * np.pi * 1.7 * t + seed)
        return amplitude * swell * (np.sin(2 * np.pi * 410 * t) + 0.4 * np.sin(2 * np.pi * 1130 * t + seed)) / 1.4

    return tone


def quiet(level: float = -52.0) -> Tone:
    """Return a passage that is hardly heard."""
    return programme(level)


def silence(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return nothing."""
    return np.zeros_like(t)


def hiss(level: float = -75.0) -> Tone:
    """Return the noise of a line without a signal."""
    return lambda t: np.random.default_rng(int(t[0] * 1000) + 3).normal(0, 10 ** (level / 20), len(t))


def with_format(part: Part, **changes: object) -> Part:
    """Return a part that is encoded otherwise."""
    return replace(part, format=replace(part.format, **changes))  # type: ignore[arg-type]
