"""Reads an access log with CMCD in every line beside the same log without, in turns; and the memory of a session.

Figures are ratios of processor time, because machines that measure are shared: medians over short rounds, in an order
drawn anew for each. Lines are those of hls.js and dash.js.
"""

import argparse
import random
import re
import sys
import time
import tracemalloc
from collections.abc import Sequence
from statistics import median
from urllib.parse import quote

from agent.sources.edge_log.formats.by_name import make_format
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine, spare_garbage_collector
from bench.edge_log_formats import Request, ott

CHUNK = 1 << 20
TOKEN, CHANNEL = re.compile(rb"[?&]token=([0-9a-f]{32})"), re.compile(b"^/live/([^/]+)/")
WHOLE = 635_000  # lines per second of CPU of `ott` without CMCD, docs/edge-log.md
WANTED = 400_000
SLOWER, LARGER = 1.03, 1.3


def line(number: int, *, cmcd: bool) -> bytes:
    """Return a line; every viewer has a player of version 1 or 2."""
    request = Request(number)
    if cmcd:
        request.target += "&CMCD=" + quote(_members(number), safe="")
    return ott(request).encode() + b"\n"


def _members(number: int) -> str:
    viewer, buffer = number * 7919 % 15_000, 2000 + number % 40 * 100
    if viewer % 2:
        return (
            f'bl={buffer},br=300,cid="channel",d=6000,dl={buffer},mtp=600,nor="ts7.ts",ot=av,rtp=1500,sf=h,'
            f'sid="{viewer:032x}",st=v,tb=300'
        )
    return (
        f'bl=({buffer};v),br=(250;v),cid="channel",d=6000,mtp=(9900;v),nor=("video5.m4s"),ot=v,'
        f'sid="{viewer:032x}",sn={number // 15_000},sta=p,v=2'
    )


def chunks(lines: Sequence[bytes]) -> list[bytes]:
    """Return the lines in pieces as the agent reads them."""
    text, pieces = b"".join(lines), []
    while text:
        end = text.rfind(b"\n", 0, CHUNK) + 1
        pieces.append(text[:end])
        text = text[end:]
    return pieces


def seconds(pieces: Sequence[bytes], *, cmcd: bool) -> float:
    """Return the processor time of reading the pieces."""
    engine = engine_of(cmcd=cmcd)
    parser = make_format("ott").parser()
    began = time.process_time()
    for piece in pieces:
        engine.feed(parser.parse(piece), 4e9)
    return time.process_time() - began


def engine_of(*, cmcd: bool) -> Engine:
    """Return an engine, with the reader of CMCD where it is wanted."""
    definition = Definition(viewer=[TOKEN], channel=CHANNEL, cmcd=cmcd)
    return Engine(definition, b"secret", companion=Quality(definition) if cmcd else None)


def memory(pieces: Sequence[bytes], *, cmcd: bool) -> float:
    """Return the bytes of a session."""
    engine, parser = engine_of(cmcd=cmcd), make_format("ott").parser()
    tracemalloc.start()
    for piece in pieces:
        engine.feed(parser.parse(piece), 4e9)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / len(engine.sessions)


def main() -> int:
    """Measure; exit status 1 beyond the bounds."""
    arguments = argparse.ArgumentParser("bench.edge_log_quality", description=__doc__)
    arguments.add_argument("--lines", type=int, default=60_000)
    arguments.add_argument("--rounds", type=int, default=21)
    given = arguments.parse_args()
    spare_garbage_collector()
    plain = chunks([line(number, cmcd=False) for number in range(given.lines)])
    with_cmcd = chunks([line(number, cmcd=True) for number in range(given.lines)])
    off: list[float] = []
    idle: list[float] = []
    on: list[float] = []
    kinds = [(off, plain, False), (idle, plain, True), (on, with_cmcd, True)]
    for _ in range(given.rounds):
        for times, pieces, cmcd in random.sample(kinds, len(kinds)):
            times.append(seconds(pieces, cmcd=cmcd))
    without, ratio = median(off), [median(a / b for a, b in zip(some, off, strict=True)) for some in (idle, on)]
    print(f"without CMCD, not read          {given.lines / without:>9,.0f} lines a second of CPU")
    print(f"without CMCD, but looked for    {ratio[0]:.3f} times the time (at most {SLOWER})")
    with_it = f"so {WHOLE / ratio[1]:,.0f} lines where it is {WHOLE:,}"
    print(f"CMCD in every line              {ratio[1]:.3f} times the time, {with_it}")
    sizes = [memory(plain, cmcd=False), memory(with_cmcd, cmcd=True)]
    more = f"with its playback {sizes[1]:.0f} ({sizes[1] / sizes[0]:.2f} times)"
    print(f"memory of a session             {sizes[0]:.0f} bytes, {more}")
    return int(ratio[0] > SLOWER or WHOLE / ratio[1] < WANTED or sizes[1] > LARGER * sizes[0])


if __name__ == "__main__":
    sys.exit(main())
