"""One fault of every class on a small platform; `bench/cause_campaign.py` does it by the hundred."""

import asyncio
from pathlib import Path

from bench.cause_campaign import CAUSE_DELAY, EFFECT_DELAY, arguments_of, campaign

SMALL = "--direct --nodes 40 --sites 3 --channels 40 --probes 2 --faults 1 --seed 3"


def test_each_cause_has_one_ticket_that_names_it(tmp_path: Path) -> None:
    result = asyncio.run(campaign(tmp_path, arguments_of(SMALL.split())))
    assert result["wrong"] == []
    whole = result["whole"]
    assert whole["tickets"] == whole["causes"] > 0
    assert (whole["named"], whole["hidden"], whole["lost alarms"], whole["left open"]) == (whole["faults"], 0, 0, 0)
    assert whole["cause delay"] <= CAUSE_DELAY
    assert whole["effect delay"] <= EFFECT_DELAY
    assert result["experiments"] == len(result["by class"])
