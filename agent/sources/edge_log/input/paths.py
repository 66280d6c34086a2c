"""What the paths of the patterns lead to."""

import errno
import os
import stat
from collections.abc import Sequence

from agent.sources.edge_log.input.content import line_start, path_has_tail
from agent.sources.edge_log.input.followed import FollowedFiles
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.moved import MovedFiles
from agent.sources.edge_log.input.position import Position, absent, fingerprint
from agent.sources.edge_log.input.rotation import Folders


class WatchedPaths:
    """The paths, and the files that they lead to."""

    def __init__(
        self,
        patterns: Sequence[str],
        followed: FollowedFiles,
        moved: MovedFiles,
        known: Sequence[Position],
        *,
        begin_at_end: bool,
    ) -> None:
        """`known` are the positions of the last checkpoint."""
        self._patterns = patterns
        self._followed = followed
        self._moved = moved
        self._begin_at_end = begin_at_end
        self._known_paths = {position.name or position.path for position in known}
        self.files: dict[str, LogFile] = {}
        self.faults: dict[str, str] = {}
        self.first_look = True
        self.met = False  # a file was met for the first time in this look

    def look_at(self, path: str, now: float) -> LogFile | None:
        try:
            status = os.stat(path)  # noqa: PTH116 - thousands of files, five times a second
        except OSError as error:
            self.leave(path)
            if path in self._patterns or error.errno != errno.ENOENT:
                self.faults[path] = "no such file" if error.errno == errno.ENOENT else os.strerror(error.errno or 0)
            return None
        identity = (status.st_dev, status.st_ino)
        file = self.files.get(path)
        if file is None or file.identity != identity:
            if not stat.S_ISREG(status.st_mode):
                self.leave(path)
                folder = stat.S_ISDIR(status.st_mode)
                self.faults[path] = os.strerror(errno.EISDIR) if folder else "is no regular file"
                return None
            before = self.leave(path)
            file = self._followed.get(identity)
            if file is not None and not file.is_open and not path_has_tail(path, file.position.offset, file.tail):
                self._moved.lose(file, Folders())  # deleted, and its inode given to this one
                file = None
            if file is None:
                file = self._meet(path, status, now)
                file.predecessor = before
            if not file.names:
                file.position.path, file.position.name = os.path.realpath(path), path
            self.files[path] = file
            file.names.add(path)
            file.current, file.gone, file.position.retired = True, False, False
        file.status = status
        self.faults.pop(path, None)
        return file

    def leave(self, path: str) -> LogFile | None:
        file = self.files.pop(path, None)
        if file is not None:
            file.names.discard(path)
            if file.names and file.position.name == path:  # a hard link
                file.position.name = min(file.names)
                file.position.path = os.path.realpath(file.position.name)
        return file

    def _meet(self, path: str, status: os.stat_result, now: float) -> LogFile:
        """Follow a file met for the first time."""
        position = Position(os.path.realpath(path), status.st_dev, status.st_ino, 0, fingerprint(b""), 0)
        file = self._followed.make(position, now)
        file.status, self.met = status, True
        if self.first_look and self._begin_at_end and path not in self._known_paths:
            file.place(line_start(file, status.st_size))
            file.related = bool(file.position.offset)
        self._followed.add(file)
        return file

    def keep(self, paths: Sequence[str]) -> None:
        """Leave all paths but these."""
        kept = set(paths)
        for path in self.files.keys() - kept:
            self.leave(path)
        for path in [one for one in self.faults if one not in self.files and one not in kept]:
            del self.faults[path]

    def missing(self) -> list[Position]:
        """Return the positions of logs that are not there."""
        return [absent(path) for path in self.faults if path in self._patterns and path not in self.files]
