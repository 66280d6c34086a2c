"""Histories of log files against a counted truth: no line is lost, none is counted twice."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bench.edge_log_histories import LAYOUTS, PLENTY, History, run

WHICH, LATE = st.integers(0, 1), st.booleans()


class Histories(RuleBasedStateMachine):
    """What servers, rotations and people do to logs, and an agent that is stopped, killed and away."""

    @initialize(
        layout=st.sampled_from(sorted(LAYOUTS)), headed=st.booleans(), descriptors=st.sampled_from([1, 3, PLENTY])
    )
    def begin(self, layout: str, headed: bool, descriptors: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.history = History(self.folder, layout, headed=headed, descriptors=descriptors)

    @rule(which=WHICH, count=st.integers(1, 5), cut=st.sampled_from([0, 0, 5, 20]))
    def write(self, which: int, count: int, cut: int) -> None:
        self.history.write(which, count, cut)

    @rule(seconds=st.sampled_from([0.2, 5.0]))
    def poll(self, seconds: float) -> None:
        self.history.poll(seconds)

    @rule()
    def pause(self) -> None:
        self.history.pause()

    @rule()
    def store(self) -> None:
        self.history.store()

    @rule(killed=st.booleans())
    def go(self, killed: bool) -> None:
        self.history.kill() if killed else self.history.stop()

    @rule()
    def start(self) -> None:
        self.history.start()

    @rule(which=WHICH, late=LATE, to=st.sampled_from(["", "", "old"]))
    def rename(self, which: int, late: bool, to: str) -> None:
        self.history.rename(which, late=late, to=to)

    @rule(which=WHICH)
    def reopen(self, which: int) -> None:
        self.history.reopen(which)

    @rule(which=WHICH)
    def copy_and_truncate(self, which: int) -> None:
        self.history.copy_and_truncate(which)

    @rule(which=WHICH)
    def pack(self, which: int) -> None:
        self.history.pack(which)

    @rule(which=WHICH, hard=st.booleans())
    def duplicate(self, which: int, hard: bool) -> None:
        self.history.duplicate(which, hard=hard)

    @rule(which=WHICH, edited=st.booleans())
    def replace(self, which: int, edited: bool) -> None:
        self.history.replace(which, edited=edited)

    def teardown(self) -> None:
        if hasattr(self, "history"):
            try:
                assert self.history.end() == ""
            finally:
                shutil.rmtree(self.folder)


Histories.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHistories = Histories.TestCase


# Each of these once lost lines, counted some twice, or said that it had lost what it had not.
REGRESSIONS = (1015, 1902, 2415, 4405, 5372, 5377, 5388, 6150, 6221, 7446, 7847, 8848, 8882, 8943, 8978, 9238, 9509)


@pytest.mark.parametrize("seed", [*range(60), *REGRESSIONS])
def test_a_random_history_loses_nothing_and_counts_nothing_twice(seed: int, tmp_path: Path) -> None:
    difference, done = run(seed, tmp_path)
    assert difference == "", done
