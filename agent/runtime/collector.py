"""Collectors, sources, and the runner that keeps them apart.

A `Collector` declares how one kind of source is read and parsed; bound to a target it is a `Job`. A job without an
interval runs inside the scrape and may only read what answers at once (`/proc`, `/sys`). Everything slower runs at
its interval, in a thread of its own and with a deadline, and the scrape serves its last complete result. A `Source`
keeps a state of its own between scrapes (the edge log).

Whatever one of them does, the others do not notice: a failure is a gauge, a reason in the log and nothing more.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from agent.runtime import metrics as catalogue
from agent.runtime.reasons import reason_of
from service.metric import Metric, Sample

log = logging.getLogger("agent.runtime.collector")

Clock = Callable[[], float]

T = TypeVar("T")  # what a collector is pointed at
R = TypeVar("R")  # what reading gives and parsing takes

DEADLINE = 4.0
# A result is served for this many intervals after its run, so that one lost run does not tear every series apart.
RESULTS_KEPT = 3


@dataclass(frozen=True, slots=True)
class Job:
    """A collector bound to its target; `collect` returns the complete result or raises.

    Of an `optional` one nothing is told, not even that it works, before it has found something or has failed.
    """

    name: str
    collect: Callable[[], Iterable[Sample]]
    interval: float | None = None
    deadline: float = DEADLINE
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Collector(Generic[T, R]):
    """`read(target)` has the I/O and raises OSError; `parse` is pure and raises ValueError; `emits` is catalogued."""

    name: str
    read: Callable[[T], R]
    parse: Callable[[R], Iterable[Sample]]
    emits: tuple[Metric, ...]

    def on(
        self, target: T, *, name: str | None = None, interval: float | None = None, deadline: float = DEADLINE
    ) -> Job:
        """Return the job that collects from `target`."""
        return Job(name or self.name, lambda: self.parse(self.read(target)), interval, deadline)


class Source(Protocol):
    """A collector with a state and a thread of its own.

    `samples` is called from the scrape's thread: it takes a consistent snapshot without waiting for input, and
    raises OSError or ValueError with the reason while the source cannot be followed. `stop` returns once the state
    is stored; `start` may be called once.
    """

    @property
    def name(self) -> str:
        """The value of the label `collector`, such as "edge_log_ott"."""

    def start(self) -> None:
        """Begin to follow the input; return at once."""

    def stop(self) -> None:
        """Store the state and end the thread."""

    def samples(self) -> Iterable[Sample]:
        """Return the figures as of now."""


class Page(NamedTuple):
    """What a source serves beside its figures."""

    content_type: str
    body: bytes


@runtime_checkable
class PageSource(Protocol):
    """A source that serves pages as well; `page` is called from the server's threads and answers at once."""

    def page(self, path: str) -> Page | None:
        """Return the page at a path; None where there is none."""


@dataclass(slots=True)
class _Outcome:
    """What is known of one collector. Only the holder of the runner's lock touches it."""

    name: str
    deadline: float
    kept: float = 0.0  # seconds for which a result is served after its run
    told: bool = True  # False of an optional one that has found nothing yet
    ran: bool = False
    reason: str | None = None
    buggy: bool = False
    duration: float = 0.0
    bugs: int = 0
    samples: Sequence[Sample] = ()
    succeeded_at: float | None = None  # wall clock
    served_until: float = 0.0  # monotonic clock
    started: float | None = None  # monotonic clock; of a scheduled job while it runs
    ended: float = 0.0  # monotonic clock

    def fail(self, reason: str, *, bug: BaseException | None = None) -> None:
        """Note a failed run; the log gets one line at each change of state, a bug its traceback as well."""
        if self.reason is None or (bug is not None and not self.buggy):
            log.warning("collector failed", extra={"collector": self.name, "reason": reason}, exc_info=bug)
        self.bugs += bug is not None
        self.told, self.ran, self.reason, self.buggy = True, True, reason, bug is not None

    def succeed(self, samples: Sequence[Sample], wall: float, monotonic: float) -> None:
        """Note a complete result."""
        if self.reason is not None:
            log.info("collector recovered", extra={"collector": self.name})
        self.ran, self.reason, self.buggy, self.samples = True, None, False, samples
        self.succeeded_at, self.served_until = wall, monotonic + self.kept

    def report(self) -> Iterator[Sample]:
        """Yield the runner's own figures of this collector; nothing before its first run ends."""
        if not self.ran or not self.told:
            return
        yield catalogue.COLLECTOR_SUCCESS.sample(float(self.reason is None), self.name)
        yield catalogue.COLLECTOR_DURATION.sample(self.duration, self.name)
        yield catalogue.COLLECTOR_BUGS.sample(self.bugs, self.name)
        if self.succeeded_at is not None:
            yield catalogue.COLLECTOR_LAST_SUCCESS.sample(self.succeeded_at, self.name)


