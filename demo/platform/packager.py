"""The packager: writes every channel's next segment and playlist, in time, for as long as it runs.

Segments are numbered by the clock (Unix time over the segment's length), so a packager that starts again goes on
where it would have been, with the counters and clocks a player expects.
"""

import argparse
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.platform import playlist
from demo.platform.lineup import CHANNELS, SEGMENT_SECONDS, WINDOW_SEGMENTS, Rendition
from demo.platform.picture import FRAME_RATE, access_unit
from demo.platform.transport import CLOCK, SegmentTemplate, lay_out
from service import logs

# A player may still ask for what has just left the playlist (RFC 8216, 6.2.2).
_KEPT_SEGMENTS = WINDOW_SEGMENTS + 4

logger = logging.getLogger("demo.packager")


@dataclass(frozen=True, slots=True)
class Stream:
    """One rendition of one channel: where it is written, and how its segments look."""

    folder: Path
    template: SegmentTemplate

    def write(self, sequence: int) -> None:
        """Write segment `sequence`."""
        replace(self.folder / f"{sequence}.ts", self.template.segment(sequence, sequence * SEGMENT_SECONDS * CLOCK))

    def publish(self, newest: int) -> None:
        """Write the playlist that ends with segment `newest`, and delete what no player asks for any more."""
        window = playlist.media(newest - WINDOW_SEGMENTS + 1, WINDOW_SEGMENTS)
        replace(self.folder / "index.m3u8", window.encode())
        for segment in self.folder.glob("*.ts"):
            if int(segment.stem) <= newest - _KEPT_SEGMENTS:
                segment.unlink()


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the whole old one or the whole new one."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


def prepare(root: Path) -> list[Stream]:
    """Make the folders and master playlists, and lay out every stream's segment."""
    streams = []
    for shift, (channel, renditions) in enumerate(CHANNELS.items()):
        (root / channel).mkdir(parents=True, exist_ok=True)
        replace(root / channel / "index.m3u8", playlist.master(renditions).encode())
        for rendition in renditions:
            folder = root / channel / rendition.name
            folder.mkdir(exist_ok=True)
            streams.append(Stream(folder, template(rendition, shift)))
    return streams


def template(rendition: Rendition, shift: int) -> SegmentTemplate:
    """Lay out the segment of a rendition; `shift` tells the channels' pictures apart."""
    units = [access_unit(rendition.size, frame, shift) for frame in range(SEGMENT_SECONDS * FRAME_RATE)]
    return lay_out(units, SEGMENT_SECONDS, rendition.bits_per_second)


def newest_at(now: float) -> int:
    """Return the number of the last segment that is complete at `now`."""
    return int(now // SEGMENT_SECONDS) - 1


def fill(streams: list[Stream], now: float) -> int:
    """Write a whole window, so that the first viewer finds a stream that has been live for a while; return its end."""
    newest = newest_at(now)
    for stream in streams:
        for sequence in range(newest - WINDOW_SEGMENTS + 1, newest + 1):
            stream.write(sequence)
        stream.publish(newest)
    return newest


def due(streams: list[Stream], sequence: int) -> Iterator[tuple[float, Stream]]:
    """Yield each stream with the time to write `sequence`: spread over one second, as encoders are not in step."""
    ready = (sequence + 1) * SEGMENT_SECONDS
    for place, stream in enumerate(streams):
        yield ready + place / len(streams), stream


def main() -> None:
    """Fill the windows, then keep them moving until killed."""
    arguments = argparse.ArgumentParser("packager", description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("root", type=Path)
    arguments.add_argument("--name", help="the process's name for those who watch it")
    given = arguments.parse_args()
    root = given.root
    if given.name:
        Path("/proc/self/comm").write_text(given.name, "ascii")
    logs.configure("text")
    streams = prepare(root)
    sequence = fill(streams, time.time())
    (root / "ready").touch()
    logger.info("%d streams of %d channels are live", len(streams), len(CHANNELS))
    while True:
        sequence += 1
        for moment, stream in due(streams, sequence):
            time.sleep(max(0.0, moment - time.time()))
            try:
                stream.write(sequence)
                stream.publish(sequence)
            except OSError as error:  # a full disk: go on with the next, there may be room again
                logger.warning("segment %d of %s cannot be written: %s", sequence, stream.folder.name, error.strerror)


if __name__ == "__main__":
    main()
