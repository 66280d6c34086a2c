"""The runner keeps collectors apart: a failure, a hang or a bug is one gauge and nobody else's concern."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import pytest

from agent.runtime import metrics as catalogue
from agent.runtime.collector import Collector, Job, Runner
from service.metric import Metric, Sample

LEVEL = Metric("ott_test_level", "gauge", "For tests.", ("place",))


class Time:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def job(name: str, collect: Callable[[], Iterable[Sample]], interval: float | None = None, deadline: float = 4) -> Job:
    return Job(name, collect, interval, deadline)


def good() -> list[Sample]:
    return [LEVEL.sample(7, "here")]


def counting(runs: list[int]) -> Callable[[], list[Sample]]:
    def collect() -> list[Sample]:
        runs.append(1)
        return good()

    return collect


def raising(error: BaseException) -> Callable[[], Iterable[Sample]]:
    def collect() -> Iterator[Sample]:
        yield LEVEL.sample(1, "half")
        raise error

    return collect


def runner(*jobs: Job, clock: Time | None = None) -> Runner:
    clock = clock or Time()
    return Runner(jobs, clock=clock, monotonic=clock)


def figures(samples: Iterable[Sample], metric: Metric) -> dict[tuple[str, ...], object]:
    return {sample.labels: sample.value for sample in samples if sample.metric is metric}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within 10 s"
        time.sleep(0.005)


def test_an_optional_collector_is_told_of_once_it_has_found_something_or_failed() -> None:
    found: list[list[Sample] | OSError] = [[], good(), []]

    def collect() -> list[Sample]:
        answer = found.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    quiet = runner(Job("bonds", collect, optional=True))
    assert quiet.samples() == []
    assert figures(quiet.samples(), catalogue.COLLECTOR_SUCCESS) == {("bonds",): 1}
    # What was told of once goes on: a series that ends would seem a gap.
    assert figures(quiet.samples(), catalogue.COLLECTOR_SUCCESS) == {("bonds",): 1}
    found = [[], OSError("no route"), []]
    broken = runner(Job("bonds", collect, optional=True))
    told = [figures(broken.samples(), catalogue.COLLECTOR_SUCCESS) for _ in range(3)]
    assert told == [{}, {("bonds",): 0}, {("bonds",): 1}]
    found = [[]]
    usual = runner(Job("edge", collect))
    assert figures(usual.samples(), catalogue.COLLECTOR_SUCCESS) == {("edge",): 1}


@pytest.mark.parametrize(
    ("error", "bugs"),
    [(OSError("no route"), 0), (ValueError("half a page"), 0), (KeyError("x"), 1), (RecursionError("deep"), 1)],
)
def test_a_failure_is_exported_whole_and_touches_nobody_else(error: Exception, bugs: int) -> None:
    samples = runner(job("bad", raising(error)), job("good", good)).samples()
    assert figures(samples, LEVEL) == {("here",): 7}
    assert figures(samples, catalogue.COLLECTOR_SUCCESS) == {("bad",): 0, ("good",): 1}
    assert figures(samples, catalogue.COLLECTOR_BUGS) == {("bad",): bugs, ("good",): 0}
    assert figures(samples, catalogue.COLLECTOR_LAST_SUCCESS) == {("good",): 1000.0}


def test_the_log_has_one_line_at_each_change(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception | None] = [
        OSError("no route"),
        OSError("no route"),
        KeyError("x"),
        KeyError("x"),
        None,
        None,
    ]

    def collect() -> list[Sample]:
        if error := errors.pop(0):
            raise error
        return good()

    subject = runner(job("flaky", collect))
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            subject.samples()
    lines = [(record.getMessage(), record.__dict__.get("reason"), bool(record.exc_info)) for record in caplog.records]
    assert lines == [
        ("collector failed", "no route", False),
        ("collector failed", "KeyError: 'x'", True),
        ("collector recovered", None, False),
    ]


def test_a_scheduled_result_is_served_for_three_intervals_then_absent() -> None:
    clock = Time()
    answers: list[Callable[[], Iterable[Sample]]] = [good, raising(OSError("gone"))]

    def next_answer() -> Iterable[Sample]:
        return answers.pop(0)()

    subject = runner(job("slow", next_answer, interval=10), clock=clock)
    assert figures(subject.samples(), catalogue.COLLECTOR_SUCCESS) == {}
    subject.run("slow")
    clock.now += 10
    subject.run("slow")
    samples = subject.samples()
    assert figures(samples, LEVEL) == {("here",): 7}
    assert figures(samples, catalogue.COLLECTOR_SUCCESS) == {("slow",): 0}
    assert figures(samples, catalogue.COLLECTOR_LAST_SUCCESS) == {("slow",): 1000.0}
    clock.now += 25
    assert figures(subject.samples(), LEVEL) == {}


def test_a_result_after_the_deadline_does_not_count() -> None:
    clock = Time()

    def late() -> list[Sample]:
        clock.now += 5
        return good()

    subject = runner(job("late", late, interval=10), clock=clock)
    subject.run("late")
    assert figures(subject.samples(), LEVEL) == {}
    assert subject.failures() == {"late": "took 5.0 s; the deadline is 4 s"}


def test_a_hung_collector_keeps_one_thread_and_fails_at_its_deadline() -> None:
    release, runs = threading.Event(), []

    def hang() -> list[Sample]:
        runs.append(1)
        release.wait(60)
        return good()

    quick: list[int] = []
    subject = Runner([job("hung", hang, 0.05, 0.1), job("quick", counting(quick), 0.05), job("direct", good)])
    subject.start()
    try:
        until(lambda: "hung" in subject.failures() or not subject.samples())
        until(lambda: len(quick) > 3)
        began = time.monotonic()
        samples = subject.samples()
        assert time.monotonic() - began < 10, "the hung collector was waited for"
        assert figures(samples, catalogue.COLLECTOR_SUCCESS) == {("hung",): 0, ("quick",): 1, ("direct",): 1}
        assert subject.failures() == {"hung": "no answer within 0.1 s"}
        assert [thread.name for thread in threading.enumerate()].count("hung") == 1
        assert len(runs) == 1
        assert subject.ready
    finally:
        subject.stop()
        release.set()
        until(lambda: "hung" not in [thread.name for thread in threading.enumerate()])


def test_a_collector_that_no_longer_runs_has_failed() -> None:
    clock = Time()
    subject = runner(job("quick", good, 10, 4), clock=clock)
    subject.run("quick")
    clock.now += 35
    assert figures(subject.samples(), LEVEL) == {}
    assert subject.failures() == {"quick": "did not run for 35 s"}


def test_runs_keep_their_interval_and_leave_out_the_turns_that_a_long_one_missed() -> None:
    began: list[float] = []

    def collect() -> list[Sample]:
        began.append(time.monotonic())
        if len(began) == 2:
            until(lambda: time.monotonic() > began[1] + 0.5)
        return good()

    subject = Runner([job("slow", collect, 0.2, 1)])
    subject.start()
    until(lambda: len(began) >= 5)
    subject.stop()
    turns = [(moment - began[0]) / 0.2 for moment in began]
    assert turns[1] >= 0.9
    assert turns[2] >= 3.5  # the third and fourth are over
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(turns[2:])), "missed turns were made up for"


def test_nothing_runs_after_the_stop() -> None:
    runs: list[int] = []
    subject = Runner([job("quick", counting(runs), 0.02, 1)])
    subject.start()
    until(lambda: bool(runs))
    subject.stop()
    until(lambda: "quick" not in [thread.name for thread in threading.enumerate()])


def test_run_all_waits_no_longer_than_the_deadlines() -> None:
    release = threading.Event()

    def hang() -> list[Sample]:
        release.wait(20)
        return []

    subject = Runner([job("hung", hang, 10, 0.1), job("fine", good, 10)])
    subject.run_all()
    release.set()
    assert figures(subject.samples(), LEVEL) == {("here",): 7}


def test_figures_of_two_collectors_for_one_series_are_added() -> None:
    subject = runner(job("a", good, 10), job("b", good, 10))
    subject.run("a")
    subject.run("b")
    assert [sample for sample in subject.samples() if sample.metric is LEVEL] == [LEVEL.sample(14, "here")]


def test_two_collectors_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match='two collectors have the name "a"'):
        runner(job("a", good), job("a", good))


class LogSource:
    """A source whose following breaks and repairs."""

    name = "edge_log_ott"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.broken = False

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def samples(self) -> Iterator[Sample]:
        if self.broken:
            raise OSError("cannot be followed")
        yield LEVEL.sample(3, "log")


def test_a_source_counts_like_a_collector() -> None:
    source = LogSource()
    subject = Runner([], [source])
    subject.start()
    assert figures(subject.samples(), LEVEL) == {("log",): 3}
    source.broken = True
    samples = subject.samples()
    assert figures(samples, LEVEL) == {}
    assert figures(samples, catalogue.COLLECTOR_SUCCESS) == {("edge_log_ott",): 0}
    subject.stop()
    assert source.calls == ["start", "stop"]


def test_a_collector_reads_and_parses_its_target() -> None:
    def parse(text: str) -> Iterator[Sample]:
        yield LEVEL.sample(float(text), "parsed")

    collector: Collector[str, str] = Collector("level", lambda target: f"{target}.5", parse, (LEVEL,))
    assert figures(runner(collector.on("4", name="level_4")).samples(), LEVEL) == {("parsed",): 4.5}
