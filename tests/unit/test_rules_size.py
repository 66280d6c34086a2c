"""What `bench.rules_size` imports is what `bench.rules_cost` exposes."""

import json

from bench.rules_cost import page
from bench.rules_size import lines

TIMES = (1_800_000_000, 1_800_000_005)


def test_both_have_the_same_series() -> None:
    body, count = page(0, 2, 1)
    exposed = {line.rpartition(" ")[0] for line in body.decode().splitlines()}
    imported = [json.loads(line) for line in lines(0, 2, 1, TIMES)]
    names = set()
    for one in imported:
        name = one["metric"].pop("__name__")
        names.add(name + "{" + ",".join(f'{label}="{value}"' for label, value in one["metric"].items()) + "}")
    assert len(imported) == count
    assert names == exposed


def test_clocks_go_and_counters_stand() -> None:
    values = {}
    for line in lines(0, 1, 0, TIMES):
        one = json.loads(line)
        assert one["timestamps"] == [1000 * second for second in TIMES]
        values[one["metric"]["__name__"]] = one["values"]
    assert values["up"] == [1, 1]
    assert values["node_time_seconds"] == list(TIMES)
    assert values["node_boot_time_seconds"] == [TIMES[0] - 10**6] * 2
