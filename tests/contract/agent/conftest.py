"""What tests of one machine share when they run side by side."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def mounts() -> Iterator[None]:
    """Keep the machine's mounts to one test at a time: a mount that hangs would stop node_exporter beside it."""
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
