"""The edge log as a source of the agent: a thread that follows the log, and the samples of a scrape."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.sources.edge_log import checkpoint
from agent.sources.edge_log import metrics as catalogue
from agent.sources.edge_log.formats.batch import Batch, Reason, cut_short, rejected
from agent.sources.edge_log.formats.local_time import LocalTimeFormat
from agent.sources.edge_log.input.chunk import Chunk, Origin
from agent.sources.edge_log.input.follower import Follower
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.syslog import SyslogListener
from agent.sources.edge_log.quality.figures import figures as quality_figures
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.rejects import RejectLog
from agent.sources.edge_log.samples import durations, figures, losses
from agent.sources.edge_log.sessions.engine import Engine, spare_garbage_collector
from agent.sources.edge_log.settings import EdgeLogSettings
from agent.sources.kind import Context
from service.metric import Sample

log = logging.getLogger("agent.sources.edge_log")

# Seconds between two looks at the files: half of it is the mean delay from a line to its figure.
POLL = 0.2
# A socket holds some hundred datagrams by Debian's default, a file any number of lines.
POLL_SYSLOG = 0.02
# Seconds by which the first lines of a new log may be older than the last ones of the log before: long requests.
_EDITED = 60.0
Input = Follower | SyslogListener


class EdgeLogSource:
    """Follows one [[edge_log]]; implements `agent.runtime.collector.Source`."""

    def __init__(self, settings: EdgeLogSettings, state: Path, clock: Callable[[], float]) -> None:
        self.name = f"edge_log_{settings.service}"
        self.caught_up = threading.Event()
        self._settings = settings
        self._file = state / f"edge_log_{settings.service}.state"
        self._secret_file = state / "edge_log.key"
        self._clock = clock
        self._format = settings.make_format()
        self._engine: Engine | None = None
        self._quality = Quality(settings.definition, times_begin=self._format.times_begin) if settings.cmcd else None
        self._input: Input | None = None
        self._lock = threading.Lock()  # guards the engine
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._stored_at: float | None = None
        self._unstored = False
        self._looked_at = float("-inf")
        self._losses = Losses()
        self._rejects = RejectLog(settings.service)

    def start(self) -> None:
        """Begin to follow the log; return at once."""
        spare_garbage_collector()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, which stores the state before it ends."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def samples(self) -> Iterable[Sample]:
        """Return the figures as of now; raise OSError while the log cannot be followed."""
        if self._error is not None:
            # Raised at every scrape: without this its traceback would grow each time.
            raise self._error.with_traceback(None)
        engine = self._engine
        if engine is None or not self.caught_up.is_set():
            raise OSError("the log is still being read up to its present end")
        with self._lock:
            activity = engine.activity(self._clock())
            result = list(figures(self._settings, engine.flush(), activity, engine.protocols))
            result += losses(self._settings.service, self._losses)
            if isinstance(self._input, SyslogListener):
                result.append(catalogue.EDGE_LOG_DROPPED.sample(self._input.dropped, self._settings.service))
            if self._quality is not None:
                result += quality_figures(self._settings.service, self._quality)
            if self._format.has_durations:
                result.append(durations(self._settings.service, engine.counters))
            return result

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._error = self._attempt()
                self._stop.wait(POLL_SYSLOG if self._settings.syslog else POLL)
            if self._engine is not None and self._input is not None:
                self._try_to_store(self._engine, self._input)
                self._input.close()
        except Exception as error:
            # The thread ends; the runner reports the error as this collector's bug at every scrape.
            log.exception("following the log ended")
            self._error = error

    def _attempt(self) -> Exception | None:
        """Look at the log once; return why it cannot be followed."""
        try:
            if self._engine is None or self._input is None:
                self._engine, self._input = self._open()
            if self._read(self._engine, self._input):
                self._store_if_due(self._engine, self._input)
        except OSError as error:
            return error
        if self._input.faults:
            return OSError("; ".join(self._input.faults))
        self.caught_up.set()
        return None

    def _open(self) -> tuple[Engine, Input]:
        engine = Engine(self._settings.definition, checkpoint.secret(self._secret_file), companion=self._quality)
        positions, looked_at = [], 0.0
        try:
            stored = checkpoint.decode(self._file.read_bytes())
        except FileNotFoundError:
            stored = None
        except ValueError as error:
            log.warning(
                "the stored state is unusable: counting from zero", extra={"path": self._file, "reason": str(error)}
            )
            stored = None
        if stored is not None:
            positions, looked_at = stored.positions, stored.looked_at
            engine.counters = stored.counters
            self._rejects.resume(stored.counters.rejects)
            engine.sessions.restore(stored.sessions)
            engine.sessions.started = stored.started
            self._losses = Losses(stored.losses, stored.last_losses)
        settings = self._settings
        if isinstance(self._format, LocalTimeFormat):
            # Datagrams, and what is written behind the end of a log, are of now.
            live = settings.syslog or settings.begin == "end"
            self._format.newest = engine.counters.newest or (self._clock() if live else None)
        if settings.syslog:
            return engine, SyslogListener(settings.syslog, settings.max_line, self._losses)
        at_end = settings.begin == "end"
        return engine, Follower(
            settings.paths,
            settings.max_line,
            begin_at_end=at_end,
            known=positions,
            looked_at=looked_at,
            losses=self._losses,
            moved=settings.rotated_to,
        )

    def _read(self, engine: Engine, input_: Input) -> bool:
        """Count what is there; say whether that was all of it."""
        self._looked_at = self._clock()
        for chunk in input_.poll(self._looked_at):
            batch = self._batch(chunk)
            if batch.times and chunk.origin.follows > float("-inf"):
                self._check_age(batch, chunk.origin)
            with self._lock:
                newest = engine.feed(batch, self._clock())
                chunk.origin.read_to = max(chunk.origin.read_to, newest)
                engine.bound(self._read_to(input_))
            self._rejects.note(engine.counters.rejects, chunk.origin.path, self._clock())
            self._store_if_due(engine, input_)
            if self._stop.is_set():
                return False
        return True

    def _batch(self, chunk: Chunk) -> Batch:
        origin = chunk.origin
        if origin.parser is None:
            origin.parser = self._format.parser(origin.state)
        if chunk.rejected is Reason.TOO_LONG:
            return rejected(chunk.rejected)
        if chunk.rejected is Reason.TRUNCATED:
            return cut_short(origin.parser, chunk.data, closed=self._format.closed)
        batch = origin.parser.parse(chunk.data)
        if batch.ambiguous:
            self._losses.note(Loss.AMBIGUOUS, self._settings.service)
        origin.state = origin.parser.state
        return batch

    def _check_age(self, batch: Batch, origin: Origin) -> None:
        """Say it where a log that took the place of another begins with lines of the time that was read there.

        Somebody edited each line of it (sed -i): they are counted twice.
        """
        middle = sorted(batch.times)[len(batch.times) // 2]
        if middle < origin.follows - _EDITED:
            self._losses.note(Loss.REWRITTEN, origin.path)
        origin.follows = float("-inf")

    def _read_to(self, input_: Input) -> float:
        """Return the time of which every line was read, but for late ones."""
        return min(input_.read_to, self._looked_at)

    def _store_if_due(self, engine: Engine, input_: Input) -> None:
        # Also between two chunks: what was read so far is what the positions say. And at once before anything is shown:
        # an agent killed in its first seconds still knows which file it had been reading.
        if self._stored_at is None or abs(self._clock() - self._stored_at) >= self._settings.checkpoint_interval:
            if self._stored_at is None:
                self._store(engine, input_)
            else:
                self._try_to_store(engine, input_)

    def _try_to_store(self, engine: Engine, input_: Input) -> None:
        """Store the state; where that cannot be, such as on a full disk, the figures go on all the same."""
        try:
            self._store(engine, input_)
            self._unstored = False
        except OSError as error:
            self._stored_at = self._clock()  # not again before the next interval
            if self._unstored:
                self._losses.goes_on(Loss.UNSTORED)
            else:
                self._unstored = True
                self._losses.note(Loss.UNSTORED, str(self._file), error.strerror or str(error))

    def _store(self, engine: Engine, input_: Input) -> None:
        now = self._clock()
        with self._lock:
            engine.expire(self._read_to(input_))
            content = checkpoint.encode(
                checkpoint.Checkpoint(
                    input_.positions(),
                    engine.flush(),
                    engine.sessions.started,
                    engine.sessions.dump(),
                    input_.looked_at,
                    dict(self._losses.counts),
                    dict(self._losses.last),
                )
            )
        checkpoint.write(self._file, content)
        self._stored_at = now


def collector(settings: EdgeLogSettings, context: Context) -> EdgeLogSource:
    """Return the source of one log."""
    return EdgeLogSource(settings, context.state, context.clock)
