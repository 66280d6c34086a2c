"""Looks into pieces of media: decodes key frames and sound. Runs in a process of its own (`worker`).

FFmpeg is told the format, never left to guess it: among the formats that it would try are playlists, which name files.
While it finds the streams it may decode nothing; what is decoded afterwards has a limit of pixels.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from agent.sources.picture import grey
from agent.sources.picture.message import (
    Findings,
    Limits,
    Look,
    Outcome,
    PictureFormat,
    Sound,
    SoundFormat,
    Task,
)
from agent.sources.picture.sound import Loudness, last_heard
from agent.sources.picture.thumbnail import jpeg

if TYPE_CHECKING:
    from av.packet import Packet

AnyPacket: TypeAlias = "Packet[Any]"  # generic for the type checker alone

FORMATS = frozenset({"mpegts", "mp4", "aac", "mp3", "ac3", "eac3"})  # containers by the names of FFmpeg
_MOST_KEYS = 12  # key frames of a piece that are decoded
_APART = 1.0  # seconds between them, at least: some encoders make every frame a key frame
_PLAUSIBLE = 120.0  # seconds that a piece may be long; beyond, its times are not believed


_MOST_CHANNELS = 8  # of sound


@dataclass(slots=True)
class _Way:
    """What is kept of a channel from piece to piece."""

    rendition: str = ""
    last: grey.Grey | None = None  # the last key frame
    sound: AudioCodecContext | None = None
    sound_name: str = ""
    loudness: Loudness | None = None
    sound_format: SoundFormat | None = None


@dataclass(slots=True)
class _Piece:
    """The packets of a piece, and when each plays; `timed` is False where none of them says so, as in packed audio."""

    pictures: list[AnyPacket] = field(default_factory=list)
    sounds: list[AnyPacket] = field(default_factory=list)
    begin: float = 0.0
    end: float = 0.0
    arrived: float = 0.0
    timed: bool = False

    def moment(self, packet: AnyPacket) -> float:
        """Return the Unix time at which the packet's content plays, taking the piece's end for its arrival."""
        at = _time(packet)
        if at is None or not 0 <= self.end - at <= _PLAUSIBLE:
            return self.arrived
        return self.arrived - (self.end - at)


class Examiner:
    """Looks into pieces; keeps what a channel's next piece is compared with."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ways: dict[str, _Way] = {}

    def examine(self, task: Task) -> Findings:
        """Return what a piece shows."""
        way = self._ways.setdefault(task.key, _Way())
        if not task.follows:
            way.sound = way.loudness = None
        if task.container not in FORMATS:
            return Findings("refused", "container")
        try:
            piece = _demultiplexed(task)
        except (av.error.FFmpegError, ValueError):
            return Findings("broken", "not readable")
        if piece.pictures and task.rendition != way.rendition:
            way.last, way.rendition = None, task.rendition
        video = self._pictures(piece, way)
        sound, sound_format = self._sounds(piece, way)
        kinds = [kind for kind, packets in (("video", piece.pictures), ("audio", piece.sounds)) if packets]
        return Findings(
            video.outcome,
            video.reason,
            video.looks,
            video.format,
            sound,
            sound_format,
            video.thumbnail,
            kinds,
        )

    def _pictures(self, piece: _Piece, way: _Way) -> "_Video":
        """Decode the key frames, each by itself."""
        result = _Video()
        keys = [packet for packet in piece.pictures if packet.is_keyframe]
        previous: float | None = None
        for packet in keys:
            at = _time(packet)
            if len(result.looks) == _MOST_KEYS:
                break
            if previous is not None and at is not None and 0 <= at - previous < _APART:
                continue
            previous = at
            context = _decoder(packet, self._limits.most_pixels)
            if context is None:
                result.outcome, result.reason = "refused", "size"
                continue
            frame = _key_frame(context, packet)
            if frame is None:
                result.outcome, result.reason = "broken", "picture"
                continue
            self._look(frame, piece.moment(packet), way, result)
            result.format = _format(context, frame)
        if piece.pictures and not keys:
            result.reason = "no_key_frame"
        return result

    def _look(self, frame: VideoFrame, moment: float, way: _Way, result: "_Video") -> None:
        small = frame.reformat(
            width=grey.WIDTH, height=grey.HEIGHT, format="yuv420p", interpolation="AREA", dst_color_range="MPEG"
        )
        picture = np.asarray(small.to_ndarray()[: grey.HEIGHT], np.uint8)
        shade = grey.shade(picture)
        changed = None if way.last is None else grey.changed(picture, way.last)
        # The last picture that counted as another one is kept, so that what changes slowly adds up.
        if changed is not False:
            way.last = picture
        result.looks.append(Look(moment, shade.black, changed, shade.luminance))
        if self._limits.thumbnails:
            result.thumbnail = jpeg(frame)

    def _sounds(self, piece: _Piece, way: _Way) -> tuple[Sound | None, SoundFormat | None]:
        begin = end = heard = None
        moment = 0.0
        for packet in piece.sounds:
            name = packet.stream.codec_context.name
            if way.sound is None or way.sound_name != name:
                way.sound, way.sound_name, way.loudness = _sound_decoder(packet), name, None
            moment = piece.moment(packet) if piece.timed else moment
            for frame in _decoded(way.sound, packet):
                found = SoundFormat(way.sound_name, str(frame.sample_rate), frame.layout.name)
                if way.loudness is None or found != way.sound_format:
                    way.loudness, way.sound_format = Loudness(frame), found
                way.loudness.take(frame)
                begin = moment if begin is None else begin
                last = last_heard(frame)
                heard = moment + last if last is not None else heard
                moment += frame.samples / frame.sample_rate
                end = moment
        if begin is None or end is None or way.loudness is None:
            return None, None
        if not piece.timed:  # one frame after the other, up to the piece's end
            late = piece.arrived - end
            begin, end, heard = begin + late, end + late, None if heard is None else heard + late
        return Sound(begin, end, heard, way.loudness.momentary, way.loudness.short_term), way.sound_format


