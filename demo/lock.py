"""One demo a checkout: the kernel forgets the lock when its holder is gone, however it went."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.processes import DemoError


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock beside `folder`; raise DemoError naming the process that has it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        opened = folder.with_suffix(".lock").open("a+", encoding="ascii")
    except OSError as error:
        raise DemoError(f"{error.filename}: {error.strerror}; name another folder with --folder") from None
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DemoError(
                f"a demo is running here already (process {file.read().strip() or 'unknown'}); "
                "stop it with Ctrl-C in its terminal, or use it: ./run demo --help"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
