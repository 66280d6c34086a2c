"""Import a library as if another were not installed.

Some load a companion where it is there, for a use that is none of the agent's: PyMySQL `cryptography`, for one kind of
password of one server, and httpx `click`, for a command line. What is loaded stays in memory for months.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Let no import within find the package `name`; one that is loaded stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's way to say: no such module
    try:
        yield
    finally:
        del sys.modules[name]
