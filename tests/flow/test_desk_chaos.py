"""Nothing lost, nothing twice, at a size that every run can afford; `bench/desk_chaos.py` is the same at full size."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench import chaos_network
from bench.chaos_network import Network
from bench.desk_chaos import chaos


@pytest.mark.parametrize(
    ("database", "kills", "lay"),
    [
        ("sqlite", {"desk": 1, "alertmanager": 1}, chaos_network.proxy),
        ("postgresql", {"desk": 1, "alertmanager": 1, "postgresql": 1}, chaos_network.network),
    ],
)
def test_kills_and_cuts_lose_nothing_and_double_nothing(
    tmp_path: Path, database: str, kills: dict[str, int], lay: Callable[[], AbstractContextManager[Network]]
) -> None:
    result = chaos(tmp_path, database, problems=40, kills=len(kills), seed=7, lay=lay)
    assert result["wrong"] == []
    assert (result["problems"], result["alerts"]) == (40, 50)
    assert result["kills"] == kills
    # chaos() itself insists that both Alertmanagers noticed the cut and found each other afterwards.
    assert (result["freezes"], result["cuts"]["number"]) == (1, 1)
