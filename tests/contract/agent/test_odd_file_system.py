"""A file system that answers as odd ones do: a FUSE mount with figures of ours, asked through the kernel and Python."""

import ctypes
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.host import filesystem
from agent.host.root import Host

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="mounting needs root and /dev/fuse"
)

# Of include/uapi/linux/fuse.h: the header of a request and of an answer, and the requests that are made.
_REQUEST, _ANSWER = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
_GETATTR, _STATFS, _INIT = 3, 17, 26
_NOT_THERE = 38  # ENOSYS
_FOLDER = struct.pack("<QII6Q10I", 1, 0, 0, 1, *[0] * 5, *[0] * 3, 0o40755, 1, 0, 0, 0, 4096, 0)
_BLOCK = 1 << 20


class Figures(NamedTuple):
    """Blocks of a mebibyte and inodes, as the kernel has them: without a sign."""

    blocks: int
    free: int
    available: int
    inodes: int
    inodes_free: int


def answer(device: int, figures: Figures) -> None:
    """Answer what the kernel asks until it is unmounted."""
    bodies = {
        _INIT: struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 0, 0, 4096, 0, 0, 0, 0, *[0] * 7),
        _STATFS: struct.pack("<5Q4I6I", *figures, _BLOCK, 255, _BLOCK, 0, *[0] * 6),
        _GETATTR: _FOLDER,
    }
    while True:
        try:
            request = os.read(device, 1 << 17)
        except OSError:
            return
        _, what, unique, *_ = _REQUEST.unpack_from(request)
        body = bodies.get(what, b"")
        os.write(device, _ANSWER.pack(_ANSWER.size + len(body), 0 if body else -_NOT_THERE, unique) + body)


@contextmanager
def mounted(figures: Figures) -> Iterator[str]:
    """Mount it; not below tmp_path, which pytest walks to clean up."""
    point = Path(f"/srv/ottwatch-odd-{os.getpid()}")
    point.mkdir(parents=True)
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    try:
        if libc.mount(b"odd", bytes(point), b"fuse", 0, options) != 0:
            pytest.fail(f"mount: {os.strerror(ctypes.get_errno())}")
        threading.Thread(target=answer, args=[device, figures], daemon=True).start()
        yield str(point)
    finally:
        libc.umount2(bytes(point), 2)  # MNT_DETACH
        os.close(device)
        point.rmdir()


def told(figures: Figures) -> dict[str, float]:
    with mounted(figures) as point:
        samples = [*filesystem.parse(filesystem.read(Host()))]
    return {sample.metric.name: float(str(sample.value)) for sample in samples if point in sample.labels}


def test_less_than_nothing_is_free(mounts: None) -> None:
    found = told(Figures(1000, 2**64 - 5, 2**64 - 60, 5000, 400))
    assert found["node_filesystem_size_bytes"] == 1000 * _BLOCK
    assert (found["node_filesystem_free_bytes"], found["node_filesystem_avail_bytes"]) == (0, 0)
    assert (found["node_filesystem_files"], found["node_filesystem_files_free"]) == (5000, 400)


def test_inodes_that_are_made_as_they_are_needed(mounts: None) -> None:
    found = told(Figures(1000, 400, 300, 5079, 2**64 - 1))
    assert (found["node_filesystem_free_bytes"], found["node_filesystem_avail_bytes"]) == (400 * _BLOCK, 300 * _BLOCK)
    assert not any("filesystem_files" in name for name in found)
