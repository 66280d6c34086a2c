"""How long each evaluation of a group took, from the sums and counts that vmalert exposes."""

from bench.evaluation_times import between, p95, reading

# As vmalert 1.79.5 of Debian writes them.
PAGE = """\
vmalert_iteration_duration_seconds{group="ottwatch:sites", file="/rules/sites.yml",quantile="0.97"} 0.25
vmalert_iteration_duration_seconds_sum{group="ottwatch:sites", file="/rules/sites.yml"} %s
vmalert_iteration_duration_seconds_count{group="ottwatch:sites", file="/rules/sites.yml"} %s
vmalert_iteration_missed_total{group="ottwatch:sites", file="/rules/sites.yml"} 0
"""


def test_the_times_of_each_evaluation() -> None:
    pages = [reading(PAGE % each) for each in (("1.5", "10"), ("1.5", "10"), ("1.75", "11"), ("2.75", "13"))]
    assert pages[0] == {"ottwatch:sites": (1.5, 10)}
    assert between(pages[0], pages[1]) == {}
    assert between(pages[1], pages[2]) == {"ottwatch:sites": [0.25]}
    assert between(pages[2], pages[3]) == {"ottwatch:sites": [0.5, 0.5]}


def test_the_95th_percentile() -> None:
    assert p95([0.1, 0.3, 0.2]) == 0.3
    assert p95([number / 100 for number in range(101)]) == 0.95
