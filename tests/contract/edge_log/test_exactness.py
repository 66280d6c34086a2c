"""The measurements of bench/ in small: known truth, and an agent that is killed."""

import random
from pathlib import Path

from bench.edge_log_exactness import compare as compare_with_truth
from bench.edge_log_kills import compare as compare_after_kills


def test_live_and_replay_equal_the_truth(tmp_path: Path) -> None:
    compared = list(compare_with_truth(tmp_path, viewers=12_000, seconds=300))
    assert [(what, got) for what, expected, got in compared if got != expected] == []
    expected = {what: value for what, value, _ in compared}
    assert expected["live lines"] > 300_000
    assert expected["replay sessions"] > expected["replay viewers"]


def test_killed_while_the_log_grows_and_rotates(tmp_path: Path) -> None:
    compared = list(compare_after_kills(tmp_path, kills=5, chance=random.Random(7)))
    assert [(what, got) for what, expected, got in compared if got is None or got != expected] == []
