"""Lines per CPU second of session counting, beside mtail doing the same in the same run. Bound: at least 5 times.

    python -m bench.edge_log_lines [--format NAME…] [--lines 300000] [--rounds 3]

Both read the same log as strictly, each format in turn: mtail's program takes apart what ours does, parses the time,
sorts the request's time into the same buckets where the format has it, and keeps the newest request of each viewer on
each channel, which is as near as mtail comes to a session. Both must count the same requests, bytes, rejects and
identities. Start-up is taken off: mtail's by a run on an empty log.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agent.sources.edge_log.input.follower import Follower
from agent.sources.edge_log.sessions.counters import BUCKETS
from agent.sources.edge_log.sessions.engine import Engine, spare_garbage_collector
from agent.sources.edge_log.settings import EdgeLogSettings
from bench.edge_log_formats import FORMATS, Format, Request
from service.settings import make_converter

BOUND = 5.0
CUT = 60  # one line in two hundred is cut short after so many bytes


def program(log_format: Format) -> str:
    """Return mtail's program."""
    timed = log_format.took != ""
    return f"""counter requests by code
counter egress_bytes
counter rejected
gauge last_request by viewer, channel
{f"histogram took buckets {', '.join(map(str, BUCKETS))}" if timed else ""}
/{log_format.expression}/ {{
  {log_format.moment}
  requests[$code]++
  egress_bytes += $size
  last_request[$token][$channel] = timestamp()
  {f"took = {log_format.took}" if timed else ""}
}} else {{
  /^[^#]/ {{
    rejected++
  }}
}}
"""


def write_log(path: Path, lines: int, log_format: Format) -> None:
    """Write a log of that format."""
    with path.open("w") as file:
        file.write(log_format.head)
        for number in range(lines):
            line = log_format.write(Request(number))
            file.write((line[:CUT] if number % 200 == 7 else line) + "\n")


def mtail(log: Path, source: Path) -> tuple[float, dict[str, int]]:
    """Return mtail's CPU seconds and counts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call = ["mtail", "--one_shot", "--one_shot_format=json", "--progs", str(source), "--logs", str(log)]
    result = subprocess.run(call, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    counts: dict[str, int] = {}
    for name, metrics in json.loads(result.stdout[result.stdout.index("{") :]).items():
        values = [one["Value"] for metric in metrics for one in metric.get("LabelValues") or ()]
        if name == "last_request":
            counts[name] = len(values)
        else:
            counts[name] = sum(one["Count" if name == "took" else "Value"] for one in values)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, counts


def ours(log: Path, log_format: Format) -> tuple[float, dict[str, int]]:
    """Return our CPU seconds and counts, by the way of the live source: follower, parser, engine."""
    keys = {
        "service": "ott",
        "paths": [str(log)],
        "viewer": ["[?&]token=([0-9a-f]{32})"],
        "channel": "^/live/([^/]+)/",
        **log_format.keys,
    }
    settings = make_converter().structure(keys, EdgeLogSettings)
    began = time.process_time()
    engine = Engine(settings.definition, b"bench")
    follower = Follower(settings.paths, settings.max_line, begin_at_end=False)
    parser = settings.make_format().parser()
    for chunk in follower.poll(0.0):
        engine.feed(parser.parse(chunk.data), 1e12)
    spent = time.process_time() - began
    follower.close()
    counters = engine.flush()
    counts = {
        "requests": counters.requests.total(),
        "egress_bytes": counters.egress.total(),
        "rejected": counters.rejects.total(),
        "last_request": engine.sessions.started,
    }
    return spent, counts | ({"took": sum(counters.durations)} if log_format.took else {})


def compare(folder: Path, name: str, lines: int, rounds: int) -> bool:
    """Print lines per CPU second of one format and their ratio; return whether it holds the bound."""
    log_format = FORMATS[name]
    log, empty, source = folder / "access.log", folder / "empty.log", folder / "edge.mtail"
    write_log(log, lines, log_format)
    empty.touch()
    source.write_text(program(log_format))
    start_up = mtail(empty, source)[0]
    peers, own = [], []
    for _ in range(rounds):
        spent, theirs = mtail(log, source)
        peers.append(lines / (spent - start_up))
        spent, counts = ours(log, log_format)
        own.append(lines / spent)
        if theirs != counts:
            print(f"{name}: mtail counted {theirs}, we {counts}")
            return False
    ratio = statistics.median(own) / statistics.median(peers)
    print(
        f"{name:<15} {log.stat().st_size // lines:>4} bytes a line; lines per CPU second: mtail"
        f" {statistics.median(peers):>8,.0f}, ottwatch {statistics.median(own):>8,.0f}, ratio {ratio:.2f};"
        f" both counted {counts}",
        flush=True,
    )
    return ratio >= BOUND


def main() -> int:
    """Compare the formats; exit status 1 where one is below the bound."""
    parser = argparse.ArgumentParser("bench.edge_log_lines", description=__doc__)
    parser.add_argument("--format", nargs="+", choices=[*FORMATS], default=[*FORMATS])
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    spare_garbage_collector()
    with tempfile.TemporaryDirectory() as folder:
        held = [compare(Path(folder), name, arguments.lines, arguments.rounds) for name in arguments.format]
    print(f"{sum(held)} of {len(held)} formats hold the bound of {BOUND:g}")
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
