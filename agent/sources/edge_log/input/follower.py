"""Follows log files that grow, are rotated, copied, replaced or truncated: no line is lost, none is handed out twice.

What is followed is a file, not a name. What cannot be guaranteed is noted in `losses`.
"""

import errno
import glob
import heapq
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice

from agent.sources.edge_log.input.chunk import Chunk
from agent.sources.edge_log.input.content import COMPRESSED, DAMAGED, first_line, has_data, path_has_tail, tail_of
from agent.sources.edge_log.input.descriptors import Descriptors
from agent.sources.edge_log.input.followed import FollowedFiles, continue_in, resume_offset
from agent.sources.edge_log.input.listing import Listing
from agent.sources.edge_log.input.log_file import LogFile, line_start
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.position import Position, absent, fingerprint
from agent.sources.edge_log.input.resume import Resume
from agent.sources.edge_log.input.rotated_files import Rotations
from agent.sources.edge_log.input.rotation import Folders, derotated, folder_of

# A renamed file is read on until it was quiet for this long: its writer may not have noticed yet. After that it is
# still looked at now and then, like every quiet file.
LINGER = 60.0
# Of the quiet files so many are looked at each time; of files that are rotated away so many are remembered.
_QUIET_AT_ONCE, _MOST_RETIRED = 400, 100


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
        self._begin_at_end = begin_at_end
        self._known = list(known)
        self._known_paths = {position.name or position.path for position in known}
        self._moved = moved
        self.looked_at = looked_at
        self.losses = losses if losses is not None else Losses()
        self.faults: list[str] = []
        self._descriptors = descriptors if descriptors is not None else Descriptors()
        self._patterns = patterns
        self._listing = Listing(patterns)
        self._followed = FollowedFiles()
        self._by_path: dict[str, LogFile] = {}
        self._path_faults: dict[str, str] = {}
        self._read_faults: dict[LogFile, str] = {}
        self._fresh: list[LogFile] = []
        self._new: set[LogFile] = set()  # first seen in this look
        self._met = False
        self._active: dict[LogFile, None] = {}
        self._turn = 0
        self._first_look = True
        self._waiting: list[tuple[float, int, LogFile]] = []
        self._reading: LogFile | None = None

    def positions(self) -> list[Position]:
        """Return how far each file was read.

        A log that is not there has a position that fits no file: when it is there after a restart it is new, and may
        have been rotated in between.
        """
        if self._first_look:
            return self._known
        missing = [absent(path) for path in self._path_faults if path in self._patterns and path not in self._by_path]
        stored = [file.stored() for file in self._followed if not file.gone]
        # A deleted file that was read to its end cannot be found again, but a copy of it may.
        gone = [file for file in self._followed if file.gone and file.position.first]
        forgotten = [replace(file.stored(), retired=True, gone=True) for file in (*gone, *self._followed.forgotten)]
        return stored + forgotten + missing

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
        self._new.clear()
        due = self._look(now, wall)
        self._fresh.clear()
        # What was rewritten comes first: what was read of it may be in another file by now.
        changed = [file for file in due if file.changed(wall) and self._checked(file, now)]
        readable = [file for file in changed if self._prepared(file, now)]
        # The copies of truncated files come before what follows them.
        copies = [file for file in self._fresh if self._checked(file, now) and self._prepared(file, now)]
        readable = list(dict.fromkeys([*copies, *readable]))
        yield from self._merged(readable, now)
        for file in readable:
            self._active.pop(file, None)
            self._active[file] = None
        yield from self._retire(now)
        self._set_faults()

    def _merged(self, files: list[LogFile], now: float) -> Iterator[Chunk]:
        order = count()
        readers = {file: file.read(now, self._max_line) for file in files}
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
                self._rewritten(file, now)
        except (OSError, *DAMAGED) as error:
            self._unreadable(file, error)
            return False
        return True

    def _prepared(self, file: LogFile, now: float) -> bool:
        """Compare a file that has changed with what is known; return whether there is something to read."""
        try:
            if not file.related:
                self._relate(file)
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
        else:
            self.losses.note(Loss.UNREADABLE, file.position.path, reason)
            self._followed.remove(file)

    # -- what lies at the paths

    def _look(self, now: float, wall: float) -> list[LogFile]:
        """Take note of what is new, renamed or gone; return the files that were looked at."""
        # Not `now`: it is compared with the files' own times, whatever the log's time is.
        looked_before, self.looked_at = self.looked_at, wall
        listed = self._listing.look()
        folders = Folders()
        unresolved: list[Position] = []
        if self._first_look and self._known:
            resume = Resume(self._followed, lambda one: self._make(one, now), self.losses, folders, self._moved)
            unresolved = resume.all(self._known)
        self._met = False
        paths = self._due_paths(listed=listed)
        seen = [file for path in paths if (file := self._look_at(path, now)) is not None]
        if listed:
            for path in self._by_path.keys() - set(self._listing.paths):
                self._leave(path)
        for path in [one for one in self._path_faults if one not in self._by_path and one not in self._listing.paths]:
            del self._path_faults[path]
        parted = [file for file in self._followed if file.current and not file.names]
        for file in parted:
            self._part(file, now, folders)
        if self._first_look or parted or self._met or listed:
            self._catch_up(now, folders, looked_before, unresolved)
        others = [file for file in self._followed if not file.names and self._look_at_moved(file, folders)]
        for file in others:
            if not file.position.retired:
                self._active.setdefault(file)
        self._first_look = False
        return [*others, *dict.fromkeys(seen)]

    def _due_paths(self, *, listed: bool) -> list[str]:
        paths = self._listing.paths
        if listed or len(paths) <= _QUIET_AT_ONCE:
            return paths
        self._turn = (self._turn + _QUIET_AT_ONCE) % len(paths)
        turn = paths[self._turn : self._turn + _QUIET_AT_ONCE]
        lately = islice(reversed(self._active), _QUIET_AT_ONCE)
        return list(dict.fromkeys([*(path for file in lately for path in file.names), *turn]))

    def _look_at(self, path: str, now: float) -> LogFile | None:
        try:
            status = os.stat(path)  # noqa: PTH116 - thousands of files, five times a second
        except OSError as error:
            self._leave(path)
            if path in self._patterns or error.errno != errno.ENOENT:
                self._path_faults[path] = (
                    "no such file" if error.errno == errno.ENOENT else os.strerror(error.errno or 0)
                )
            return None
        identity = (status.st_dev, status.st_ino)
        file = self._by_path.get(path)
        if file is None or file.identity != identity:
            if not stat.S_ISREG(status.st_mode):
                self._leave(path)
                folder = stat.S_ISDIR(status.st_mode)
                self._path_faults[path] = os.strerror(errno.EISDIR) if folder else "is no regular file"
                return None
            before = self._leave(path)
            file = self._followed.get(identity)
            if file is not None and not file.is_open and not path_has_tail(path, file.position.offset, file.tail):
                self._lose(file, Folders())  # deleted, and its inode given to this one
                file = None
            if file is None:
                file = self._meet(path, status, now)
                file.predecessor = before
            if not file.names:
                file.position.path, file.position.name = os.path.realpath(path), path
            self._by_path[path] = file
            file.names.add(path)
            file.current, file.gone, file.position.retired = True, False, False
        file.status = status
        self._path_faults.pop(path, None)
        return file

    def _leave(self, path: str) -> LogFile | None:
        file = self._by_path.pop(path, None)
        if file is not None:
            file.names.discard(path)
            if file.names and file.position.name == path:  # a hard link
                file.position.name = min(file.names)
                file.position.path = os.path.realpath(file.position.name)
        return file

    def _make(self, position: Position, now: float) -> LogFile:
        file = LogFile(position, now, self._descriptors, self.losses)
        self._fresh.append(file)
        self._new.add(file)
        return file

    def _meet(self, path: str, status: os.stat_result, now: float) -> LogFile:
        """Follow a file met for the first time."""
        position = Position(os.path.realpath(path), status.st_dev, status.st_ino, 0, fingerprint(b""), 0)
        file = self._make(position, now)
        file.status, self._met = status, True
        if self._first_look and self._begin_at_end and path not in self._known_paths:
            file.place(line_start(file, status.st_size))
            file.related = bool(file.position.offset)
        self._followed.add(file)
        return file

    # -- what is rotated away

    def _part(self, file: LogFile, now: float, folders: Folders) -> None:
        """No path of the patterns leads to a file any more: find where it is."""
        file.current, file.quiet_since = False, now
        self._active[file] = None
        place = self._place(file, folders, [*folders.around(file.position.path), *self._moved])
        file.gone = place is None
        if place is not None:
            file.position.path = place

    def _look_at_moved(self, file: LogFile, folders: Folders) -> bool:
        """Look at a file that no pattern takes; forget it where it is gone. Return whether it may be read."""
        try:
            file.look()
        except OSError:
            place = self._place(file, folders, [folder_of(file.position.path)])
            if place is None:
                self._vanished(file, folders)
                return False
            file.position.path = place
        return True

    def _place(self, file: LogFile, folders: Folders, where: Sequence[str]) -> str | None:
        """Return the path that leads to a file now; the inode of one that is not held open may be another's."""
        path = folders.with_inode(file.identity, where)
        if path is not None and path.endswith(COMPRESSED) != file.compressed:
            return None
        if path is None or file.is_open:
            return path
        if not file.position.first and not folders.may_be(path, file.position.path, self._moved):
            return None
        return path if path_has_tail(path, file.position.offset, file.tail) else None

    def _vanished(self, file: LogFile, folders: Folders) -> None:
        if any(one.predecessor is file and not one.related for one in self._followed):
            return  # its successor may have its lines
        self._lose(file, folders)

    def _lose(self, file: LogFile, folders: Folders) -> None:
        """Say that a file is gone, unless it was read to its end or has a copy."""
        self._followed.forget(file)
        active = self._active.pop(file, 0) is None
        if file.position.retired:
            return
        if not self._follow_copy(file.stored(), file.tail, file.quiet_since, folders):
            unread = file.status is not None and file.status.st_size > file.position.offset
            if unread or active:
                self.losses.note(Loss.VANISHED, file.position.path)

    def _catch_up(self, now: float, folders: Folders, looked_before: float, unresolved: list[Position]) -> None:
        """Follow the files that became and ceased to be the log while nobody looked."""
        patterns = self._patterns
        if self._first_look and looked_before:  # a log that the settings name since the restart has no past
            patterns = [one for one in patterns if glob.has_magic(one) or one in self._known_paths]
        rotations = Rotations(patterns, self._followed, folders, self._listing.folders)
        first_start = self._first_look and not looked_before
        since = self.looked_at if first_start else looked_before
        found = rotations.unknown(since)
        for path, status in found:
            if path.endswith(COMPRESSED[3:]) and not first_start:
                self.losses.note(Loss.UNREADABLE, path, "is compressed as nothing here can unpack")
            position = Position(path, status.st_dev, status.st_ino, 0, fingerprint(b""), 0)
            file = self._make(position, now)
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

    def _retire(self, now: float) -> Iterator[Chunk]:
        """Close the files that were quiet for long enough."""
        for file in [one for one in self._active if now - one.quiet_since >= LINGER]:
            if file.gone and not file.is_open and not file.position.retired:
                self._lose(file, Folders())  # no successor has shown that it has its lines
                continue
            del self._active[file]
            if not file.current:
                yield from file.rest(self._max_line)
                file.position.retired = True
                if file.gone:
                    self._followed.forget(file)
                else:
                    file.release()
        retired = [one for one in self._followed if one.position.retired] if len(self._followed) > _MOST_RETIRED else []
        for file in sorted(retired, key=lambda one: one.quiet_since)[:-_MOST_RETIRED]:
            self._followed.remove(file)

    def _set_faults(self) -> None:
        # While a renamed file is read to its end, its successor may be a moment late.
        lingering = any(not file.current for file in self._active)
        faults = [f"{path}: {reason}" for path, reason in self._path_faults.items()]
        faults += [f"{file.position.path}: {reason}" for file, reason in self._read_faults.items() if file.current]
        faults += [f"{pattern}: no such file" for pattern in self._listing.empty]
        self.faults = [fault for fault in faults if not (lingering and fault.endswith("no such file"))]

    # -- what was rewritten

    def _relate(self, file: LogFile) -> None:
        if file.position.offset == 0:
            self._succeed(file)
        self._followed.relate(file)
        if file.related:
            file.predecessor = None

    def _succeed(self, file: LogFile) -> None:
        """Go on where a file was read to that is gone, or that had this file's name, if this one has its lines."""
        before = file.predecessor
        gone = [one for one in self._followed if (one.gone or one.copied) and one is not file]
        candidates = dict.fromkeys([*([before] if before else []), *gone, *self._followed.forgotten])
        places = {one: place for one in candidates if (place := resume_offset(file, one)) is not None}
        if places:
            found = max(places, key=lambda one: places[one])
            continue_in(file, found, places[found])
            found.position.retired = found.position.retired or not found.is_open
        elif before is not None and before.gone and has_data(before.tail) and first_line(file) == before.position.first:
            self.losses.note(Loss.REWRITTEN, file.position.path)
            before.position.retired = before.position.retired or not before.is_open
            file.place(line_start(file, file.status.st_size if file.status else 0))

    def _rewritten(self, file: LogFile, now: float) -> None:
        """Find what was written before a file was truncated, or edited in place."""
        place = resume_offset(file, file)
        if place is not None:
            file.unlink()
            file.place(place, file.position)
            file.related = True
            return
        before, tail, first = replace(file.stored()), file.tail, file.position.first
        copied = self._follow_copy(before, tail, now, Folders())
        if not copied:
            self._followed.forget(self._ghost(before, tail, now))
        self._followed.restart(file)
        if copied or not before.offset:
            return
        if first and first_line(file) == first and file.status is not None:
            self.losses.note(Loss.REWRITTEN, before.path)
            file.place(line_start(file, file.status.st_size))
        elif not before.retired:
            self.losses.note(Loss.TRUNCATED, before.path)

    def _ghost(self, position: Position, tail: bytes, now: float) -> LogFile:
        """Return what was read of a file that is not in it any more: another file may have it."""
        ghost = LogFile(position, now, self._descriptors, self.losses)
        ghost.tail, ghost.gone = tail, True
        return ghost

    def _follow_copy(self, before: Position, tail: bytes, now: float, folders: Folders) -> bool:
        """Follow the copy that a truncated or deleted file left: it has the lines since the last look."""
        for other in self._followed:
            if other.identity == before.identity or other.position.first not in ("", before.first) or not before.first:
                continue
            if other not in self._new and not other.stirred:
                continue  # made before the last look: it cannot have what was written since
            try:
                if tail_of(other, before.offset) == tail and first_line(other) == before.first:
                    if other.position.offset < before.offset:
                        other.place(before.offset, before)
                    self._fresh.append(other)
                    return True
            except OSError:
                continue
        resume = Resume(self._followed, lambda one: self._make(one, now), self.losses, folders, self._moved)
        position = replace(before, inode=0)
        return resume.by_content(position)
