"""Nothing lost, nothing twice, at a size that every run can afford; `bench/desk_chaos.py` is the same at full size."""

from pathlib import Path

import pytest

from bench.desk_chaos import chaos


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_kills_lose_nothing_and_double_nothing(tmp_path: Path, database: str) -> None:
    result = chaos(tmp_path, database, problems=40, kills=3, seed=7)
    assert result["wrong"] == []
    assert result["problems"] == 40
    assert sum(result["kills"].values()) == 3
