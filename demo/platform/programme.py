"""Programmes of the head-end: H.264 and AAC in a transport stream of constant rate that plays round without a seam.

Every clock of a round is moved on by its length before it is sent again, and the counters of all PIDs go on.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from demo.platform.transport import CLOCK, NULL_PID, PACKET

SECONDS = 8  # 375 frames of AAC exactly
PACKETS_A_SECOND = 400
RATE = PACKETS_A_SECOND * PACKET * 8
ROUND = SECONDS * PACKETS_A_SECOND  # packets
PMT_PID = 0x1000  # FFmpeg's
_WIDTH, _HEIGHT, _FRAME_RATE, _GOP = 320, 180, 10, 2 * 10
_SAMPLE_RATE, _FRAME = 48_000, 1024
_WRAP = 1 << 33

Picture = NDArray[np.uint8]  # (height, width, 3)
Encoded = list[tuple[int, int, int, bytes, bool]]  # pts, dts, duration, data, key frame


@dataclass(frozen=True, slots=True)
class Programme:
    """One round of a channel."""

    packets: bytes

    def packet(self, number: int) -> bytearray:
        """Return a packet of the endless stream, its counter apart."""
        rounds, at = divmod(number, ROUND)
        packet = bytearray(self.packets[at * PACKET : (at + 1) * PACKET])
        move(packet, rounds * SECONDS * CLOCK)
        return packet


def pid_of(packet: bytes | bytearray) -> int:
    """Return the PID of a packet."""
    return (packet[1] & 0x1F) << 8 | packet[2]


def count_on(packet: bytearray, counters: dict[int, int]) -> None:
    """Give a packet the next counter of its PID."""
    pid = pid_of(packet)
    if pid == NULL_PID:
        return
    if packet[3] & 0x10:
        counters[pid] = (counters.get(pid, -1) + 1) & 0x0F
    packet[3] = packet[3] & 0xF0 | counters.get(pid, 0)


def move(packet: bytearray, ticks: int) -> None:
    """Move every clock of a packet on by `ticks` of 90 kHz."""
    payload = 4
    if packet[3] & 0x20:
        payload = 5 + packet[4]
        if packet[4] >= 7 and packet[5] & 0x10:
            field = int.from_bytes(packet[6:12], "big")
            base = ((field >> 15) + ticks) % _WRAP
            packet[6:12] = (base << 15 | field & 0x7FFF).to_bytes(6, "big")
    if not (packet[1] & 0x40 and packet[3] & 0x10) or packet[payload : payload + 3] != b"\0\0\1":
        return
    flags = packet[payload + 7] >> 6
    for index in range({2: 1, 3: 2}.get(flags, 0)):
        at = payload + 9 + 5 * index
        packet[at : at + 5] = _moved(bytes(packet[at : at + 5]), ticks)


def _moved(field: bytes, ticks: int) -> bytes:
    """Return a PTS or DTS (ISO/IEC 13818-1, 2.4.3.7) moved on."""
    value = int.from_bytes(field, "big")
    time = (value >> 3 & 0x7 << 30 | value >> 2 & 0x7FFF << 15 | value >> 1 & 0x7FFF) + ticks
    time %= _WRAP
    kept = value & 0xF1_0001_0001
    return (kept | (time & 0x7 << 30) << 3 | (time & 0x7FFF << 15) << 2 | (time & 0x7FFF) << 1).to_bytes(5, "big")


def programmes(number: int) -> dict[str, Programme]:
    """Return the programme of the `number`-th channel, as it is (empty key) and with each fault of picture or sound."""
    moving, sound = _pictures(_scene(number)), _sounds(number)
    still = _scene(number)(0)
    made = {
        "": (moving, sound),
        "black": (_pictures(lambda _: np.zeros_like(still)), sound),
        "frozen": (_pictures(lambda _: still), sound),
        "silent": (moving, _sounds(number, silent=True)),
    }
    return {fault: Programme(_steady(_multiplexed(*parts))) for fault, parts in made.items()}


def _steady(stream: bytes) -> bytes:
    """Return the second of three rounds: the first does not follow another, and none follows the last."""
    size = ROUND * PACKET
    second = bytearray(stream[size : 2 * size])
    for at in range(0, size, PACKET):
        packet = second[at : at + PACKET]
        move(packet, -SECONDS * CLOCK)
        second[at : at + PACKET] = packet
    return bytes(second)


def _multiplexed(pictures: Encoded, sounds: Encoded) -> bytes:
    """Return three rounds and a little more by FFmpeg's multiplexer."""
    output = io.BytesIO()
    options = {"muxrate": str(RATE), "pat_period": "0.1", "pcr_period": "20"}
    with av.open(output, "w", format="mpegts", options=options) as container:
        video = container.add_stream("libx264", rate=_FRAME_RATE)
        _describe(video)
        audio = container.add_stream("aac", rate=_SAMPLE_RATE, layout="stereo")
        container.start_encoding()
        streams = ((video, pictures, Fraction(1, _FRAME_RATE)), (audio, sounds, Fraction(1, _SAMPLE_RATE)))
        packets = [packet for stream, encoded, base in streams for packet in _rounds(stream, encoded, base)]
        container.mux(sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)))
    return output.getvalue()


