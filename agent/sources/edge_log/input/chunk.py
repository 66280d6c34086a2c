"""Whole lines in chunks, each with where it comes from."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol

from agent.sources.edge_log.formats.batch import Parser, Reason

# A chunk that stays within the processor's cache is parsed a fifth faster than one of a mebibyte.
CHUNK_SIZE = 128 * 1024
# Bytes of a line that is too long that are handed out, to be shown.
SHOWN = 512


class Origin(Protocol):
    """Where chunks come from, with the parser that reads it and what that must remember.

    `read_to` is the time of the newest line that was counted; who counts it sets it. `follows` is that of the log
    before, where that is gone and what was read of it is not in this one.
    """

    parser: Parser | None
    state: str
    read_to: float
    follows: float

    @property
    def path(self) -> str:
        """The file, or the address of the socket."""


class Chunk(NamedTuple):
    """Whole lines of one file; or one line that is too long, or that the end of its file cut short."""

    origin: "Origin"
    data: bytes
    rejected: Reason | None = None


def split_long(data: bytes, max_line: int) -> list[bytes]:
    """Split whole lines so that each line longer than `max_line` stands alone; nearly always nothing is split."""
    half = max_line // 2
    # A line of more than two halves leaves one of the aligned halves without a newline.
    if all(data.find(b"\n", start, start + half) >= 0 for start in range(0, len(data) - half + 1, half)):
        return [data]
    chunks, begin, position = [], 0, 0
    while position < len(data):
        end = data.find(b"\n", position) + 1
        if end - position > max_line + 1:
            chunks += [data[begin:position], data[position:end]]
            begin = end
        position = end
    return [chunk for chunk in [*chunks, data[begin:]] if chunk]


def chunks(stream: BinaryIO, max_line: int, size: int) -> Iterator[tuple[bytes, Reason | None]]:
    """Yield whole lines as the follower does; apart the beginning of a line that is too long, or one cut short."""
    rest, skipping = b"", False
    while data := stream.read(size):
        if skipping:
            begin = data.find(b"\n") + 1
            skipping, data = not begin, data[begin:] if begin else b""
        data = rest + data
        end = data.rfind(b"\n") + 1
        for chunk in split_long(data[:end], max_line) if end else ():
            too_long = len(chunk) > max_line + 1 and chunk.find(b"\n") == len(chunk) - 1
            yield (chunk[:SHOWN], Reason.TOO_LONG) if too_long else (chunk, None)
        rest = data[end:]
        if len(rest) > max_line:
            shown, rest, skipping = rest[:SHOWN], b"", True
            yield shown, Reason.TOO_LONG
    if rest:
        yield rest, Reason.TRUNCATED
