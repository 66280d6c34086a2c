"""The files of one edge log that are followed, found by identity, by path and by their first line of data."""

from collections.abc import Iterator

from agent.sources.edge_log.input.content import beginning, common, found_behind, has_data, is_copy, line_start, tail_of
from agent.sources.edge_log.input.descriptors import Descriptors
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.losses import Losses
from agent.sources.edge_log.input.position import LINES_OF_PROOF, Position, data_lines, fingerprint

_MOST_FORGOTTEN = 50


class FollowedFiles:
    """The followed files."""

    def __init__(self, descriptors: Descriptors, losses: Losses) -> None:
        self._descriptors = descriptors
        self._losses = losses
        self.fresh: list[LogFile] = []  # made, and not read yet
        self.new: set[LogFile] = set()  # made in this look
        self.active: dict[LogFile, None] = {}  # the one read last at the end
        self._by_identity: dict[tuple[int, int], LogFile] = {}
        self._by_first: dict[str, dict[LogFile, None]] = {}
        self.forgotten: dict[LogFile, None] = {}

    def make(self, position: Position, now: float) -> LogFile:
        """Return the file of a position, which is not followed yet."""
        file = LogFile(position, now, self._descriptors, self._losses)
        self.fresh.append(file)
        self.new.add(file)
        return file

    def ghost(self, position: Position, now: float) -> LogFile:
        """Return what was read of a file that is not there any more."""
        file = LogFile(position, now, self._descriptors, self._losses)
        file.gone = True
        return file

    def __iter__(self) -> Iterator[LogFile]:
        return iter(list(self._by_identity.values()))

    def __len__(self) -> int:
        return len(self._by_identity)

    def get(self, identity: tuple[int, int]) -> LogFile | None:
        """Return the followed file of a device and inode; the inode of a deleted file may be another's by now."""
        file = self._by_identity.get(identity)
        if file is not None and file.gone and not file.is_open:
            self.forget(file)
            return None
        return file

    def forget(self, file: LogFile) -> None:
        """Follow a deleted file no longer, but remember how far it was read: a copy of it may appear."""
        first = file.position.first
        self.remove(file)
        if first:
            self._by_first.setdefault(first, {})[file] = None
            self.forgotten[file] = None
        while len(self.forgotten) > _MOST_FORGOTTEN:
            oldest = next(iter(self.forgotten))
            del self.forgotten[oldest]
            self._forget_first(oldest)

    def add(self, file: LogFile) -> None:
        """Follow a file."""
        self._by_identity[file.identity] = file
        if file.position.first:
            self._by_first.setdefault(file.position.first, {})[file] = None

    def remove(self, file: LogFile) -> None:
        """Follow a file no longer."""
        file.release()
        file.unlink()
        self._forget_first(file)
        if self._by_identity.get(file.identity) is file:
            del self._by_identity[file.identity]

    def restart(self, file: LogFile) -> None:
        """Begin a truncated file again."""
        self._forget_first(file)
        file.restart()

    def _forget_first(self, file: LogFile) -> None:
        alike = self._by_first.get(file.position.first)
        if alike is not None:
            alike.pop(file, None)
            if not alike:
                del self._by_first[file.position.first]

    def relate(self, file: LogFile) -> None:
        """Find the files of which this one is a copy, or which are its copies, once it has lines of data."""
        lines = data_lines(beginning(file))
        if not lines:
            return
        file.related = True
        self._forget_first(file)
        file.position.first = fingerprint(lines[0])
        alike = self._by_first.setdefault(file.position.first, {})
        file.opening = lines
        for other in list(alike):
            if other is not file and other not in file.links:
                _relate(file, other)
        alike[file] = None


def _relate(file: LogFile, other: LogFile) -> None:
    # Of a rotated file the name says as much as a second line.
    least = LINES_OF_PROOF if file.current and other.current else 1
    low = min(file.position.offset, other.position.offset)
    try:
        if len(other.opening) < LINES_OF_PROOF:
            other.opening = data_lines(beginning(other))
        equal = file.opening[:least] == other.opening[:least] and len(file.opening) >= least
        if equal and _same_up_to(file, other, low):
            file.link(other)
    except OSError:
        # The other one is not there any more; what it was known by says how far this one was read under its name.
        known = other.stored()
        if file.position.offset < known.offset and is_copy(file, known, least):
            file.place(known.offset, known)


def _same_up_to(file: LogFile, other: LogFile, offset: int) -> bool:
    return tail_of(file, offset) == tail_of(other, offset)


def continue_in(file: LogFile, gone: LogFile, place: int) -> None:
    """Go on in the file that replaced another one, at the place reached in that.

    An editor, `sed -i` or rsync writes the log's lines into a new file and gives it the log's name. The server may
    write to the old one for a while: lines that both have are handed out of the old one.
    """
    if place == gone.position.offset:
        file.place(place, gone.position)
        file.link(gone)
        return
    shared = 0
    try:
        shared = common(gone, gone.position.offset, file, place, 1 << 62)
        if not gone.pread(1, gone.position.offset + shared):
            gone.contained = gone.position.offset + shared
    except OSError:
        pass  # its descriptor was not held: what it had is in the successor or lost
    end = line_start(file, place + shared, place)
    file.place(place, gone.position)
    if end > place:
        file.place(end, gone.position)


def resume_offset(file: LogFile, known: LogFile) -> int | None:
    """Return where in a rewritten file that which was read of `known` ends; None where it cannot be found."""
    offset, tail = known.position.offset, known.tail
    if not offset or not has_data(tail):
        return None  # nothing but a header was read
    if tail_of(file, offset) == tail:
        return offset
    # A line alone is too little where the file may as well be a new one: servers write equal lines in a second.
    least = 1 if known.gone or file is known else LINES_OF_PROOF
    lines = tail.splitlines(keepends=True)
    while True:
        wanted = b"".join(lines)
        place = found_behind(file, wanted)
        if place is not None or len(lines) <= least:
            return place
        lines = lines[-max(least, len(lines) // 2) :]
