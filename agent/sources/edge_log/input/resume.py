"""After a start: the files of the stored positions, under whatever names they have now.

First by device and inode, wherever the file was moved; then by content, for what was copied, packed or replaced; and
last by the lines before the place reached, for what was edited. What is not found is said.
"""

import contextlib
import errno
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from agent.sources.edge_log.input.content import (
    COMPRESSED,
    CompressedFile,
    PlainFile,
    first_line,
    found_behind_line,
    has_data,
    holds,
    is_copy,
    line_start,
    tail_of,
)
from agent.sources.edge_log.input.followed import FollowedFiles
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.position import Position
from agent.sources.edge_log.input.rotation import Folders, derotated, rotated_like, status_of

# A packed file keeps the date of what was packed, to the second.
SLACK = 2.0


class Resume:
    """Opens the files of stored positions."""

    def __init__(
        self, followed: FollowedFiles, now: float, losses: Losses, folders: Folders, moved: Sequence[str]
    ) -> None:
        """`moved` are further folders into which rotation moves."""
        self._followed = followed
        self._now = now
        self._losses = losses
        self._folders = folders
        self._moved = moved

    def all(self, known: Iterable[Position]) -> list[Position]:
        """Open what can be found; return the positions of which it is open whether anything was lost."""
        # The furthest first: of a file and its copy it is the copy that was read on.
        waiting = sorted((one for one in known if one.inode), key=lambda one: one.offset, reverse=True)
        # An inode alone proves little: that of a deleted file may be another's by now.
        waiting = [one for one in waiting if one.gone or not one.first or not self._by_inode(one)]
        waiting = [one for one in waiting if one.retired or not self._in_place(one)]
        # What a rotation made is surer than a copy of another name, which may be older than the end of the file.
        waiting = [one for one in waiting if one.retired or not self._rotated(one)]
        waiting = [one for one in waiting if one.retired or not self.by_content(one)]
        waiting = [one for one in waiting if one.gone or one.first or not self._by_inode(one)]
        waiting = [one for one in waiting if one.retired or not self._by_last_lines(one, self._copies(one))]
        waiting = [one for one in waiting if one.retired or not self._shortened(one)]
        for position in waiting:  # a copy of what was read of them may appear
            file = self._followed.make(position, self._now)
            file.gone = True
            self._followed.forget(file)
        return [one for one in waiting if not one.retired]

    def _by_inode(self, position: Position) -> bool:
        path = self._place(position)
        if path is None or self._followed.get(position.identity) is not None:
            return False
        if path.endswith(COMPRESSED) != position.path.endswith(COMPRESSED):
            return False
        with contextlib.suppress(OSError), _opened(path) as file:
            if holds(file, position):
                position.path = path
                self._follow(position, file)
                return True
        return False

    def _place(self, position: Position) -> str | None:
        status = status_of(position.path)
        if status is not None and (status.st_dev, status.st_ino) == position.identity:
            return position.path
        where = [*self._folders.around(position.path), *self._moved]
        return self._folders.with_inode(position.identity, where, lambda path: self._fits(path, position))

    def _fits(self, path: str, position: Position) -> bool:
        return position.first != "" or self._folders.may_be(path, position.path, self._moved)

    def _in_place(self, position: Position) -> bool:
        """Go on in the file that was put in the log's place: its copy, or its edited lines."""
        path = [position.path]
        return self.by_content(position, path) or self._by_last_lines(position, path)

    def _rotated(self, position: Position) -> bool:
        """Go on in what a rotation made of a log, or of its edited lines."""
        paths = [path for path in self._copies(position) if rotated_like(path, position.path)]
        return any(self.by_content(position, [path]) for path in paths) or self._by_last_lines(position, paths)

    def by_content(self, position: Position, paths: Sequence[str] = ()) -> bool:
        """Follow the copy of a file that is not there any more, packed or not; return whether there is one."""
        for path in paths or self._copies(position):
            try:
                with _opened(path) as file:
                    identity = (file.status.st_dev, file.status.st_ino)
                    known = self._followed.get(identity)
                    if not is_copy(file, position, 1):
                        continue
                    if known is not None:
                        if rotated_like(path, position.path):
                            return True  # followed already: it was packed or copied before the agent stopped
                        continue
                    copied = path != position.path
                    self._doubt(path, position)
                    position.path, (position.device, position.inode) = path, identity
                    self._follow(position, file).copied = copied
                    return True
            except OSError as error:
                if path.endswith(COMPRESSED) and error.errno != errno.ENOENT:
                    self._losses.note(Loss.UNREADABLE, path, error.strerror or str(error))
        return False

    def _doubt(self, path: str, position: Position) -> None:
        """Note that a copy which no rotation made may be older than the end of the file, which is gone."""
        if path != position.path and not rotated_like(path, position.path):
            self._losses.note(Loss.VANISHED, position.path)

    def _copies(self, position: Position) -> list[str]:
        found = {}
        names = {position.path, position.name or position.path, derotated(position.path)}
        near = [self._folders.around(one, beside=False) for one in names]
        for folder in dict.fromkeys([*chain.from_iterable(near), *self._moved]):
            for path in [position.path, *(one for name in names for one in self._folders.siblings(name, folder))]:
                status = status_of(path)
                if status is not None and (path == position.path or status.st_mtime >= position.modified - SLACK):
                    found[path] = (status.st_mtime, rotated_like(path, position.path), status.st_size)
        return sorted(found, key=lambda path: found[path], reverse=True)

    def _by_last_lines(self, position: Position, paths: Sequence[str]) -> bool:
        """Go on in the log that was edited, behind the last lines that were read of it."""
        if not position.last_length or not position.first:
            return False
        for path in paths:
            with contextlib.suppress(OSError), _opened(path) as file:
                identity = (file.status.st_dev, file.status.st_ino)
                if self._followed.get(identity) is not None:
                    continue
                place = found_behind_line(file, position.last, position.last_length)
                if place is not None and has_data(tail_of(file, place)):
                    self._doubt(path, position)
                    self._follow(replace(position, path=path, device=identity[0], inode=identity[1]), file, place)
                    return True
        return False

    def _shortened(self, position: Position) -> bool:
        """Go on at the end of a log that begins as it did, but has lost the place reached."""
        with contextlib.suppress(OSError), _opened(position.path) as file:
            identity = (file.status.st_dev, file.status.st_ino)
            if self._followed.get(identity) is None and position.first == first_line(file) != "":
                self._losses.note(Loss.REWRITTEN, position.path)
                position.device, position.inode = identity
                self._follow(position, file, line_start(file, file.status.st_size))
                return True
        return False

    def _follow(self, position: Position, file: PlainFile | CompressedFile, place: int | None = None) -> LogFile:
        one = self._followed.make(position, self._now)
        one.tail = tail_of(file, position.offset)
        one.status, one.gone = file.status, False
        if place is not None:
            position.fingerprint_length = 0
            one.place(place)
        position.first = position.first or first_line(file)
        self._followed.add(one)
        return one


@contextlib.contextmanager
def _opened(path: str) -> Iterator[PlainFile | CompressedFile]:
    file = CompressedFile(path) if path.endswith(COMPRESSED) else PlainFile(path)
    try:
        yield file
    finally:
        file.close()
