"""One open log file: how far it was read, and whether it is still the file that was read.

Every position is the start of a line that was not handed out yet, so a position alone says what has been counted.
A file is known by device, inode and a fingerprint of its first bytes: a rename keeps all three, a copy keeps the
fingerprint, and an inode that the file system gave to another file does not.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from agent.sources.edge_log.batch import Parser, Reason
from agent.sources.edge_log.piece import PIECE, Piece, split_long

FINGERPRINT = 1024


@dataclass(slots=True)
class Position:
    """How far a file was read: what a checkpoint holds of it."""

    path: str
    device: int
    inode: int
    offset: int
    fingerprint: str  # of the first `fingerprint_length` bytes
    fingerprint_length: int
    skipping: bool = False  # within a line that is too long
    state: str = ""  # the parser's


class LogFile:
    """One open file."""

    def __init__(self, descriptor: int, position: Position, now: float) -> None:
        self._descriptor = descriptor
        self.position = position
        self.parser: Parser | None = None
        self.current = True  # its path still leads to it
        self.read_to = float("-inf")
        self.quiet_since = now

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.position.device, self.position.inode

    @property
    def state(self) -> str:
        """What the parser must remember."""
        return self.position.state

    @state.setter
    def state(self, state: str) -> None:
        self.position.state = state

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def size(self) -> int:
        """Return the file's size now."""
        return os.fstat(self._descriptor).st_size

    def replaced(self) -> bool:
        """Whether what was read is gone: the file is shorter than the position, or begins otherwise."""
        position = self.position
        if self.size() < position.offset:
            return True
        head = os.pread(self._descriptor, position.fingerprint_length, 0)
        return fingerprint(head) != position.fingerprint

    def grow_fingerprint(self) -> None:
        """Take the fingerprint anew while the file is shorter than a whole one."""
        if self.position.fingerprint_length < FINGERPRINT:
            head = os.pread(self._descriptor, FINGERPRINT, 0)
            self.position.fingerprint, self.position.fingerprint_length = fingerprint(head), len(head)

    def restart(self) -> None:
        """Begin again at the start, after a truncation."""
        position = self.position
        position.offset, position.skipping, position.state = 0, False, ""
        position.fingerprint, position.fingerprint_length = fingerprint(b""), 0
        self.parser = None
        self.grow_fingerprint()

    def read(self, now: float, max_line: int) -> Iterator[Piece]:
        """Yield the whole lines that wait; the position has passed a piece when it is handed out."""
        position = self.position
        while data := os.pread(self._descriptor, PIECE, position.offset):
            if position.skipping:
                end = data.find(b"\n") + 1
                position.offset += end or len(data)
                position.skipping = not end
                continue
            end = data.rfind(b"\n") + 1
            if not end:
                data = os.pread(self._descriptor, max_line + 1, position.offset)
                end = data.rfind(b"\n") + 1
            if not end:
                if len(data) <= max_line:
                    return  # the line is still being written
                position.offset += len(data)
                position.skipping = True
                yield Piece(self, b"", Reason.TOO_LONG)
                continue
            self.quiet_since = now
            for piece in split_long(data[:end], max_line):
                position.offset += len(piece)
                too_long = len(piece) > max_line + 1 and piece.find(b"\n") == len(piece) - 1
                yield Piece(self, b"", Reason.TOO_LONG) if too_long else Piece(self, piece)

    def rest(self) -> Iterator[Piece]:
        """Yield the unfinished line at the end of a file that will not grow any more."""
        data = os.pread(self._descriptor, PIECE, self.position.offset)
        self.position.offset += len(data)
        if data and not self.position.skipping:
            yield Piece(self, data, Reason.TRUNCATED)


def opened(path: str) -> tuple[int, os.stat_result, bytes]:
    """Open a file; return its descriptor, what is known of it and its first bytes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return descriptor, os.fstat(descriptor), os.pread(descriptor, FINGERPRINT, 0)
    except OSError:
        os.close(descriptor)
        raise


def fingerprint(head: bytes) -> str:
    """Return what a file with these first bytes is known by."""
    return blake2b(head, digest_size=16).hexdigest()


def is_copy(head: bytes, size: int, position: Position) -> bool:
    """Whether a file with this head and size holds what was read up to `position`."""
    return size >= position.offset and same_head(head, position)


def same_head(head: bytes, position: Position) -> bool:
    """Whether a file with this head begins as the position's does."""
    length = position.fingerprint_length
    return 0 < length <= len(head) and fingerprint(head[:length]) == position.fingerprint


def last_line_start(descriptor: int, size: int) -> int:
    """Return the offset behind the last newline: a line under way is read from its beginning."""
    end = size
    while end > 0:
        begin = max(0, end - PIECE)
        newline = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0
