"""The bytes of a log file, plain or compressed, and how the contents of two files are compared."""

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol, cast

from agent.sources.edge_log.input.chunk import CHUNK_SIZE
from agent.sources.edge_log.input.position import (
    HEAD,
    LINES_OF_PROOF,
    LONGEST_HEADER,
    TAIL,
    Position,
    data_lines,
    fingerprint,
)

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")
# What the standard library unpacks, by the marks that the files begin with.
_DECOMPRESS: dict[bytes, Callable[[BinaryIO], object]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_UNSUPPORTED = {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4", b"PK\x03\x04": "zip"}
LONGEST_MARK = 6
DAMAGED = (EOFError, zlib.error, lzma.LZMAError)
"""What unpacking raises, beside OSError, where a file is cut short or damaged."""
# How much of a rewritten file is searched for the place reached.
_MOST_SEARCHED = 1 << 30
_LONGEST_LINE = 1 << 20


class Readable(Protocol):
    """What positions are compared with."""

    def pread(self, count: int, offset: int) -> bytes:
        """Return up to `count` bytes from `offset`; empty at the end."""


def decompressed(file: BinaryIO, mark: bytes) -> BinaryIO:
    """Return the stream of a compressed file's content, by its first bytes; the file itself where it is plain."""
    for begin, decompress in _DECOMPRESS.items():
        if mark.startswith(begin):
            return cast("BinaryIO", decompress(file))
    for begin, name in _UNSUPPORTED.items():
        if mark.startswith(begin):
            raise OSError(f"is compressed with {name}, which cannot be read here; unpack it: {name}cat LOG")
    return file


class CompressedFile:
    """A compressed file, read forward."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115, PTH123 - closed by close()
        try:
            self.status = os.fstat(self._file.fileno())
            self._stream = decompressed(self._file, os.pread(self._file.fileno(), LONGEST_MARK, 0))
        except BaseException:
            self._file.close()
            raise

    def pread(self, count: int, offset: int) -> bytes:
        """Return bytes of the content; going back begins at the start again."""
        try:
            self._stream.seek(offset)
            data = self._stream.read(count)
        except DAMAGED as error:
            cut = isinstance(error, EOFError)
            raise OSError("is damaged: it ends too early" if cut else "is damaged: it cannot be unpacked") from error
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class PlainFile:
    """A plain file opened for a look."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.status = os.fstat(self.descriptor)

    def pread(self, count: int, offset: int) -> bytes:
        """Return bytes of the file."""
        return os.pread(self.descriptor, count, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def path_has_tail(path: str, offset: int, tail: bytes) -> bool:
    """Return whether a file has some bytes before a place."""
    try:
        file = CompressedFile(path) if path.endswith(COMPRESSED) else PlainFile(path)
    except OSError:
        return False
    try:
        return tail_of(file, offset) == tail
    except OSError:
        return False
    finally:
        file.close()


def beginning(file: Readable) -> bytes:
    """Return a file's first bytes, through the first lines behind a header."""
    data = file.pread(4 * HEAD, 0)
    if data[:1] == b"#" and len(data_lines(data)) < LINES_OF_PROOF:
        data = file.pread(LONGEST_HEADER, 0)
    return data


def first_line(file: Readable) -> str:
    """Return the fingerprint of the first line of data; "" while there is none."""
    lines = data_lines(beginning(file), 1)
    return fingerprint(lines[0]) if lines else ""


def tail_of(file: Readable, offset: int) -> bytes:
    """Return the bytes before a place, as a position remembers them."""
    begin = max(0, offset - TAIL)
    return file.pread(offset - begin, begin)


def holds(file: Readable, position: Position) -> bool:
    """Return whether a file has what was read up to the position."""
    head = file.pread(position.fingerprint_length, 0)
    if len(head) < position.fingerprint_length or fingerprint(head) != position.fingerprint:
        return False
    tail = tail_of(file, position.offset)
    if not position.tail:  # stored by an older version
        return len(tail) == min(position.offset, TAIL)
    return fingerprint(tail) == position.tail


def is_copy(file: Readable, position: Position, least: int = LINES_OF_PROOF) -> bool:
    """Return whether a file of another identity is a copy of what was read: it has it all, and lines of data in it."""
    if not holds(file, position):
        return False
    return len(data_lines(beginning(file)[: position.offset], least)) >= least


def common(one: Readable, one_from: int, other: Readable, other_from: int, most: int) -> int:
    """Return how many bytes two files have in common from two places on, at most `most`."""
    equal = 0
    while equal < most:
        count = min(CHUNK_SIZE, most - equal)
        first, second = one.pread(count, one_from + equal), other.pread(count, other_from + equal)
        if first != second:
            return equal + _common_prefix(first, second)
        if not first:
            return equal
        equal += len(first)
    return equal


def _common_prefix(first: bytes, second: bytes) -> int:
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[:middle] == second[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def found_behind(file: Readable, lines: bytes) -> int | None:
    """Return the place behind the last occurrence of some lines in a rewritten file; None where they are not in it."""
    found, offset, rest = None, 0, b""
    while offset < _MOST_SEARCHED and (data := file.pread(CHUNK_SIZE, offset)):
        text = rest + data
        at = text.rfind(lines)
        if at >= 0:
            found = offset - len(rest) + at + len(lines)
        offset += len(data)
        rest = text[-(len(lines) - 1) :] if len(lines) > 1 else b""
    return found


def found_behind_line(file: Readable, digest: str, length: int) -> int | None:
    """Return the place behind the last line of a length that has a fingerprint."""
    found, offset, rest = None, 0, b""
    while offset < _MOST_SEARCHED and (data := file.pread(CHUNK_SIZE, offset)):
        text = rest + data
        begin, end = 0, text.find(b"\n") + 1
        while end:
            if end - begin == length and fingerprint(text[begin:end]) == digest:
                found = offset - len(rest) + end
            begin, end = end, text.find(b"\n", end) + 1
        offset += len(data)
        rest = text[begin:][-_LONGEST_LINE:]
    return found


def has_data(lines: bytes) -> bool:
    """Return whether the last of some lines is no header."""
    last = last_line(lines)
    return last not in (b"", b"\n") and not last.startswith(b"#")


def last_line(lines: bytes) -> bytes:
    """Return the last line, with its newline."""
    return lines[lines.rfind(b"\n", 0, -1) + 1 :]


def line_start(file: Readable, end: int, begin: int = 0) -> int:
    """Return the start of the line that `end` lies in: a line under way is read from its beginning."""
    while end > begin:
        low = max(begin, end - CHUNK_SIZE)
        newline = file.pread(end - low, low).rfind(b"\n")
        if newline >= 0:
            return low + newline + 1
        end = low
    return begin
