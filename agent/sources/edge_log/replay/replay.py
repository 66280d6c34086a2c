"""`ott-agent replay`: the same counts from log files, in the log's own time, as JSON lines.

The engine is the live one; only what is asked of it differs. A live figure is of now, so the engine need not know
what has ended; here every session's first and last request is kept, and the figures of any moment are counted from
them. A line may come as late as it likes: intervals of one session that overlap are joined at the end.
"""

import argparse
import json
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from agent.settings import AgentSettings, converter
from agent.sources.edge_log.formats.batch import Batch, Reason, cut_short, rejected
from agent.sources.edge_log.formats.times import iso_time
from agent.sources.edge_log.input.chunk import CHUNK_SIZE, chunks
from agent.sources.edge_log.input.content import DAMAGED, LONGEST_MARK, decompressed
from agent.sources.edge_log.quality.figures import summary
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.replay.concurrency import Concurrency, join
from agent.sources.edge_log.replay.time_steps import GivenTimes, RegularSteps, TimeSteps, iso
from agent.sources.edge_log.sessions.engine import Engine, spare_garbage_collector
from agent.sources.edge_log.sessions.identity import IDENTITY_SOURCES
from agent.sources.edge_log.sessions.table import Interval, Who
from agent.sources.edge_log.sessions.targets import OTHER
from agent.sources.edge_log.settings import EdgeLogSettings
from service import progress
from service.durations import parse_duration
from service.program import Exit
from service.settings import Fault, SettingsError, load

if TYPE_CHECKING:
    from io import BufferedReader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--config", type=Path, metavar="F", required=True, help="the agent's settings file")
    parser.add_argument("--service", help="which [[edge_log]] of the file, where it has several")
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument(
        "--at",
        type=moment,
        action="append",
        metavar="TIME",
        help="a moment, 2026-01-22T20:15:00+05:00; may be repeated",
    )
    when.add_argument("--every", type=interval, metavar="DURATION", help='steps such as "60s", at whole multiples')
    parser.add_argument(
        "--clock",
        type=moment,
        metavar="TIME",
        help="lines dated later than this (plus the tolerance) are rejected; default now",
    )
    parser.add_argument(
        "logs",
        type=Path,
        nargs="+",
        metavar="LOG",
        help="log files, compressed ones too, the oldest first; - is standard input",
    )


def moment(text: str) -> float:
    """Return the Unix time of an ISO 8601 text; without a zone it is UTC."""
    try:
        return iso_time(text.encode())
    except ValueError:
        problem = f"{text} is no time; write 2026-01-22T20:00:00Z or 2026-01-22T20:00:00+05:00, with seconds"
        raise argparse.ArgumentTypeError(problem) from None