def _rounds(stream: VideoStream | AudioStream, encoded: Encoded, base: Fraction) -> Iterator["Packet[Any]"]:
    length = int(SECONDS / base)
    for number in range(4):
        for pts, dts, duration, data, key in encoded:
            packet: Packet[Any] = Packet(data)
            packet.stream, packet.time_base = stream, base
            packet.pts, packet.dts, packet.duration = pts + number * length, dts + number * length, duration
            packet.is_keyframe = key
            yield packet


def _describe(stream: VideoStream) -> None:
    stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    stream.bit_rate, stream.gop_size = 280_000, _GOP
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {
        "preset": "ultrafast",
        "x264-params": "scenecut=0:bframes=0:vbv-maxrate=280:vbv-bufsize=140:repeat-headers=1:annexb=1",
    }


def _pictures(scene: Callable[[float], Picture]) -> Encoded:
    with av.open(io.BytesIO(), "w", format="null") as container:
        stream = container.add_stream("libx264", rate=_FRAME_RATE)
        _describe(stream)
        found: list[Packet[Any]] = []
        for number in range(SECONDS * _FRAME_RATE):
            frame = VideoFrame.from_ndarray(scene(number / _FRAME_RATE), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, _FRAME_RATE)
            found += stream.encode(frame)
        found += stream.encode(None)
    return [(packet.pts or 0, packet.dts or 0, 1, bytes(packet), packet.is_keyframe) for packet in found]


def _sounds(number: int, *, silent: bool = False) -> Encoded:
    with av.open(io.BytesIO(), "w", format="adts") as container:
        stream = container.add_stream("aac", rate=_SAMPLE_RATE, layout="stereo")
        stream.bit_rate = 64_000
        found: list[Packet[Any]] = []
        for begin in range(0, SECONDS * _SAMPLE_RATE, _FRAME):
            samples = _tone((begin + np.arange(_FRAME)) / _SAMPLE_RATE, number) * (not silent)
            both = np.stack([samples, samples]).astype(np.float32)
            frame = AudioFrame.from_ndarray(both, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = _SAMPLE_RATE, begin, Fraction(1, _SAMPLE_RATE)
            found += stream.encode(frame)
        found += stream.encode(None)
    frames: Sequence[bytes] = [bytes(packet) for packet in found][-SECONDS * _SAMPLE_RATE // _FRAME :]
    return [(index * _FRAME, index * _FRAME, _FRAME, data, True) for index, data in enumerate(frames)]


def _tone(t: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return a swelling chord near the broadcasters' -23 LUFS (EBU R 128)."""
    swell = 0.7 + 0.3 * np.sin(2 * np.pi * 0.5 * t)
    pitch = 220 * (1 + number)
    chord: NDArray[np.float64] = 0.075 * swell * (np.sin(2 * np.pi * pitch * t) + 0.6 * np.sin(3 * np.pi * pitch * t))
    return chord


def _scene(number: int) -> Callable[[float], Picture]:
    """Return a picture in which waves of the channel's colour move."""
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:_HEIGHT:2, 0:_WIDTH:2] / _HEIGHT)
    colour = np.roll(np.array([1.0, 0.65, 0.3], np.float32), number)

    def scene(t: float) -> Picture:
        turn = np.float32(2 * np.pi * t / SECONDS)
        waves = np.sin(5 * x + turn) * np.cos(4 * y - 2 * turn) + 0.5 * np.sin(9 * (x + y) + 3 * turn)
        small = np.clip((130 + 60 * waves)[..., None] * colour, 0, 255).astype(np.uint8)
        picture: Picture = small.repeat(2, axis=0).repeat(2, axis=1)
        return picture

    return scene
