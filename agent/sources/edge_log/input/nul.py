"""NUL bytes in a log: what a crash leaves where lines had not reached the disk, or a writer that does not append.

After `copytruncate` a server that writes at its old offset leaves a hole as long as the log was; after a power failure
the file has its new length, and NUL bytes in place of the last lines.
"""

import errno
import os
import re

from agent.sources.edge_log.input.chunk import CHUNK_SIZE
from agent.sources.edge_log.input.content import Readable

# Fewer are part of a line that was rubbish when it was written.
RUN = bytes(8)
_BEFORE = re.compile(rb"^[^\n]*\0{8}(?=[^\n\0])", re.MULTILINE)
_BEHIND = re.compile(rb"\0{8,}(?=\n)")


def without_nul(lines: bytes) -> bytes:
    """Return the lines without NUL bytes: of a line torn by them what follows, which was written after the crash."""
    return _BEHIND.sub(b"", _BEFORE.sub(b"", lines))


def data_behind(file: Readable, descriptor: int | None, offset: int) -> int | None:
    """Return where the NUL bytes at a place end, holes being jumped over; None while nothing follows them."""
    while True:
        if descriptor is not None:
            try:
                offset = max(offset, os.lseek(descriptor, offset, os.SEEK_DATA))
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return None  # a hole up to the end
        data = file.pread(CHUNK_SIZE, offset)
        if not data:
            return None
        rest = data.lstrip(b"\0")
        if rest:
            return offset + len(data) - len(rest)
        offset += len(data)
