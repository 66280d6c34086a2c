"""Follows log files that grow, are renamed, truncated, or appear later, and never hands out a line twice."""

import errno
import glob
import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from agent.sources.edge_log.log_file import LogFile, Position, fingerprint, is_copy, last_line_start, opened, same_head
from agent.sources.edge_log.piece import Piece
from agent.sources.edge_log.rotation import ROTATED, matches, modified, siblings

log = logging.getLogger("agent.sources.edge_log")

# A renamed file is read on until it was quiet for this long: its writer may not have noticed yet.
LINGER = 60.0
_read_to = attrgetter("read_to")


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
        self._files: list[LogFile] = []
        self._waiting: dict[LogFile, Iterator[Piece]] = {}
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
            for path in matches(pattern):
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

    def _open(self, path: str, now: float) -> LogFile | None:
        """Open a file met for the first time; None for a copy of a followed one, which holds nothing new."""
        descriptor, status, head = opened(path)
        if any(same_head(head, one.position) for one in self._files):
            os.close(descriptor)
            return None
        offset = 0
        if self._first_look and self._begin_at_end and path not in self._known_paths:
            offset = last_line_start(descriptor, status.st_size)
        position = Position(path, status.st_dev, status.st_ino, offset, fingerprint(head), len(head))
        file = LogFile(descriptor, position, now)
        self._files.append(file)
        return file

    def _resume(self, position: Position, now: float) -> None:
        """Open the file of a checkpoint's position, under whatever name it has now."""
        for path in [position.path, *siblings(position.path)]:
            try:
                descriptor, status, head = opened(path)
            except OSError:
                continue
            taken = any(one.identity == (status.st_dev, status.st_ino) for one in self._files)
            if not taken and is_copy(head, status.st_size, position):
                position.device, position.inode, position.path = status.st_dev, status.st_ino, path
                self._files.append(LogFile(descriptor, position, now))
                return
            os.close(descriptor)
        if position.offset:
            log.warning(
                "a log file vanished while the agent was away; its last lines may be missing from the counters",
                extra={"path": position.path},
            )

    def _catch_up(self, path: str, now: float, looked_before: float) -> None:
        """Open the files that became and ceased to be the log while nobody looked, the oldest first."""
        for rotated in reversed(siblings(path, ROTATED)):
            if modified(rotated) <= looked_before:
                continue
            try:
                status = Path(rotated).stat()
                if not any(one.identity == (status.st_dev, status.st_ino) for one in self._files):
                    file = self._open(rotated, now)
                    if file is not None:
                        file.current, file.position.offset = False, 0
            except OSError as error:
                log.warning("a rotated log cannot be read", extra={"path": rotated, "reason": error.strerror})

    def _follow_copy(self, file: LogFile, now: float) -> None:
        """Follow the copy that a truncated file left: it has the lines since the last look."""
        followed = {one.identity for one in self._files}
        for path in siblings(file.position.path):
            try:
                descriptor, status, head = opened(path)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) not in followed and is_copy(head, status.st_size, file.position):
                position = replace(file.position, path=path, device=status.st_dev, inode=status.st_ino)
                copy = LogFile(descriptor, position, now)
                # Like a renamed file, so that a checkpoint in between knows how far it was read.
                copy.current, copy.read_to = False, file.read_to
                self._files.insert(self._files.index(file), copy)
                return
            os.close(descriptor)
        log.warning(
            "a log file was truncated and has no copy; its last lines may be missing from the counters",
            extra={"path": file.position.path},
        )