def interval(text: str) -> float:
    """Return seconds; at least one."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if seconds < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than a second")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Print the figures of the logs; exit status 1 when a log cannot be read."""
    settings = chosen(load(arguments.config, AgentSettings, converter()), arguments.config, arguments.service)
    spare_garbage_collector()
    steps = GivenTimes(arguments.at) if arguments.at is not None else RegularSteps(arguments.every)
    replay = Replay(settings, steps, arguments.clock if arguments.clock is not None else time.time())
    for path in arguments.logs:
        try:
            with positioned(path) as (stream, position), progress.through(_size(path), path.name) as seen:
                replay.read(str(path), stream, lambda: seen(position()))
        except (OSError, *DAMAGED) as error:
            print(f"{path}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
            return Exit.FAILED
    try:
        for line in replay.report():
            print(json.dumps(line, ensure_ascii=False))
    except ValueError as error:
        print(error, file=sys.stderr)
        return Exit.UNUSABLE
    return Exit.FINE


def chosen(settings: AgentSettings, file: Path, service: str | None) -> EdgeLogSettings:
    """Return the edge log that is meant; raise SettingsError when that is not clear."""
    logs: dict[str, EdgeLogSettings] = {log.service: log for log in settings.of("edge_log")}
    if service is None and len(logs) == 1:
        return next(iter(logs.values()))
    if service in logs:
        return logs[service]
    known = ", ".join(logs) or "none"
    problem = f"--service {service} is not there" if service else "say which one with --service"
    raise SettingsError([Fault(file, "edge_log", f"{problem}; the file has: {known}")])


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a log for reading, unpacking what is compressed by its mark, whatever its name; "-" is standard input."""
    with positioned(path) as (stream, _):
        yield stream


@contextmanager
def positioned(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], int]]]:
    """Open a log likewise, with a function for how many bytes of the file itself have been read; 0 for standard input.

    A pipe can be read only once: its first bytes are looked at without taking them.
    """
    with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
        stream = decompressed(file, cast("BufferedReader", file).peek(LONGEST_MARK))
        with nullcontext(file) if stream is file else stream:
            yield stream, file.tell if path.is_file() else lambda: 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


class Replay:
    """Reads logs and answers for the moments of a steps."""

    def __init__(self, settings: EdgeLogSettings, steps: TimeSteps, clock: float, chunk: int = CHUNK_SIZE) -> None:
        self._settings = settings
        self._steps = steps
        self._clock = clock
        self._chunk = chunk
        self._format = settings.make_format()
        # Nothing is written here, so the hashes need no secret key.
        self._quality = Quality(settings.definition, times_begin=self._format.times_begin) if settings.cmcd else None
        self._engine = Engine(settings.definition, b"replay", self._on_expired, self, self._quality)
        self._intervals: dict[tuple[bytes, str], array[float]] = {}
        # By cell of the steps.
        self._requests: Counter[int] = Counter()
        self._bytes: Counter[int] = Counter()
        self._rejects: dict[int, Counter[str]] = {}
        self._oldest, self._newest = float("inf"), float("-inf")
        self._path, self._line, self._data = "", 0, b""
        self._ambiguous = 0
        self._examples: dict[str, dict[str, Any]] = {}

    def read(self, path: str, stream: BinaryIO, after_chunk: Callable[[], None] = lambda: None) -> None:
        """Count one log; `after_chunk` is called after each chunk of it."""
        self._path, self._line = path, 0
        parser = self._format.parser()
        for data, reason in chunks(stream, self._settings.max_line, self._chunk):
            if reason is Reason.TOO_LONG:
                batch = rejected(reason)
            elif reason is Reason.TRUNCATED:
                batch = cut_short(parser, data, closed=self._format.closed)
            else:
                batch = parser.parse(data)
            self._data = data
            self._ambiguous += batch.ambiguous
            self._engine.feed(batch, self._clock)
            self._engine.bound(self._newest)
            after_chunk()

    def observe(self, batch: Batch) -> None:
        """Keep what the counters forget: when."""
        if batch.rejects:
            self._observe_rejects(batch)
        if batch.times:
            oldest, newest = min(batch.times), max(batch.times)
            self._oldest, self._newest = min(self._oldest, oldest), max(self._newest, newest)
            cells = list(map(self._steps.index, batch.times))
            self._requests.update(cells)
            for cell, size in zip(cells, batch.sizes, strict=True):
                self._bytes[cell] += size
        self._line += batch.lines

    def _observe_rejects(self, batch: Batch) -> None:
        # A reject has no time of its own: it counts from the newest request before it.
        reasons = {reject.line: reject.reason for reject in batch.rejects}
        newest, times = self._newest, iter(batch.times)
        for line in range(batch.lines):
            reason = reasons.get(line)
            if reason is None and line in batch.headers:
                continue
            if reason is None:
                newest = max(newest, next(times))
                continue
            cell = self._steps.index(newest) if newest > float("-inf") else _BEFORE_ALL
            self._rejects.setdefault(cell, Counter())[reason] += 1
            if reason not in self._examples:
                self._examples[reason] = self._example(line)

    def _example(self, line: int) -> dict[str, Any]:
        """Return where a rejected line is and how it begins."""
        text = self._data.split(b"\n", line + 1)[line] if self._data else b""
        begin = text[:_EXAMPLE].decode("utf-8", "backslashreplace") + ("…" if len(text) > _EXAMPLE else "")
        return {"file": self._path, "line": self._line + line + 1, "text": begin}

    def _channels(self) -> dict[str, dict[str, int]]:
        """Return sessions and viewers of the channels with the most sessions; of all others together, as "other"."""
        sessions: Counter[str] = Counter()
        viewers: Counter[str] = Counter()
        for (_, channel), ends in self._intervals.items():
            sessions[channel] += len(join(zip(ends[::2], ends[1::2], strict=True), self._settings.idle_timeout))
            viewers[channel] += 1
        shown = dict(sessions.most_common(self._settings.top_channels))
        result = {channel: {"sessions": count, "viewers": viewers[channel]} for channel, count in shown.items()}
        rest = [channel for channel in sessions if channel not in shown]
        if rest:
            result[OTHER] = {
                "sessions": sum(sessions[one] for one in rest),
                "viewers": sum(viewers[one] for one in rest),
            }
        return result

    def _on_expired(self, who: Who, period: Interval) -> None:
        self._intervals.setdefault((who.viewer, who.channel), array("d")).extend(period)

    def report(self) -> Iterator[dict[str, Any]]:
        """Yield a line for each moment, and the summary."""
        self._engine.sessions.expire(float("inf"))
        if self._quality is not None:
            self._quality.expire(float("inf"))
        idle = self._settings.idle_timeout
        sessions: list[Interval] = []
        by_viewer: dict[bytes, list[Interval]] = {}
        for (viewer, _), ends in self._intervals.items():
            joined = join(zip(ends[::2], ends[1::2], strict=True), idle)
            sessions += joined
            by_viewer.setdefault(viewer, []).extend(joined)
        viewers = [one for intervals in by_viewer.values() for one in join(intervals, idle)]
        session_count, viewer_count = Concurrency(sessions, idle), Concurrency(viewers, idle)
        requests = sent = 0
        rejects: Counter[str] = Counter()
        cells = sorted({*self._requests, *self._rejects}, reverse=True)
        for cell, moment_ in self._steps.between(self._oldest, self._newest + idle):
            while cells and cells[-1] <= cell:
                counted = cells.pop()
                requests += self._requests[counted]
                sent += self._bytes[counted]
                rejects += self._rejects.get(counted, Counter())
            yield {
                "time": iso(moment_),
                "service": self._settings.service,
                "sessions": session_count.at(moment_),
                "viewers": viewer_count.at(moment_),
                "egress_bytes": sent,
                "requests": requests,
                "rejected_lines": dict(sorted(rejects.items())),
            }
        most, most_at = session_count.maximum()
        most_viewers, most_viewers_at = viewer_count.maximum()
        counters = self._engine.flush()
        yield {
            "summary": {
                "service": self._settings.service,
                "lines": counters.lines,
                "requests": counters.requests.total(),
                "egress_bytes": counters.egress.total(),
                "sessions": len(sessions),
                "viewers": len(by_viewer),
                "max_sessions": most,
                "max_sessions_time": iso(most_at),
                "max_viewers": most_viewers,
                "max_viewers_time": iso(most_viewers_at),
                "channels": self._channels(),
                "identity_requests": {rung: counters.identity_sources[rung] for rung in IDENTITY_SOURCES},
                "untracked_requests": counters.untracked,
                "ambiguous_times": self._ambiguous,
                "rejected_lines": dict(sorted(counters.rejects.items())),
                "first_rejected": dict(sorted(self._examples.items())),
                **({} if self._quality is None else {"quality": summary(self._quality)}),
            }
        }


_BEFORE_ALL = -(1 << 62)
_EXAMPLE = 300  # bytes of a rejected line that are shown