class Runner:
    """Runs jobs and sources; `samples` is one scrape.

    A series that several collectors give, such as the connections of two servers on one node, is their sum.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        sources: Sequence[Source] = (),
        *,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        names = [job.name for job in jobs] + [source.name for source in sources]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f'two collectors have the name "{repeated[0]}"; names tell their figures apart')
        self._clock, self._monotonic = clock, monotonic
        self._in_scrape = [job for job in jobs if job.interval is None]
        self._scheduled = {job.name: job for job in jobs if job.interval is not None}
        self._sources = sources
        self._outcomes = {source.name: _Outcome(source.name, DEADLINE) for source in sources}
        for job in jobs:
            kept = RESULTS_KEPT * job.interval + job.deadline if job.interval is not None else 0.0
            self._outcomes[job.name] = _Outcome(job.name, job.deadline, kept, not job.optional)
        self._lock = threading.Lock()  # guards the outcomes; held for moments only
        self._scrape = threading.Lock()  # in-scrape jobs need not be safe against a second scrape
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start the sources, and each scheduled job with a first run at once."""
        for source in self._sources:
            source.start()
        for job in self._scheduled.values():
            # A daemon: a hung run never keeps the process from ending.
            threading.Thread(target=self._repeat, args=[job], name=job.name, daemon=True).start()

    def stop(self) -> None:
        """Start no more runs, without waiting for a hung one, and stop the sources."""
        self._stopped.set()
        for source in self._sources:
            source.stop()

    def _repeat(self, job: Job) -> None:
        interval = job.interval or 0.0
        due = self._monotonic()
        while not self._stopped.wait(max(0.0, due - self._monotonic())):
            self.run(job.name)
            # The turns that a long run has missed are left out.
            due += interval * max(1, ceil((self._monotonic() - due) / interval))

    def run(self, name: str) -> None:
        """Run the scheduled job `name` once; its result counts only when it comes before the deadline."""
        job, outcome = self._scheduled[name], self._outcomes[name]
        with self._lock:
            outcome.started = self._monotonic()
        self._attempt(outcome, job.collect)

    def run_all(self) -> None:
        """Run every scheduled job once, side by side; return when all have ended or missed their deadline."""
        threads = [
            (threading.Thread(target=self.run, args=[name], name=name, daemon=True), job.deadline)
            for name, job in self._scheduled.items()
        ]
        for thread, _ in threads:
            thread.start()
        end = self._monotonic()
        for thread, deadline in threads:
            thread.join(max(0.0, end + deadline - self._monotonic()))

    def samples(self) -> list[Sample]:
        """Return the figures of one scrape: the in-scrape jobs' now, the others' last complete result."""
        with self._scrape:
            result: list[Sample] = []
            for job in self._in_scrape:
                result += self._attempt(self._outcomes[job.name], job.collect)
            others: list[Sample] = []
            for source in self._sources:
                others += self._attempt(self._outcomes[source.name], source.samples)
            with self._lock:
                now = self._monotonic()
                for name in self._scheduled:
                    others += self._result(self._outcomes[name], now)
                reports = [sample for outcome in self._outcomes.values() for sample in outcome.report()]
            return [*result, *_summed(others), *reports]

    @property
    def ready(self) -> bool:
        """Whether every scheduled job has ended its first run or missed its deadline."""
        with self._lock:
            now = self._monotonic()
            for name in self._scheduled:
                self._result(self._outcomes[name], now)
            return all(self._outcomes[name].ran for name in self._scheduled)

    def page(self, path: str) -> Page | None:
        """Return what a source serves at a path; None where none does."""
        for source in self._sources:
            if isinstance(source, PageSource) and (page := source.page(path)) is not None:
                return page
        return None

    def responsive(self, patience: float) -> bool:
        """Whether no scrape has been under way for longer than `patience`."""
        if not self._scrape.acquire(timeout=patience):
            return False
        self._scrape.release()
        return True

    def failures(self) -> dict[str, str]:
        """Return the reason for each collector that fails now."""
        with self._lock:
            return {name: outcome.reason for name, outcome in self._outcomes.items() if outcome.reason is not None}

    def _attempt(self, outcome: _Outcome, collect: Callable[[], Iterable[Sample]]) -> Sequence[Sample]:
        began = self._monotonic()
        samples: Sequence[Sample] = ()
        reason, bug = None, None
        try:
            samples = list(collect())
        except (OSError, ValueError) as error:
            reason = reason_of(error)
        except Exception as error:  # noqa: BLE001 - one collector's bug is nobody else's outage
            reason, bug = f"{type(error).__name__}: {error}", error
        ended = self._monotonic()
        with self._lock:
            outcome.started, outcome.ended, outcome.duration = None, ended, ended - began
            if reason is None and outcome.kept and outcome.duration > outcome.deadline:
                reason = f"took {outcome.duration:.1f} s; the deadline is {outcome.deadline:g} s"
            if reason is None:
                outcome.told = outcome.told or bool(samples)
                outcome.succeed(samples if outcome.kept else (), self._clock(), ended)
            else:
                outcome.fail(reason, bug=bug)
        return samples

    def _result(self, outcome: _Outcome, now: float) -> Sequence[Sample]:
        if outcome.started is not None and now - outcome.started > outcome.deadline:
            outcome.duration = now - outcome.started
            outcome.fail(f"no answer within {outcome.deadline:g} s")
        elif outcome.started is None and outcome.ran and now > outcome.ended + outcome.kept:
            outcome.fail(f"did not run for {now - outcome.ended:.0f} s")
        return outcome.samples if now <= outcome.served_until else ()


# Of states and moments a sum means nothing: the larger one counts.
_NO_AMOUNTS = ("_state", "_up", "_success", "_info", "_ratio", "_timestamp_seconds", "_time_seconds")


def _summed(samples: Iterable[Sample]) -> Iterable[Sample]:
    merged: dict[tuple[str, tuple[str, ...]], Sample] = {}
    for sample in samples:
        key = (sample.metric.name, sample.labels)
        known = merged.get(key)
        if known is not None and isinstance(known.value, float | int) and isinstance(sample.value, float | int):
            larger = sample.metric.name.endswith(_NO_AMOUNTS)
            value = max(known.value, sample.value) if larger else known.value + sample.value
            merged[key] = known._replace(value=value)
        else:
            merged[key] = sample
    return merged.values()
