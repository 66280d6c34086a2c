"""The mutation check itself, on a few changes; `python -m tests.rules.mutations` tries them all."""

import pytest

from alerts import thresholds
from tests.rules.mutations import COUNTS, Mutation, mutations, survives

EVERY = list(mutations())
SAMPLE = (
    "node_memory_available × 0.85",
    "NodeDiskFull, for doubled",
    "TargetMissing, no for",
    "reachability [14s]) == 0 to [14s]) <= 0",
)


def test_every_threshold_and_every_wait_is_changed() -> None:
    assert len(EVERY) == len({mutation.what for mutation in EVERY}) > 150
    assert all(mutation.concerned for mutation in EVERY)
    assert set(SAMPLE) <= {mutation.what for mutation in EVERY}
    assert set(thresholds.load()) >= COUNTS


@pytest.mark.parametrize("mutation", [m for m in EVERY if m.what in SAMPLE], ids=lambda mutation: mutation.what)
def test_a_changed_rule_fails_a_test(mutation: Mutation) -> None:
    assert not survives(mutation)


def test_a_rule_that_is_not_changed_fails_none() -> None:
    alive = EVERY[0]
    assert survives(Mutation("a comment", alive.file, "# Made from", "# Made out of", alive.concerned))
