"""One log file: how far it was read, and whether it is still the file that was read.

Every position is the start of a line that was not handed out yet, so a position alone says what has been counted. A
quiet file needs no descriptor: it is opened again when it has grown.
"""

import contextlib
import errno
import os
from collections.abc import Iterator

from agent.sources.edge_log.formats.batch import Parser, Reason
from agent.sources.edge_log.input.chunk import CHUNK_SIZE, Chunk, split_long
from agent.sources.edge_log.input.content import (
    COMPRESSED,
    CompressedFile,
    Readable,
    common,
    is_copy,
    last_line,
    tail_of,
)
from agent.sources.edge_log.input.descriptors import Descriptors
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.nul import RUN, data_behind, without_nul
from agent.sources.edge_log.input.position import HEAD, TAIL, Position, fingerprint

# The kernel dates files by its last tick, some file systems by the second: a younger date may hide a change.
YOUNG = 2.0
# Beyond this much that two files should have in common, their last bytes are compared in place of all.
_COMPARED = 1 << 20


class LogFile:
    """One followed file."""

    def __init__(self, position: Position, now: float, descriptors: Descriptors, losses: Losses) -> None:
        self.position = position
        self.parser: Parser | None = None
        self.names: set[str] = set()  # paths of the patterns that lead to it
        self.current = False  # there are such paths
        self.gone = False  # no path is known that leads to it
        self.copied = False  # the copy of a file that is gone
        self.related = False  # compared with the other files
        self.predecessor: LogFile | None = None  # what its path led to before
        self.contained: int | None = None  # its size when its successor had all of it
        self.read_to = float("-inf")
        self.follows = float("-inf")  # time of the newest line of the file that is gone and had its name
        self.quiet_since = now
        self.status: os.stat_result | None = None
        self.compressed = position.path.endswith(COMPRESSED)
        self.tail = b""  # the last bytes before the offset
        self.opening: list[bytes] = []  # its first lines of data
        self.links: set[LogFile] = set()  # files that have the same content up to the lesser offset
        self._seen: tuple[int, int, int] | None = None
        # The tail of a position that was stored is known by its fingerprint alone.
        self._stored_offset = position.offset if position.tail else -1
        self._descriptors = descriptors
        self._losses = losses
        self._descriptor: int | None = None
        self._content: CompressedFile | None = None

    @property
    def path(self) -> str:
        """Where it is now."""
        return self.position.path

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.position.identity

    @property
    def state(self) -> str:
        """What the parser must remember."""
        return self.position.state

    @state.setter
    def state(self, state: str) -> None:
        self.position.state = state

    @property
    def is_open(self) -> bool:
        """Return whether the file holds a descriptor."""
        return self._descriptor is not None or self._content is not None

    def stored(self) -> Position:
        """Return the position as a checkpoint holds it."""
        position = self.position
        if position.offset != self._stored_offset:
            position.tail, self._stored_offset = fingerprint(self.tail), position.offset
            line = last_line(self.tail)
            position.last, position.last_length = fingerprint(line), len(line)
        if self.status is not None:
            position.modified = self.status.st_mtime
        return position

    def release(self) -> None:
        """Close the descriptor; the file stays followed."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        if self._content is not None:
            self._content.close()
        self._descriptor = self._content = None
        self._descriptors.leave(id(self))

    def _spared(self, *, forced: bool) -> bool:
        """Close the descriptor for others' sake, unless the file could not be opened again; return whether it is."""
        if not forced and (self.gone or not self.current):
            return False
        self.release()
        return True

    def pread(self, count: int, offset: int) -> bytes:
        """Read bytes, opening the file where it is not open; OSError where it is not there any more."""
        if not self.is_open:
            if self.gone:  # what its path leads to by now is another file, even where that has its inode
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.position.path)
            self._open()
        if self._content is not None:
            return self._content.pread(count, offset)
        if self._descriptor is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.position.path)
        return os.pread(self._descriptor, count, offset)

    def _open(self) -> None:
        self._descriptors.enter(id(self), self._spared)
        try:
            try:
                status = self._opened()
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                self._descriptors.make_room()
                self._descriptors.enter(id(self), self._spared)
                status = self._opened()
            if (status.st_dev, status.st_ino) != self.identity:
                raise FileNotFoundError(errno.ENOENT, "is another file by now", self.position.path)
        except OSError:
            self.release()
            raise

    def _opened(self) -> os.stat_result:
        if self.compressed:
            self._content = CompressedFile(self.position.path)
            return self._content.status
        self._descriptor = os.open(self.position.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        return os.fstat(self._descriptor)

    def look(self) -> None:
        """Take note of the file's size and dates; OSError where its path leads elsewhere."""
        if self._descriptor is not None:
            self.status = os.fstat(self._descriptor)
            return
        status = os.stat(self.position.path)  # noqa: PTH116 - thousands of files, five times a second
        if (status.st_dev, status.st_ino) != self.identity:
            raise FileNotFoundError(errno.ENOENT, "is another file by now", self.position.path)
        self.status = status

    def changed(self, wall: float) -> bool:
        """Return whether there may be something that was not read."""
        status = self.status
        if status is None:
            return False
        if self.stirred:
            return True
        return not self.compressed and abs(wall - status.st_mtime) < YOUNG

    @property
    def stirred(self) -> bool:
        """Return whether size or dates are not those that the file had when it was last read."""
        status = self.status
        return status is not None and self._seen != (status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def note_seen(self) -> None:
        """Remember what the file looks like before it is read."""
        status = self.status
        if status is not None:
            self._seen = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def look_again(self) -> None:
        """Take the file for changed at the next look."""
        self._seen = None

    @property
    def waiting(self) -> bool:
        """Return whether the file is longer than what was read of it."""
        if self.compressed:
            return not self.position.retired
        return self.status is not None and self.status.st_size > self.position.offset

    def replaced(self) -> bool:
        """Return whether what was read is gone: the file is shorter, or its bytes before the position differ."""
        if self.compressed or self.status is None or self.position.offset == 0:
            return False
        if self.status.st_size < self.position.offset:
            return True
        return tail_of(self, self.position.offset) != self.tail

    def place(self, offset: int, like: Position | None = None) -> None:
        """Go on at a place, in the state that `like` has there."""
        self.position.offset = offset
        if like is not None:
            self.position.state = like.state
            self.position.skipping = like.skipping and like.offset == offset
        self.parser, self._stored_offset = None, -1
        self.tail = tail_of(self, offset)
        self.know()

    def restart(self) -> None:
        """Begin again at the start, after a truncation."""
        position = self.position
        position.offset, position.skipping, position.state, position.first = 0, False, "", ""
        position.fingerprint, position.fingerprint_length = fingerprint(b""), 0
        self.parser, self.tail, self.related, self._stored_offset = None, b"", False, -1
        self.unlink()

    def know(self) -> None:
        """Take the fingerprint of the first bytes that were read again while there are fewer than a whole one."""
        length = min(HEAD, self.position.offset)
        if self.position.fingerprint_length < length:
            head = self.pread(length, 0)
            self.position.fingerprint, self.position.fingerprint_length = fingerprint(head), len(head)

    def link(self, other: "LogFile") -> None:
        """Note that both files have the same content so far: what one has handed out, the other passes over."""
        self.links.add(other)
        other.links.add(self)

    def unlink(self) -> None:
        """Forget the files of the same content."""
        for other in self.links:
            other.links.discard(self)
        self.links.clear()

    def read(self, now: float, max_line: int) -> Iterator[Chunk]:  # noqa: C901 - one loop over what may wait
        """Yield the whole lines that wait; the position has passed a chunk when it is handed out."""
        position = self.position
        while True:
            if self.links:
                self._pass_shared()
            data = self.pread(CHUNK_SIZE, position.offset)
            if not data:
                break
            end = data.rfind(b"\n") + 1
            if position.skipping:
                end = data.find(b"\n") + 1
                position.skipping = not end
                self._advance(data[:end] if end else data)
                continue
            if not end:
                data = self.pread(max_line + 1, position.offset)
                end = data.rfind(b"\n") + 1
            if not end and data.startswith(RUN):
                if not self._pass_nul():
                    break
                continue
            if not end:
                if len(data) <= max_line:
                    break  # the line is still being written
                yield self._overlong(data)
                continue
            self.quiet_since = now
            for chunk in split_long(data[:end], max_line):
                self._advance(chunk)
                yield self._chunk(chunk, max_line)
        self.know()
        if self._descriptor is not None:
            self._descriptors.used(id(self))

    def _advance(self, data: bytes) -> None:
        self.position.offset += len(data)
        self.tail = data[-TAIL:] if len(data) >= TAIL else (self.tail + data)[-TAIL:]

    def _chunk(self, chunk: bytes, max_line: int) -> Chunk:
        if RUN in chunk:
            self._losses.note(Loss.NUL, self.position.path)
            chunk = without_nul(chunk)
        if len(chunk) > max_line + 1 and chunk.find(b"\n") == len(chunk) - 1:
            return Chunk(self, b"", Reason.TOO_LONG)
        return Chunk(self, chunk)

    def _overlong(self, data: bytes) -> Chunk:
        """Pass a line that is too long; what NUL bytes end is a line cut short."""
        nul = data.find(RUN)
        if nul > 0:
            self._advance(data[:nul])
            return Chunk(self, data[:nul], Reason.TRUNCATED)
        self._advance(data)
        self.position.skipping = True
        return Chunk(self, b"", Reason.TOO_LONG)

    def _pass_nul(self) -> bool:
        """Pass the NUL bytes of a crash once a line follows them; until then they may still be written."""
        end = data_behind(self, self._descriptor, self.position.offset)
        if end is None:
            return False
        self._losses.note(Loss.NUL, self.position.path)
        self.position.offset = end
        self.tail = tail_of(self, end)
        return True

    def rest(self, max_line: int) -> Iterator[Chunk]:
        """Yield the unfinished line at the end of a file that will not grow any more."""
        try:
            data = self.pread(max_line + 1, self.position.offset)
        except OSError:
            return
        if self.contained is not None and self.contained == self.position.offset + len(data):
            return  # the successor has this line from its beginning
        if any(_has(other, data, self.position.offset) for other in self.links):
            return
        self._advance(data)
        if data.strip(b"\0") and not self.position.skipping:
            yield Chunk(self, data.replace(b"\0", b""), Reason.TRUNCATED)

    def _pass_shared(self) -> None:
        """Pass over the lines that a file of the same content has handed out."""
        for other in list(self.links):
            if other.position.offset <= self.position.offset:
                continue
            try:
                self._pass(other)
            except OSError:  # it is not there any more, but what it was known by
                self.links.discard(other)
                other.links.discard(self)
                known = other.stored()
                if is_copy(self, known, 1):
                    self.place(known.offset, known)

    def _pass(self, other: "LogFile") -> None:
        begin, target = self.position.offset, other.position.offset
        equal = 0
        if target - begin > _COMPARED and tail_of(self, target) == other.tail:
            equal = target - begin
        else:
            equal = common(self, begin, other, begin, target - begin)
        end = begin + equal
        if end < target:
            if self.pread(1, end):  # they differ from here on
                self.links.discard(other)
                other.links.discard(self)
            end = line_start(self, end, begin)
        if end > begin:
            self.place(end, other.position)


def line_start(file: Readable, end: int, begin: int = 0) -> int:
    """Return the start of the line that `end` lies in: a line under way is read from its beginning."""
    while end > begin:
        low = max(begin, end - CHUNK_SIZE)
        newline = file.pread(end - low, low).rfind(b"\n")
        if newline >= 0:
            return low + newline + 1
        end = low
    return begin


def _has(file: LogFile, data: bytes, offset: int) -> bool:
    with contextlib.suppress(OSError):
        return file.pread(len(data), offset) == data
    return False
