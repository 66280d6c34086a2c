"""Files that no path of the patterns leads to any more: rotated away, moved or deleted."""

from collections.abc import Iterator, Sequence

from agent.sources.edge_log.input.chunk import Chunk
from agent.sources.edge_log.input.content import COMPRESSED, path_has_tail
from agent.sources.edge_log.input.followed import FollowedFiles
from agent.sources.edge_log.input.lines import unfinished
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.rewritten import RewrittenFiles
from agent.sources.edge_log.input.rotation import Folders, folder_of

# A renamed file is read on until it was quiet for this long: its writer may not have noticed yet. After that it is
# still looked at now and then, like every quiet file.
LINGER = 60.0
# Of files that are rotated away so many are remembered.
_MOST_RETIRED = 100


class MovedFiles:
    """Finds, reads on and gives up the files that were moved."""

    def __init__(
        self,
        followed: FollowedFiles,
        losses: Losses,
        moved: Sequence[str],
        rewritten: RewrittenFiles,
        max_line: int,
    ) -> None:
        """`moved` are further folders into which rotation moves the logs."""
        self._followed = followed
        self._losses = losses
        self._moved = moved
        self._rewritten = rewritten
        self._max_line = max_line

    def leave(self, file: LogFile, now: float, folders: Folders) -> None:
        """No path of the patterns leads to a file any more: find where it is."""
        file.current, file.quiet_since = False, now
        self._followed.active[file] = None
        place = self._find(file, folders, [*folders.around(file.position.path), *self._moved])
        file.gone = place is None
        if place is not None:
            file.position.path = place

    def look_at(self, file: LogFile, folders: Folders) -> bool:
        """Look at a file that no pattern takes; forget it where it is gone. Return whether it may be read."""
        try:
            file.look()
        except OSError:
            place = self._find(file, folders, [folder_of(file.position.path)])
            if place is None:
                self._vanished(file, folders)
                return False
            file.position.path = place
        return True

    def _find(self, file: LogFile, folders: Folders, where: Sequence[str]) -> str | None:
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
        self.lose(file, folders)

    def lose(self, file: LogFile, folders: Folders) -> None:
        """Say that a file is gone, unless it was read to its end or has a copy."""
        self._followed.forget(file)
        active = self._followed.active.pop(file, 0) is None
        if file.position.retired:
            return
        if not self._rewritten.follow_copy(file.stored(), file.tail, file.quiet_since, folders):
            unread = file.status is not None and file.status.st_size > file.position.offset
            if unread or active:
                self._losses.note(Loss.VANISHED, file.position.path)

    def retire(self, now: float) -> Iterator[Chunk]:
        """Close the files that were quiet for long enough."""
        for file in [one for one in self._followed.active if now - one.quiet_since >= LINGER]:
            if file.gone and not file.is_open and not file.position.retired:
                self.lose(file, Folders())  # no successor has shown that it has its lines
                continue
            del self._followed.active[file]
            if not file.current:
                yield from unfinished(file, self._max_line)
                file.position.retired = True
                if file.gone:
                    self._followed.forget(file)
                else:
                    file.release()
        retired = [one for one in self._followed if one.position.retired] if len(self._followed) > _MOST_RETIRED else []
        for file in sorted(retired, key=lambda one: one.quiet_since)[:-_MOST_RETIRED]:
            self._followed.remove(file)
