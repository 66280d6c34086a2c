"""One round for all readers: who waits, who does not, and what an old answer is worth."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from alerts.desk.console.overview.snapshot import together
from alerts.desk.console.shared import Known, Shared

SECONDS = 10.0


class Source:
    """Answers with a count, or fails, when the test lets it."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0
        self.failure: Exception | None = None
        self.open = threading.Event()
        self.open.set()

    def ask(self) -> int:
        assert self.open.wait(SECONDS)
        self.asked += 1
        if self.failure:
            raise self.failure
        return self.asked

    def shared(self, keep: float = 60.0) -> Shared[int]:
        return Shared(self.ask, period=5.0, keep=keep, clock=lambda: self.now)


def look(shared: Shared[int], patience: float = SECONDS) -> Known[int]:
    return asyncio.run(shared.latest(patience))


def until(reached: Callable[[], bool]) -> None:
    """Wait for a thread; the condition is looked at again and again, for a few seconds at most."""
    done = threading.Event()
    for _ in range(1000):
        if reached():
            return
        done.wait(0.01)
    raise AssertionError("it did not come to that")


def test_readers_at_once_cost_one_round() -> None:
    source = Source()
    shared = source.shared()

    async def many() -> list[Known[int]]:
        return await asyncio.gather(*(shared.latest(SECONDS) for _ in range(200)))

    assert {known.value for known in asyncio.run(many())} == {1}
    assert source.asked == 1


def test_within_the_period_the_last_answer_stands() -> None:
    source = Source()
    shared = source.shared()
    assert look(shared).value == 1
    source.now = 4.9
    assert look(shared) == Known(1, 4.9, failing=False)
    source.now = 5.0
    assert look(shared) == Known(2, 0.0, failing=False)


def test_nobody_waits_long_for_a_source_that_hangs() -> None:
    source = Source()
    shared = source.shared()
    assert look(shared).value == 1
    source.open.clear()
    source.now = 6.0
    assert look(shared, patience=0.02) == Known(1, 6.0, failing=False)
    source.open.set()
    until(lambda: look(shared, patience=0.0).value == 2)
    assert source.asked == 2


def test_an_old_answer_is_kept_with_its_age_and_then_dropped() -> None:
    source = Source()
    shared = source.shared(keep=60.0)
    assert look(shared).value == 1
    source.failure = OSError("gone")
    source.now = 30.0
    assert look(shared) == Known(1, 30.0, failing=True)
    source.now = 61.0
    look(shared)
    until(lambda: source.asked == 3)
    assert look(shared).value is None


def test_a_source_that_fails_is_asked_in_the_background() -> None:
    source = Source()
    shared = source.shared()
    source.failure = OSError("gone")
    assert look(shared) == Known(None, 60.0, failing=True)
    source.open.clear()
    source.now = 6.0
    # The round does not end, and still the reader has its answer at once.
    assert look(shared, patience=3600.0).failing
    source.failure = None
    source.open.set()
    until(lambda: look(shared, patience=0.0).value == 2)
    assert not look(shared).failing


def test_a_bug_in_a_round_ends_the_waiting(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    source.failure = ZeroDivisionError()
    assert look(source.shared()).failing
    assert "unexpected error" in caplog.text


def fail() -> int:
    raise OSError("no")


def test_what_fails_alone_takes_only_itself() -> None:
    assert together({"one": lambda: 1, "two": fail}) == {"one": 1, "two": None}
    with pytest.raises(OSError, match="no"):
        together({"one": fail, "two": fail})
    with pytest.raises(ZeroDivisionError):
        together({"one": lambda: 1 // 0, "two": lambda: 1})
