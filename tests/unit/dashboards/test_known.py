"""What boards take for granted about their neighbours' metrics is what the neighbours declare."""

import pytest

from dashboards import known
from tests.golden import catalogues


@pytest.mark.parametrize("name", known.PROGRAMS)
def test_a_neighbours_metric_has_the_labels_that_boards_use(name: str) -> None:
    declared = {metric.name: frozenset(metric.labels) for _, _, metrics in catalogues.sections() for metric in metrics}
    assert declared[name] == known.PROGRAMS[name]


def test_recorded_names_and_catalogued_names_are_known() -> None:
    metrics = known.metrics()
    assert "platform:ott_edge_sessions:sum" in metrics
    assert metrics["ott_edge_request_duration_seconds_bucket"] == frozenset({"service", "le"})
    assert metrics["node_memory_MemAvailable_bytes"] == frozenset()
