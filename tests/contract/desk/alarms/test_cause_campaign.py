"""One fault of every class on a small platform; `bench/cause_campaign.py` does it by the hundred."""

import asyncio
from pathlib import Path

import pytest

from bench.cause_campaign import arguments_of, campaign, within

SMALL = "--direct --nodes 40 --sites 3 --channels 40 --probes 2 --faults 1"


@pytest.mark.parametrize("seed", [3])
def test_each_cause_has_one_ticket_that_names_it(tmp_path: Path, seed: int) -> None:
    result = asyncio.run(campaign(tmp_path, arguments_of([*SMALL.split(), "--seed", str(seed)])))
    assert result["wrong"] == []
    assert within(result)
    whole = result["whole"]
    assert whole["tickets"] == whole["causes"]
    assert result["experiments"] == len(result["by class"])
