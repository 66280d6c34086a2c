"""Follows log files that grow, are rotated, copied, replaced or truncated: no line is lost, none is handed out twice.

What is followed is a file, not a name. What cannot be guaranteed is noted in `losses`.
"""

import errno
import glob
import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from agent.sources.edge_log.input.chunk import Chunk
from agent.sources.edge_log.input.content import COMPRESSED, DAMAGED, line_start
from agent.sources.edge_log.input.descriptors import Descriptors
from agent.sources.edge_log.input.followed import FollowedFiles
from agent.sources.edge_log.input.lines import whole_lines
from agent.sources.edge_log.input.listing import Listing
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.moved import MovedFiles
from agent.sources.edge_log.input.paths import WatchedPaths
from agent.sources.edge_log.input.position import Position, fingerprint
from agent.sources.edge_log.input.resume import Resume
from agent.sources.edge_log.input.rewritten import RewrittenFiles
from agent.sources.edge_log.input.rotated_files import Rotations
from agent.sources.edge_log.input.rotation import Folders, derotated

# Of the quiet files so many are looked at each time.
_QUIET_AT_ONCE = 400


class Follower:
    """The files that match some patterns, from where the last checkpoint left them."""

    def __init__(  # noqa: PLR0913 - what it goes on from, and what it shares, have defaults
        self,
        patterns: Sequence[str],
        max_line: int,
        *,
        begin_at_end: bool,
        known: Sequence[Position] = (),
        looked_at: float = 0.0,
        losses: Losses | None = None,
        descriptors: Descriptors | None = None,
        moved: Sequence[str] = (),
    ) -> None:
        """`known` are the positions of the last checkpoint, `looked_at` when the files were looked for before it.

        `moved` are folders into which rotation moves the logs, besides those that are found without.
        """
        self._max_line = max_line
        self._known = list(known)
        self._known_paths = {position.name or position.path for position in known}
        self._moved_to = moved
        self.looked_at = looked_at
        self.losses = losses if losses is not None else Losses()
        self.faults: list[str] = []
        self._patterns = patterns
        self._listing = Listing(patterns)
        self._followed = FollowedFiles(descriptors if descriptors is not None else Descriptors(), self.losses)
        self._rewritten = RewrittenFiles(self._followed, self.losses, moved)
        self._moved = MovedFiles(self._followed, self.losses, moved, self._rewritten, max_line)
        self._paths = WatchedPaths(patterns, self._followed, self._moved, known, begin_at_end=begin_at_end)
        self._read_faults: dict[LogFile, str] = {}
        self._turn = 0
        self._waiting: list[tuple[float, int, LogFile]] = []
        self._reading: LogFile | None = None

    def positions(self) -> list[Position]:
        """Return how far each file was read.

        A log that is not there has a position that fits no file: when it is there after a restart it is new, and may
        have been rotated in between.
        """
        if self._paths.first_look:
            return self._known
        stored = [file.stored() for file in self._followed if not file.gone]
        # A deleted file that was read to its end cannot be found again, but a copy of it may.
        gone = [file for file in self._followed if file.gone and file.position.first]
        forgotten = [replace(file.stored(), retired=True, gone=True) for file in (*gone, *self._followed.forgotten)]
        return stored + forgotten + self._paths.missing()

    def close(self) -> None:
        """Close all files."""
        for file in self._followed:
            self._followed.remove(file)

    @property
    def read_to(self) -> float:
        """The time up to which lines were handed out of all files; infinite when none wait any more."""
        first = self._waiting[0][0] if self._waiting else float("inf")
        return first if self._reading is None else min(first, self._reading.read_to)

    def poll(self, now: float) -> Iterator[Chunk]:
        """Look for new, renamed and truncated files, and yield what can be read.

        The next chunk is always of the file that is the furthest behind, so that the log's time goes forward in all
        files together, however long the agent was away.
        """
        wall = time.time()
        self._followed.new.clear()
        due = self._look(now, wall)
        self._followed.fresh.clear()
        # What was rewritten comes first: what was read of it may be in another file by now.
        changed = [file for file in due if file.changed(wall) and self._checked(file, now)]
        readable = [file for file in changed if self._prepared(file, now)]
        # The copies of truncated files come before what follows them.
        copies = [file for file in self._followed.fresh if self._checked(file, now) and self._prepared(file, now)]
        readable = list(dict.fromkeys([*copies, *readable]))
        yield from self._merged(readable, now)
        for file in readable:
            self._followed.active.pop(file, None)
            self._followed.active[file] = None
        yield from self._moved.retire(now)
        self._set_faults()

    def _merged(self, files: list[LogFile], now: float) -> Iterator[Chunk]:
        order = count()
        readers = {file: whole_lines(file, now, self._max_line) for file in files}
        self._waiting = [(file.read_to, next(order), file) for file in files]
        heapq.heapify(self._waiting)
        while self._waiting:
            _, _, file = heapq.heappop(self._waiting)
            self._reading = file
            try:
                chunk = next(readers[file], None)
                self._read_faults.pop(file, None)
            except (OSError, *DAMAGED) as error:
                self._unreadable(file, error)
                continue
            if chunk is not None:
                yield chunk
                heapq.heappush(self._waiting, (file.read_to, next(order), file))
        self._reading = None

    def _checked(self, file: LogFile, now: float) -> bool:
        """Look whether what was read of a file is still in it; return whether it can be read."""
        try:
            if file.replaced():
                self._rewritten.find_again(file, now)
        except (OSError, *DAMAGED) as error:
            self._unreadable(file, error)
            return False
        return True

    def _prepared(self, file: LogFile, now: float) -> bool:
        """Compare a file that has changed with what is known; return whether there is something to read."""
        try:
            if not file.related:
                self._rewritten.relate(file)
            if file.stirred:
                file.quiet_since = now  # part of a line, or a name of its own
            file.note_seen()
        except (OSError, *DAMAGED) as error:
            self._unreadable(file, error)
            return False
        if file.waiting:
            file.position.retired = False
            return True
        self._read_faults.pop(file, None)
        return False

    def _unreadable(self, file: LogFile, error: BaseException) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, OSError) and error.errno == errno.ENOENT:
            file.look_again()  # it has just been moved: the next look finds where
        elif file.current:
            self._read_faults[file] = reason
            if not file.compressed:
                file.release()  # on a network file system a descriptor goes stale while the file is still there
                file.look_again()
        else:
            self.losses.note(Loss.UNREADABLE, file.position.path, reason)
            self._followed.remove(file)

    def _look(self, now: float, wall: float) -> list[LogFile]:
        """Take note of what is new, renamed or gone; return the files that were looked at."""
        # Not `now`: it is compared with the files' own times, whatever the log's time is.
        looked_before, self.looked_at = self.looked_at, wall
        listed = self._listing.look()
        folders = Folders()
        unresolved: list[Position] = []
        if self._paths.first_look and self._known:
            resume = Resume(self._followed, now, self.losses, folders, self._moved_to)
            unresolved = resume.all(self._known)
        self._paths.met = False
        paths = self._due_paths(listed=listed)
        seen = [file for path in paths if (file := self._paths.look_at(path, now)) is not None]
        if listed:
            self._paths.keep(self._listing.paths)
        parted = [file for file in self._followed if file.current and not file.names]
        for file in parted:
            self._moved.leave(file, now, folders)
        if self._paths.first_look or parted or self._paths.met or listed:
            self._catch_up(now, folders, looked_before, unresolved)
        others = [file for file in self._followed if not file.names and self._moved.look_at(file, folders)]
        for file in others:
            if not file.position.retired:
                self._followed.active.setdefault(file)
        self._paths.first_look = False
        return [*others, *dict.fromkeys(seen)]

    def _due_paths(self, *, listed: bool) -> list[str]:
        paths = self._listing.paths
        if listed or len(paths) <= _QUIET_AT_ONCE:
            return paths
        self._turn = (self._turn + _QUIET_AT_ONCE) % len(paths)
        turn = paths[self._turn : self._turn + _QUIET_AT_ONCE]
        lately = islice(reversed(self._followed.active), _QUIET_AT_ONCE)
        return list(dict.fromkeys([*(path for file in lately for path in file.names), *turn]))

    def _catch_up(self, now: float, folders: Folders, looked_before: float, unresolved: list[Position]) -> None:
        """Follow the files that became and ceased to be the log while nobody looked."""
        # A link that a pattern takes leads to the log of the day like one that the settings name.
        links = [path for path in self._listing.paths if Path(path).is_symlink()]
        patterns = list(dict.fromkeys([*self._patterns, *links]))
        if self._paths.first_look and looked_before:  # a log that the settings name since the restart has no past
            patterns = [one for one in patterns if glob.has_magic(one) or one in self._known_paths]
        rotations = Rotations(patterns, self._followed, folders, self._listing.folders)
        first_start = self._paths.first_look and not looked_before
        since = self.looked_at if first_start else looked_before
        found = rotations.unknown(since)
        for path, status in found:
            if path.endswith(COMPRESSED[3:]) and not first_start:
                self.losses.note(Loss.UNREADABLE, path, "is compressed as nothing here can unpack")
            position = Position(path, status.st_dev, status.st_ino, 0, fingerprint(b""), 0)
            file = self._followed.make(position, now)
            file.status = status
            if first_start:  # rotated away before this agent knew of the log
                position.retired = True
                if file.compressed:
                    file.note_seen()
                else:
                    file.place(line_start(file, status.st_size))
            self._followed.add(file)
        for position in unresolved:
            # A file of which nothing was read may be the packed one that was found, or was empty when it was rotated.
            compressed = any(path.endswith(COMPRESSED) and rotations.is_of(path, position.path) for path, _ in found)
            if position.first or not (compressed or derotated(position.path) != position.path):
                self.losses.note(Loss.VANISHED, position.path)

    def _set_faults(self) -> None:
        # While a renamed file is read to its end, its successor may be a moment late.
        lingering = any(not file.current for file in self._followed.active)
        faults = [f"{path}: {reason}" for path, reason in self._paths.faults.items()]
        faults += [f"{file.position.path}: {reason}" for file, reason in self._read_faults.items() if file.current]
        faults += [f"{pattern}: no such file" for pattern in self._listing.empty]
        self.faults = [fault for fault in faults if not (lingering and fault.endswith("no such file"))]
