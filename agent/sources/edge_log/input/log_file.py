"""A log file: how far it was read, and whether it is still the file that was read.

Every position is the start of a line that was not handed out yet, so a position alone says what has been counted. A
quiet file needs no descriptor: it is opened again when it has grown.
"""

import errno
import os
from typing import TYPE_CHECKING

from agent.sources.edge_log.input.content import (
    COMPRESSED,
    CompressedFile,
    last_line,
    tail_of,
)
from agent.sources.edge_log.input.descriptors import Descriptors
from agent.sources.edge_log.input.losses import Losses
from agent.sources.edge_log.input.position import HEAD, TAIL, Position, fingerprint

if TYPE_CHECKING:
    from agent.sources.edge_log.formats.batch import Parser

# The kernel dates files by its last tick, some file systems by the second: a younger date may hide a change.
YOUNG = 2.0


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
        self.losses = losses
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

    @property
    def descriptor(self) -> int | None:
        """The open descriptor; None for a file that is compressed, or not open."""
        return self._descriptor

    def note_used(self) -> None:
        """Let others give up their descriptors before this one."""
        if self._descriptor is not None:
            self._descriptors.used(id(self))

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

    def advance(self, data: bytes) -> None:
        """Pass bytes that were read at the position."""
        self.position.offset += len(data)
        self.tail = data[-TAIL:] if len(data) >= TAIL else (self.tail + data)[-TAIL:]
