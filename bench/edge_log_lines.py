"""Lines per CPU second of session counting, beside mtail doing the same in the same run. Bound: at least 5 times.

    python -m bench.edge_log_lines [--lines 1000000] [--rounds 3]

Both read the same combined log as strictly: mtail's program takes apart what ours does, parses the time, and keeps the
newest request of each viewer on each channel, which is as near as mtail comes to a session. Both must count the same
requests, bytes and rejects. Start-up is taken off: mtail's by a run on an empty log.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agent.edge_log.engine import Engine, spare_garbage_collector
from agent.edge_log.follower import Follower
from agent.edge_log.settings import EdgeLogSettings
from bench.edge_log_generator import BEGIN, PLAYERS
from service.settings import make_converter

BOUND = 5.0
VIEWERS, CHANNELS, RATE = 15_000, 200, 5_000
LINE = (
    r"^(?P<address>[0-9A-Za-z.:_%-]+) [^ ]* [^ ]* \[(?P<time>[^\]]{26})\]"
    r' "GET \/live\/(?P<channel>[^\/]+)\/[^ ?]*\?token=(?P<token>[0-9a-f]{32}) HTTP\/[0-9.]+"'
    r' (?P<code>[0-9])[0-9]{2} (?P<size>[0-9]+) "[^"]*" "(?P<agent>[^"]*)"$'
)
MTAIL = f"""counter requests by code
counter egress_bytes
counter rejected
gauge last_request by viewer, channel
/{LINE}/ {{
  strptime($time, "02/Jan/2006:15:04:05 -0700")
  requests[$code]++
  egress_bytes += $size
  last_request[$token][$channel] = timestamp()
}} else {{
  rejected++
}}
"""


def write_log(path: Path, lines: int) -> None:
    """Write a combined log: every viewer asks in turn, one line in two hundred is cut short."""
    chance = random.Random(3)
    tokens = [f"{chance.getrandbits(128):032x}" for _ in range(VIEWERS)]
    with path.open("w") as file:
        for number in range(lines):
            viewer = number * 7919 % VIEWERS
            second = number // RATE
            stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(BEGIN + second))
            name = "index.m3u8" if number // VIEWERS % 2 else f"{second // 6}.ts"
            line = (
                f"10.{viewer >> 16}.{viewer >> 8 & 255}.{viewer & 255} - - [{stamp}]"
                f' "GET /live/c{viewer % CHANNELS}/720p/{name}?token={tokens[viewer]} HTTP/1.1"'
                f' 200 {chance.randrange(500, 2_000_000)} "-" "{PLAYERS[viewer % 3]}"'
            )
            file.write((line[:60] if number % 200 == 7 else line) + "\n")


def mtail(log: Path, program: Path) -> tuple[float, dict[str, int]]:
    """Return mtail's CPU seconds and counts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call = ["mtail", "--one_shot", "--one_shot_format=json", "--progs", str(program), "--logs", str(log)]
    result = subprocess.run(call, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    counts: dict[str, int] = {}
    for name, metrics in json.loads(result.stdout[result.stdout.index("{") :]).items():
        values = [one["Value"]["Value"] for metric in metrics for one in metric.get("LabelValues") or ()]
        counts[name] = len(values) if name == "last_request" else sum(values)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, counts


def ours(log: Path) -> tuple[float, dict[str, int]]:
    """Return our CPU seconds and counts, by the way of the live source: follower, parser, engine."""
    keys = {
        "service": "ott",
        "paths": [str(log)],
        "format": "combined",
        "viewer": ["[?&]token=([0-9a-f]{32})"],
        "channel": "^/live/([^/]+)/",
    }
    settings = make_converter().structure(keys, EdgeLogSettings)
    spare_garbage_collector()
    began = time.process_time()
    engine = Engine(settings.definition, b"bench")
    follower = Follower(settings.paths, settings.max_line, begin_at_end=False)
    parser = settings.make_format().parser()
    for piece in follower.poll(0.0):
        engine.feed(parser.parse(piece.data), 1e12)
    spent = time.process_time() - began
    follower.close()
    counters = engine.flush()
    return spent, {
        "requests": counters.requests.total(),
        "egress_bytes": counters.egress.total(),
        "rejected": counters.rejects.total(),
        "last_request": engine.sessions.started,
    }


def main() -> int:
    """Print lines per CPU second and their ratio; exit status 1 below the bound."""
    parser = argparse.ArgumentParser("bench.edge_log_lines", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    peers, own = [], []
    with tempfile.TemporaryDirectory() as folder:
        log, empty, program = Path(folder, "access.log"), Path(folder, "empty.log"), Path(folder, "edge.mtail")
        write_log(log, arguments.lines)
        empty.touch()
        program.write_text(MTAIL)
        start_up = mtail(empty, program)[0]
        for _ in range(arguments.rounds):
            spent, theirs = mtail(log, program)
            peers.append(arguments.lines / (spent - start_up))
            spent, counts = ours(log)
            own.append(arguments.lines / spent)
            if theirs != counts:
                print(f"they counted {theirs}, we {counts}")
                return 1
    ratio = statistics.median(own) / statistics.median(peers)
    print(f"mtail    {statistics.median(peers):9,.0f} lines per CPU second (rounds {[round(one) for one in peers]})")
    print(f"ottwatch {statistics.median(own):9,.0f} lines per CPU second (rounds {[round(one) for one in own]})")
    print(f"ratio    {ratio:.2f} (bound {BOUND:g}); both counted {counts}")
    return int(ratio < BOUND)


if __name__ == "__main__":
    sys.exit(main())
