"""What the agent and a decoding process send each other: MessagePack behind four bytes of length."""

from typing import IO, Literal, TypeVar

import msgspec

Outcome = Literal["examined", "refused", "broken"]

# Of one message either way: a piece has at most 24 MiB, its answer one small JPEG.
LARGEST = 32 << 20
_HEAD = 4

_T = TypeVar("_T")


class Limits(msgspec.Struct, frozen=True):
    """What a process is told first."""

    memory: int  # bytes of address space
    most_pixels: int
    thumbnails: bool


class Task(msgspec.Struct, frozen=True):
    """A piece to look into."""

    key: str  # of the channel and its delivery: the process keeps a state for each
    rendition: str
    container: str
    data: bytes
    arrived: float
    follows: bool


class Look(msgspec.Struct, frozen=True):
    """One key frame."""

    moment: float  # Unix time
    black: bool
    changed: bool | None  # against the key frame before; None without one
    luminance: float  # mean, 0 to 1


class PictureFormat(msgspec.Struct, frozen=True):
    """The format of a picture; a text is empty where the stream does not say."""

    codec: str
    resolution: str
    aspect: str  # of the display, such as "16:9"
    frame_rate: str


class SoundFormat(msgspec.Struct, frozen=True):
    """The format of sound."""

    codec: str
    sample_rate: str
    channels: str


class Sound(msgspec.Struct, frozen=True):
    """The sound of one piece."""

    begin: float  # Unix times of what was decoded
    end: float
    heard: float | None  # when a sample was last above the level of silence
    momentary: float | None = None  # LUFS
    short_term: float | None = None


class Findings(msgspec.Struct, frozen=True):
    """What one piece showed."""

    outcome: Outcome
    reason: str = ""  # why it was refused or broken
    looks: list[Look] = []
    picture: PictureFormat | None = None
    sound: Sound | None = None
    sound_format: SoundFormat | None = None
    thumbnail: bytes = b""  # JPEG of the last key frame
    kinds: list[str] = []  # "video" and "audio", of which packets came


def write(stream: IO[bytes], message: msgspec.Struct) -> None:
    """Send a message; raise OSError."""
    body = msgspec.msgpack.encode(message)
    stream.write(len(body).to_bytes(_HEAD, "big"))
    stream.write(body)
    stream.flush()


def read(stream: IO[bytes], kind: type[_T]) -> _T:
    """Return the next message; raise EOFError at the end, ValueError for what is no such message."""
    size = int.from_bytes(_exactly(stream, _HEAD), "big")
    if size > LARGEST:
        raise ValueError(f"a message of {size} bytes")
    return msgspec.msgpack.decode(_exactly(stream, size), type=kind)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the other side has ended")
    return data