@dataclass(slots=True)
class _Video:
    outcome: Outcome = "examined"
    reason: str = ""
    looks: list[Look] = field(default_factory=list)
    format: PictureFormat | None = None
    thumbnail: bytes = b""


def _demultiplexed(task: Task) -> _Piece:
    """Return the packets of the first picture and the first sound of which any came."""
    piece = _Piece(arrived=task.arrived)
    chosen: dict[str, int] = {}
    times = []
    options = {"codec_whitelist": "none"}
    with av.open(io.BytesIO(task.data), "r", format=task.container, options=options) as media:
        for packet in _packets(media.demux()):
            kind = packet.stream.type
            if kind not in ("video", "audio") or not packet.size:
                continue
            if chosen.setdefault(kind, packet.stream.index) != packet.stream.index:
                continue
            (piece.pictures if kind == "video" else piece.sounds).append(packet)
            at = _time(packet)
            if at is not None:
                times.append((at, at + _length(packet)))
    if times:
        piece.timed = True
        piece.begin, piece.end = min(begin for begin, _ in times), max(end for _, end in times)
    return piece


def _packets(packets: Iterable[AnyPacket]) -> Iterable[AnyPacket]:
    """Yield packets up to the first that cannot be read: a piece may end in the middle.

    PyAV raises IndexError where damage makes a stream appear after the first packets.
    """
    try:
        yield from packets
    except (av.error.FFmpegError, IndexError):
        return


def _time(packet: AnyPacket) -> float | None:
    """Return when the packet's content plays, in seconds of the stream."""
    if packet.pts is None or packet.time_base is None:
        return None
    return float(packet.pts * packet.time_base)


def _length(packet: AnyPacket) -> float:
    return float(packet.duration * packet.time_base) if packet.duration and packet.time_base is not None else 0.0


def _decoder(packet: AnyPacket, most_pixels: int) -> VideoCodecContext | None:
    """Return a decoder for a packet's stream; None where its pictures are larger than allowed."""
    declared = packet.stream.codec_context
    if (declared.width or 0) * (declared.height or 0) > most_pixels:
        return None
    context = av.CodecContext.create(declared.name, "r")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(f"{declared.name} is no codec of pictures")
    context.extradata = declared.extradata
    context.thread_count = 1
    context.options = {"max_pixels": str(most_pixels)}
    return context


def _key_frame(context: VideoCodecContext, packet: AnyPacket) -> VideoFrame | None:
    """Return the picture of a key frame; None where it cannot be decoded."""
    try:
        frames = [*context.decode(packet), *context.decode(None)]
    except (av.error.FFmpegError, ValueError):
        return None
    return frames[0] if frames else None


def _sound_decoder(packet: AnyPacket) -> AudioCodecContext:
    declared = packet.stream.codec_context
    context = av.CodecContext.create(declared.name, "r")
    if not isinstance(context, AudioCodecContext):
        raise TypeError(f"{declared.name} is no codec of sound")
    context.extradata = declared.extradata
    context.thread_count = 1
    return context


def _decoded(context: AudioCodecContext | None, packet: AnyPacket) -> list[AudioFrame]:
    if context is None:
        return []
    try:
        # Of more channels PyAV does not know where their samples end, and reads beyond them.
        return [frame for frame in context.decode(packet) if len(frame.layout.channels) <= _MOST_CHANNELS]
    except (av.error.FFmpegError, ValueError):
        return []  # a damaged frame; the next may be sound


def _format(context: VideoCodecContext, frame: VideoFrame) -> PictureFormat:
    aspect = context.display_aspect_ratio
    rate = context.framerate
    return PictureFormat(
        context.name,
        f"{frame.width}x{frame.height}{'i' if frame.interlaced_frame else 'p'}",
        f"{aspect.numerator}:{aspect.denominator}" if aspect else "",
        f"{float(rate):g}" if rate else "",
    )
