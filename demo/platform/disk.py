"""A node's own small disk, which can fill up."""

import errno
import os
import time
from pathlib import Path

SIZE = 128 << 20  # bytes: twice what the channels take
_LARGEST, _SMALLEST = 1 << 20, 1 << 12  # bytes written at once


def fill_up(path: Path, seconds: float) -> None:
    """Take all room of the disk that holds a file into this file, to the last block.

    A file system counts pessimistically while data waits to be written, so "no space" is believed only when nothing is
    taken any more after that is done. For some seconds what others free is taken, too: who deletes as much as it
    writes would never notice otherwise. Raises OSError when writing fails for another reason than space.
    """
    end = time.monotonic() + seconds
    size = _LARGEST
    with path.open("ab", buffering=0) as file:
        while True:
            try:
                written = file.write(bytes(size))
                os.fsync(file.fileno())
                if written == size:
                    continue
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            if size > _SMALLEST:
                size //= 4
            elif time.monotonic() < end:
                time.sleep(0.02)
            else:
                return
