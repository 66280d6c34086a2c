"""A hundred thousand players with CMCD at once: memory and processor time; and as many again beyond the bound.

    ./run bench edge_log_crowd [--sessions 100000]

Half of them send a muxed segment every six seconds (version 1, as hls.js), half of them picture and sound apart
(version 2, as dash.js), four segments each. Then come as many others, of whom nobody may be taken and each request
must be counted as untracked; then all are silent, and nothing may be left.
"""

import argparse
import re
import sys
import time
import tracemalloc
from collections.abc import Iterator

from agent.sources.edge_log.formats.by_name import make_format
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine, spare_garbage_collector

BEGIN, SEGMENT, SEGMENTS, CHANNELS = 1_769_040_000, 6, 4, 200
LINES_AT_ONCE = 4_000
TOKEN, CHANNEL = re.compile(rb"[?&]token=([0-9a-f]{32})"), re.compile(b"^/live/([^/]+)/")


def request(viewer: int, moment: float, number: int, track: str) -> str:
    """Return a line of the format `ott`."""
    session, buffer = f"{viewer:032x}", 12_000 + viewer % 9 * 100
    if track == "av":
        report = (
            f"bl%3D{buffer}%2Cbr%3D3000%2Ccid%3D%22c%22%2Cd%3D6000%2Cmtp%3D25000%2Cot%3Dav%2Csf%3Dh"
            f"%2Csid%3D%22{session}%22%2Cst%3Dl"
        )
    else:
        report = (
            f"bl%3D({buffer}%3B{track})%2Cbr%3D(3000%3B{track})%2Cd%3D6000%2Cot%3D{track}"
            f"%2Csid%3D%22{session}%22%2Csn%3D{number}%2Csta%3Dp%2Cv%3D2"
        )
    target = f"/live/c{viewer % CHANNELS}/{track}{number}.m4s?token={session}&CMCD={report}"
    return f'{moment:.3f} 10.0.0.1 200 2250000 0.250 "GET {target} HTTP/1.1" "Player" "-"\n'


def lines(viewers: range, since: float) -> Iterator[bytes]:
    """Yield the requests of these viewers in the order of their times, some thousand lines at once."""
    some: list[str] = []
    for number in range(SEGMENTS):
        for place, viewer in enumerate(viewers):
            moment = since + SEGMENT * (number + place / len(viewers))
            some += [request(viewer, moment, number, track) for track in (("av",) if viewer % 2 else ("v", "a"))]
            if len(some) >= LINES_AT_ONCE:
                yield "".join(some).encode()
                some = []
    if some:
        yield "".join(some).encode()


class Crowd:
    """The engine that reads them, and what it took."""

    def __init__(self, sessions: int, *, cmcd: bool) -> None:
        definition = Definition(viewer=[TOKEN], channel=CHANNEL, cmcd=cmcd, max_sessions=sessions)
        self.quality = Quality(definition)
        self.engine = Engine(definition, b"secret", companion=self.quality if cmcd else None)
        self.parser = make_format("ott").parser()
        self.lines, self.seconds = 0, 0.0

    def read(self, viewers: range, since: float) -> None:
        """Read the requests of these viewers."""
        for text in lines(viewers, since):
            began = time.process_time()
            self.engine.feed(self.parser.parse(text), 4e9)
            self.seconds += time.process_time() - began
            self.lines += text.count(b"\n")


def main() -> int:
    """Measure; exit status 1 where the bound does not hold."""
    arguments = argparse.ArgumentParser("bench.edge_log_crowd", description=__doc__)
    arguments.add_argument("--sessions", type=int, default=100_000)
    count = arguments.parse_args().sessions
    spare_garbage_collector()
    timed = Crowd(count, cmcd=True)
    timed.read(range(count), BEGIN)
    rate = timed.lines / timed.seconds
    print(
        f"{timed.lines:,} lines of {count:,} players in {timed.seconds:.1f} s of CPU, {rate:,.0f} a second", flush=True
    )
    del timed
    sizes = []
    for cmcd in (False, True):
        tracemalloc.start()
        crowd = Crowd(count, cmcd=cmcd)
        crowd.read(range(count), BEGIN)
        sizes.append(tracemalloc.get_traced_memory()[0])
        if not cmcd:
            tracemalloc.stop()
    taken = (len(crowd.engine.sessions), len(crowd.quality))
    with_it = f"with their playbacks {sizes[1] / 1e6:.0f} MB, {sizes[1] / count:.0f} bytes each"
    print(f"memory of {taken[0]:,} sessions {sizes[0] / 1e6:.0f} MB; {with_it}", flush=True)
    before = crowd.lines
    crowd.read(range(count, 2 * count), BEGIN + SEGMENT)  # while the others still count as there
    full, size = (len(crowd.engine.sessions), len(crowd.quality)), tracemalloc.get_traced_memory()[0]
    untracked, others = crowd.quality.untracked, crowd.lines - before
    print(f"as many again: {full[1]:,} playbacks, {untracked:,} of {others:,} requests untracked, {size / 1e6:.0f} MB")
    crowd.engine.expire(BEGIN + 3600)
    left = (len(crowd.engine.sessions), len(crowd.quality))
    size = tracemalloc.get_traced_memory()[0]
    print(f"when all have gone: {left[1]} playbacks, {size / 1e6:.1f} MB")
    held = taken == full == (count, count) and untracked == others and left == (0, 0)
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
