"""Files that were rewritten: truncated behind a copy, edited, or replaced by their own copy."""

from collections.abc import Sequence
from dataclasses import replace

from agent.sources.edge_log.input.content import first_line, has_data, line_start, tail_of
from agent.sources.edge_log.input.followed import FollowedFiles, continue_in, resume_offset
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.position import Position
from agent.sources.edge_log.input.resume import Resume
from agent.sources.edge_log.input.rotation import Folders


class RewrittenFiles:
    """Finds what was read of a file where it is not any more."""

    def __init__(self, followed: FollowedFiles, losses: Losses, moved: Sequence[str]) -> None:
        """`moved` are further folders into which rotation moves the logs."""
        self._followed = followed
        self._losses = losses
        self._moved = moved

    def relate(self, file: LogFile) -> None:
        """Compare a file that begins with what is known, once it has lines."""
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
            self._losses.note(Loss.REWRITTEN, file.position.path)
            before.position.retired = before.position.retired or not before.is_open
            file.place(line_start(file, file.status.st_size if file.status else 0))
        elif before is not None and before.gone:
            file.follows = before.read_to

    def find_again(self, file: LogFile, now: float) -> None:
        """Find what was written before a file was truncated, or edited in place."""
        place = resume_offset(file, file)
        if place is not None:
            file.unlink()
            file.place(place, file.position)
            file.related = True
            return
        before, tail, first = replace(file.stored()), file.tail, file.position.first
        copied = self.follow_copy(before, tail, now, Folders())
        if not copied:
            self._followed.forget(self._ghost(before, tail, now))
        self._followed.restart(file)
        if copied or not before.offset:
            return
        if first and first_line(file) == first and file.status is not None:
            self._losses.note(Loss.REWRITTEN, before.path)
            file.place(line_start(file, file.status.st_size))
        elif not before.retired:
            self._losses.note(Loss.TRUNCATED, before.path)

    def _ghost(self, position: Position, tail: bytes, now: float) -> LogFile:
        """Return what was read of a file that is not in it any more: another file may have it."""
        ghost = self._followed.ghost(position, now)
        ghost.tail = tail
        return ghost

    def follow_copy(self, before: Position, tail: bytes, now: float, folders: Folders) -> bool:
        """Follow the copy that a truncated or deleted file left: it has the lines since the last look."""
        for other in self._followed:
            if other.identity == before.identity or other.position.first not in ("", before.first) or not before.first:
                continue
            if other not in self._followed.new and not other.stirred:
                continue  # made before the last look: it cannot have what was written since
            try:
                if tail_of(other, before.offset) == tail and first_line(other) == before.first:
                    if other.position.offset < before.offset:
                        other.place(before.offset, before)
                    self._followed.fresh.append(other)
                    return True
            except OSError:
                continue
        resume = Resume(self._followed, now, self._losses, folders, self._moved)
        position = replace(before, inode=0)
        return resume.by_content(position)
