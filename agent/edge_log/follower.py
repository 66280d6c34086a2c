"""Follows log files that grow, are renamed, truncated, or appear later, and never hands out a line twice.

Every position is the start of a line that was not handed out yet, so a position alone says what has been counted.
A file is known by device, inode and a fingerprint of its first bytes: a rename keeps all three, a copy keeps the
fingerprint, and an inode that the file system gave to another file does not.
"""

import errno
import glob
import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, Protocol

from agent.edge_log.batch import Parser, Reason

log = logging.getLogger("agent.edge_log")

# A piece that stays within the processor's cache is parsed a fifth faster than one of a mebibyte.
PIECE = 128 * 1024
FINGERPRINT = 1024
# A renamed file is read on until it was quiet for this long: its writer may not have noticed yet.
LINGER = 60.0
# What rotations make of a name without its ".log": ".log.1", ".log-20260122", "-2026-01-22.log", ".1.log", and Caddy's
# "-2026-01-22T00-00-00.000.log", "-2026-01-22T00-00-00.000-size.log". Under any
# name a file is known by its first bytes; one never met before must also look like a rotation, and not like the log of
# another server beside this one: "-2.log", "_8080.log".
_ANY = re.compile(r".*")
_ROTATED = re.compile(
    r"(\.log)?[-.]\d[-._\d]*|[-._]\d{4}[-._]?\d\d[-._]?\d\d[-._T\d]*(-(size|time))?\.log|\.\d{1,3}\.log"
)
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")


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


class Origin(Protocol):
    """Where pieces come from, with the parser that reads it and what that must remember.

    `read_to` is the time of the newest line that was counted; who counts it sets it.
    """

    parser: Parser | None
    state: str
    read_to: float


class Piece(NamedTuple):
    """Whole lines of one file; or one line that is too long, or that the end of its file cut short."""

    origin: "Origin"
    data: bytes
    rejected: Reason | None = None


class FollowedFile:
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
        return _fingerprint(head) != position.fingerprint

    def grow_fingerprint(self) -> None:
        """Take the fingerprint anew while the file is shorter than a whole one."""
        if self.position.fingerprint_length < FINGERPRINT:
            head = os.pread(self._descriptor, FINGERPRINT, 0)
            self.position.fingerprint, self.position.fingerprint_length = _fingerprint(head), len(head)

    def restart(self) -> None:
        """Begin again at the start, after a truncation."""
        position = self.position
        position.offset, position.skipping, position.state = 0, False, ""
        position.fingerprint, position.fingerprint_length = _fingerprint(b""), 0
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


def split_long(data: bytes, max_line: int) -> list[bytes]:
    """Split whole lines so that each line longer than `max_line` stands alone; nearly always nothing is split."""
    half = max_line // 2
    # A line of more than two halves leaves one of the aligned halves without a newline.
    if all(data.find(b"\n", start, start + half) >= 0 for start in range(0, len(data) - half + 1, half)):
        return [data]
    pieces, begin, position = [], 0, 0
    while position < len(data):
        end = data.find(b"\n", position) + 1
        if end - position > max_line + 1:
            pieces += [data[begin:position], data[position:end]]
            begin = end
        position = end
    return [piece for piece in [*pieces, data[begin:]] if piece]


