"""The demo's disk, an ext4 of its own, once filled takes no segment any more until there is room."""

import subprocess
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from demo.platform import packager
from demo.platform.disk import SIZE, fill_up


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    image, root = tmp_path / "disk.img", tmp_path / "disk"
    root.mkdir()
    with image.open("wb") as file:
        file.truncate(SIZE)
    try:
        for command in (
            ["mkfs.ext4", "-q", "-F", "-m", "0", str(image)],
            ["mount", "-o", "loop", str(image), str(root)],
        ):
            subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk of its own takes root, a loop device and mkfs.ext4: {error}")
    try:
        yield root
    finally:
        subprocess.run(["umount", root], check=True)


def test_nothing_is_written_to_a_full_disk_although_the_packager_deletes_as_much_as_it_writes(disk: Path) -> None:
    streams = packager.prepare(disk)
    newest = packager.fill(streams, time.time())
    over = threading.Event()

    def write() -> None:
        for sequence in count(newest + 1):
            for stream in streams:
                if over.wait(0.01):
                    return
                try:
                    stream.write(sequence)
                    stream.publish(sequence)
                except OSError:
                    continue

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(1)
        fill_up(disk / "filler", 2)
        # What is written beside the playlist and then takes its place: neither can be.
        at_the_end = [(stream.folder / "index.m3u8").read_bytes() for stream in streams]
        time.sleep(2)
        assert [(stream.folder / "index.m3u8").read_bytes() for stream in streams] == at_the_end
        (disk / "filler").unlink()
        time.sleep(2)
        assert all(
            (stream.folder / "index.m3u8").read_bytes() != before
            for stream, before in zip(streams, at_the_end, strict=True)
        )
    finally:
        over.set()
        writer.join()
