"""The lines of a log file that wait to be read; what a file of the same content has handed out is passed over."""

import contextlib
from collections.abc import Iterator

from agent.sources.edge_log.formats.batch import Reason
from agent.sources.edge_log.input.chunk import CHUNK_SIZE, Chunk, split_long
from agent.sources.edge_log.input.content import common, is_copy, line_start, tail_of
from agent.sources.edge_log.input.log_file import LogFile
from agent.sources.edge_log.input.losses import Loss
from agent.sources.edge_log.input.nul import RUN, data_behind, without_nul

# Beyond this much that two files should have in common, their last bytes are compared in place of all.
_COMPARED = 1 << 20


def whole_lines(file: LogFile, now: float, max_line: int) -> Iterator[Chunk]:  # noqa: C901 - one loop over what may wait
    """Yield the whole lines that wait; the position has passed a chunk when it is handed out."""
    position = file.position
    while True:
        if file.links:
            _pass_shared(file)
        data = file.pread(CHUNK_SIZE, position.offset)
        if not data:
            break
        end = data.rfind(b"\n") + 1
        if position.skipping:
            end = data.find(b"\n") + 1
            position.skipping = not end
            file.advance(data[:end] if end else data)
            continue
        if not end:
            data = file.pread(max_line + 1, position.offset)
            end = data.rfind(b"\n") + 1
        if not end and data.startswith(RUN):
            if not _pass_nul(file):
                break
            continue
        if not end:
            if len(data) <= max_line:
                break  # the line is still being written
            yield _overlong(file, data)
            continue
        file.quiet_since = now
        for chunk in split_long(data[:end], max_line):
            file.advance(chunk)
            yield _chunk(file, chunk, max_line)
    file.know()
    file.note_used()


def _chunk(file: LogFile, chunk: bytes, max_line: int) -> Chunk:
    if b"\0" in chunk and RUN in chunk:  # looking for the one byte first is many times as fast
        file.losses.note(Loss.NUL, file.position.path)
        chunk = without_nul(chunk)
    if len(chunk) > max_line + 1 and chunk.find(b"\n") == len(chunk) - 1:
        return Chunk(file, b"", Reason.TOO_LONG)
    return Chunk(file, chunk)


def _overlong(file: LogFile, data: bytes) -> Chunk:
    """Pass a line that is too long; what NUL bytes end is a line cut short."""
    nul = data.find(RUN)
    if nul > 0:
        file.advance(data[:nul])
        return Chunk(file, data[:nul], Reason.TRUNCATED)
    file.advance(data)
    file.position.skipping = True
    return Chunk(file, b"", Reason.TOO_LONG)


def _pass_nul(file: LogFile) -> bool:
    """Pass the NUL bytes of a crash once a line follows them; until then they may still be written."""
    end = data_behind(file, file.descriptor, file.position.offset)
    if end is None:
        return False
    file.losses.note(Loss.NUL, file.position.path)
    file.position.offset = end
    file.tail = tail_of(file, end)
    return True


def unfinished(file: LogFile, max_line: int) -> Iterator[Chunk]:
    """Yield the unfinished line at the end of a file that will not grow any more."""
    try:
        data = file.pread(max_line + 1, file.position.offset)
    except OSError:
        return
    if file.contained is not None and file.contained == file.position.offset + len(data):
        return  # the successor has this line from its beginning
    if any(_has(other, data, file.position.offset) for other in file.links):
        return
    file.advance(data)
    if data.strip(b"\0") and not file.position.skipping:
        yield Chunk(file, data.replace(b"\0", b""), Reason.TRUNCATED)


def _pass_shared(file: LogFile) -> None:
    """Pass over the lines that a file of the same content has handed out."""
    for other in list(file.links):
        if other.position.offset <= file.position.offset:
            continue
        try:
            _pass(file, other)
        except OSError:  # it is not there any more, but what it was known by
            file.links.discard(other)
            other.links.discard(file)
            known = other.stored()
            if is_copy(file, known, 1):
                file.place(known.offset, known)


def _pass(file: LogFile, other: LogFile) -> None:
    begin, target = file.position.offset, other.position.offset
    equal = 0
    if target - begin > _COMPARED and tail_of(file, target) == other.tail:
        equal = target - begin
    else:
        equal = common(file, begin, other, begin, target - begin)
    end = begin + equal
    if end < target:
        if file.pread(1, end):  # they differ from here on
            file.links.discard(other)
            other.links.discard(file)
        end = line_start(file, end, begin)
    if end > begin:
        file.place(end, other.position)


def _has(file: LogFile, data: bytes, offset: int) -> bool:
    with contextlib.suppress(OSError):
        return file.pread(len(data), offset) == data
    return False