class Follower:
    """The files that match some patterns, from where the last checkpoint left them."""

    def __init__(
        self,
        patterns: Sequence[str],
        max_line: int,
        *,
        begin_at_end: bool,
        known: Sequence[Position] = (),
        looked_at: float = 0.0,
    ) -> None:
        """`known` are the positions of the last checkpoint, `looked_at` when the files were looked for before it."""
        self._patterns = patterns
        self._max_line = max_line
        self._begin_at_end = begin_at_end
        self._known = list(known)
        self.looked_at = looked_at
        self._known_paths = {position.path for position in known}
        self._absent: list[str] = []
        self._files: list[FollowedFile] = []
        self._waiting: dict[FollowedFile, Iterator[Piece]] = {}
        self._first_look = True
        self.faults: list[str] = []

    def positions(self) -> list[Position]:
        """Return how far each file was read.

        A log that is not there has a position that fits no file: when it is there after a restart it is new, and may
        have been rotated in between.
        """
        absent = [
            Position(path, device=0, inode=0, offset=0, fingerprint="", fingerprint_length=0) for path in self._absent
        ]
        return [file.position for file in self._files] + absent

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            file.close()
        self._files.clear()

    @property
    def read_to(self) -> float:
        """The time up to which lines were handed out of all files; infinite when none wait any more."""
        return min((file.read_to for file in self._waiting), default=float("inf"))

    def poll(self, now: float) -> Iterator[Piece]:
        """Look for new, renamed and truncated files, and yield what can be read.

        The next piece is always of the file that is the furthest behind, so that the log's time goes forward in all
        files together, however long the agent was away.
        """
        self._look(now)
        for file in list(self._files):
            if file.replaced():
                self._follow_copy(file, now)
                file.restart()
            file.grow_fingerprint()
        self._waiting = {file: file.read(now, self._max_line) for file in self._files}
        while self._waiting:
            file = min(self._waiting, key=_read_to)
            piece = next(self._waiting[file], None)
            if piece is None:
                del self._waiting[file]
            else:
                yield piece
        for file in list(self._files):
            if not file.current and now - file.quiet_since >= LINGER:
                yield from file.rest()
                file.close()
                self._files.remove(file)

    def _look(self, now: float) -> None:
        # Not `now`: it is compared with the files' own times, whatever the log's time is.
        looked_before, self.looked_at = self.looked_at, time.time()
        if self._first_look:
            self._resume_all(now, looked_before)
        current: set[tuple[int, int]] = set()
        faults, absent = [], []
        for pattern in self._patterns:
            found = False
            for path in _matches(pattern):
                try:
                    status = Path(path).stat()
                    identity = (status.st_dev, status.st_ino)
                    file = next((one for one in self._files if one.identity == identity), None)
                    file = file or self._open(path, now)
                except OSError as error:
                    if error.errno != errno.ENOENT:
                        faults.append(f"{path}: {error.strerror}")
                        found = True
                    continue
                found = True
                if file is not None:
                    file.position.path, file.current = path, True
                    current.add(file.identity)
            if not found:
                faults.append(f"{pattern}: no such file")
                absent += [] if glob.has_magic(pattern) else [pattern]
        self._part(current, now, looked_before)
        # While a renamed file is read to its end, its successor may be a moment late.
        lingering = any(not file.current for file in self._files)
        self.faults = [fault for fault in faults if not (lingering and fault.endswith("no such file"))]
        self._absent, self._first_look = absent, False

    def _part(self, current: set[tuple[int, int]], now: float, looked_before: float) -> None:
        """Note which files no path leads to any more, and look for successors that have come and gone."""
        for file in list(self._files):
            if file.current and file.identity not in current:
                file.current, file.quiet_since = False, now
                if not self._first_look:
                    self._catch_up(file.position.path, now, looked_before)

    def _resume_all(self, now: float, looked_before: float) -> None:
        # The furthest first: of a file and its copy it is the copy that was read on.
        for position in sorted(self._known, key=lambda one: one.offset, reverse=True):
            self._resume(position, now)
        for path in self._known_paths:
            self._catch_up(path, now, looked_before)

    def _open(self, path: str, now: float) -> FollowedFile | None:
        """Open a file met for the first time; None for a copy of a followed one, which holds nothing new."""
        descriptor, status, head = _opened(path)
        if any(_same_head(head, one.position) for one in self._files):
            os.close(descriptor)
            return None
        offset = 0
        if self._first_look and self._begin_at_end and path not in self._known_paths:
            offset = _last_line_start(descriptor, status.st_size)
        position = Position(path, status.st_dev, status.st_ino, offset, _fingerprint(head), len(head))
        file = FollowedFile(descriptor, position, now)
        self._files.append(file)
        return file

    def _resume(self, position: Position, now: float) -> None:
        """Open the file of a checkpoint's position, under whatever name it has now."""
        for path in [position.path, *_siblings(position.path)]:
            try:
                descriptor, status, head = _opened(path)
            except OSError:
                continue
            taken = any(one.identity == (status.st_dev, status.st_ino) for one in self._files)
            if not taken and _is_copy(head, status.st_size, position):
                position.device, position.inode, position.path = status.st_dev, status.st_ino, path
                self._files.append(FollowedFile(descriptor, position, now))
                return
            os.close(descriptor)
        if position.offset:
            log.warning(
                "a log file vanished while the agent was away; its last lines may be missing from the counters",
                extra={"path": position.path},
            )

    def _catch_up(self, path: str, now: float, looked_before: float) -> None:
        """Open the files that became and ceased to be the log while nobody looked, the oldest first."""
        for rotated in reversed(_siblings(path, _ROTATED)):
            if _modified(rotated) <= looked_before:
                continue
            try:
                status = Path(rotated).stat()
                if not any(one.identity == (status.st_dev, status.st_ino) for one in self._files):
                    file = self._open(rotated, now)
                    if file is not None:
                        file.current, file.position.offset = False, 0
            except OSError as error:
                log.warning("a rotated log cannot be read", extra={"path": rotated, "reason": error.strerror})

    def _follow_copy(self, file: FollowedFile, now: float) -> None:
        """Follow the copy that a truncated file left: it has the lines since the last look."""
        followed = {one.identity for one in self._files}
        for path in _siblings(file.position.path):
            try:
                descriptor, status, head = _opened(path)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) not in followed and _is_copy(head, status.st_size, file.position):
                position = replace(file.position, path=path, device=status.st_dev, inode=status.st_ino)
                copy = FollowedFile(descriptor, position, now)
                # Like a renamed file, so that a checkpoint in between knows how far it was read.
                copy.current, copy.read_to = False, file.read_to
                self._files.insert(self._files.index(file), copy)
                return
            os.close(descriptor)
        log.warning(
            "a log file was truncated and has no copy; its last lines may be missing from the counters",
            extra={"path": file.position.path},
        )


