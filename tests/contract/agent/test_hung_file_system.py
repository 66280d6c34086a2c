"""A file system that never answers: a FUSE mount whose server keeps silent, which is what dead NFS looks like."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.agent.program import agent

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="mounting needs root and /dev/fuse"
)


@pytest.fixture
def silent_mount(mounts: None) -> Iterator[Path]:
    """Mount FUSE by hand and never read a request from it.

    Not below tmp_path, which pytest walks to clean up.
    """
    point = Path(f"/srv/ottwatch-test-{os.getpid()}")
    point.mkdir(parents=True)
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"silent", bytes(point), b"fuse", 0, options) != 0:
        os.close(device)
        point.rmdir()
        pytest.fail(f"mount: {os.strerror(ctypes.get_errno())}")
    try:
        yield point
    finally:
        libc.umount2(bytes(point), 2)  # MNT_DETACH
        os.close(device)  # ends every call that waits
        end = time.monotonic() + 5
        while point.exists():
            try:
                point.rmdir()
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.02)


def test_a_hung_mount_is_an_error_of_that_mount_alone(silent_mount: Path, tmp_path: Path) -> None:
    # statvfs from another process shows that the mount really hangs.
    probe = subprocess.Popen([sys.executable, "-c", f"import os; os.statvfs({str(silent_mount)!r})"])
    with pytest.raises(subprocess.TimeoutExpired):
        probe.wait(0.5)
    probe.kill()
    flag = f'node_filesystem_device_error{{device="silent",fstype="fuse",mountpoint="{silent_mount}"}} 1.0'
    with agent(tmp_path) as running:
        threads = Path(f"/proc/{running.process.pid}/task")
        text = running.get("/metrics").text
        assert flag in text
        assert f'node_filesystem_size_bytes{{device="silent",fstype="fuse",mountpoint="{silent_mount}"}}' not in text
        assert 'mountpoint="/"} 0.0' in text
        assert 'ott_collector_success{collector="filesystem"} 1.0' in text
        before = len(list(threads.iterdir()))
        for _ in range(20):
            assert flag in running.get("/metrics").text
        # Whoever asks the silent mount never comes back: asked again, it would cost a thread each time.
        assert len(list(threads.iterdir())) <= before + 1
    probe.wait(10)
