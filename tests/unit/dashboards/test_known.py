"""What boards take for granted about their neighbours' metrics is what the neighbours declare."""

import pytest

from agent.sources.streams.reasons import Reason
from alerts.desk.core import metrics
from dashboards import known
from dashboards.boards import streams, vocabulary
from tests.golden import catalogues


@pytest.mark.parametrize("name", known.PROGRAMS)
def test_a_neighbours_metric_has_the_labels_that_boards_use(name: str) -> None:
    declared = {metric.name: frozenset(metric.labels) for _, _, metrics in catalogues.sections() for metric in metrics}
    assert declared[name] == known.PROGRAMS[name]


def test_recorded_names_and_catalogued_names_are_known() -> None:
    known_metrics = known.metrics()
    assert "platform:ott_edge_sessions:sum" in known_metrics
    assert known_metrics["ott_edge_request_duration_seconds_bucket"] == frozenset({"service", "le"})
    assert known_metrics["node_memory_MemAvailable_bytes"] == frozenset()


def test_the_clocks_on_boards_are_those_that_the_desk_counts_from_its_start() -> None:
    counted = {sample.labels: sample.value for sample in metrics.Counts().samples() if len(sample.labels) == 1}
    assert counted == {(str(clock.value),): 0.0 for clock in vocabulary.CLOCKS}


def test_every_fault_that_a_probe_finds_has_its_words() -> None:
    assert {meaning.value for meaning in streams.FAULTS} == {"none", *Reason}