_read_to = attrgetter("read_to")


def _opened(path: str) -> tuple[int, os.stat_result, bytes]:
    """Open a file; return its descriptor, what is known of it and its first bytes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return descriptor, os.fstat(descriptor), os.pread(descriptor, FINGERPRINT, 0)
    except OSError:
        os.close(descriptor)
        raise


def _fingerprint(head: bytes) -> str:
    return blake2b(head, digest_size=16).hexdigest()


def _is_copy(head: bytes, size: int, position: Position) -> bool:
    """Whether a file with this head and size holds what was read up to `position`."""
    return size >= position.offset and _same_head(head, position)


def _same_head(head: bytes, position: Position) -> bool:
    length = position.fingerprint_length
    return 0 < length <= len(head) and _fingerprint(head[:length]) == position.fingerprint


def _matches(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return [pattern]
    return sorted(
        path
        for path in glob.glob(pattern)  # noqa: PTH207 - pathlib has no absolute patterns
        if not path.endswith(COMPRESSED)
    )


def _siblings(path: str, ending: "re.Pattern[str]" = _ANY) -> list[str]:
    """Return the files that a rotation may have made of `path`, the newest first."""
    folder, name = os.path.split(path)
    stem = name.removesuffix(".log")
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are compared, not paths
    except OSError:
        return []
    found = [
        f"{folder}/{one}"
        for one in names
        if one != name and one.startswith(stem) and ending.fullmatch(one[len(stem) :]) and not one.endswith(COMPRESSED)
    ]
    return sorted(found, key=_modified, reverse=True)


def _modified(path: str) -> float:
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0


def _last_line_start(descriptor: int, size: int) -> int:
    """Return the offset behind the last newline: a line under way is read from its beginning."""
    end = size
    while end > 0:
        begin = max(0, end - PIECE)
        newline = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0
