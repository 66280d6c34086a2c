"""Series that are copies of one another."""

import numpy as np
import pytest

from dashboards.busy_hour.measures.series import Floats
from dashboards.busy_hour.records.replicas import LABELS, ReplicaError, merged

MINUTES = 1000.0 + np.arange(1440.0)


def without(first: int, last: int) -> Floats:
    minutes = MINUTES.copy()
    minutes[first:last] = np.nan
    return minutes


def test_replicas_count_once_and_fill_each_other() -> None:
    pair = [({"node": "a", "replica": "1"}, without(0, 60)), ({"node": "a", "replica": "2"}, without(600, 800))]
    [(_, minutes)], found = merged(pair, LABELS)
    assert minutes.tolist() == MINUTES.tolist()
    assert found == ["replica"]


def test_clusters_are_added() -> None:
    series, found = merged([({"cluster": "a"}, MINUTES), ({"cluster": "b"}, MINUTES[::-1].copy())], LABELS)
    assert (len(series), found) == (2, [])


def test_copies_under_another_label_are_refused() -> None:
    with pytest.raises(ReplicaError, match=r'only in the label "pod" .*add "pod" to replica_labels'):
        merged([({"pod": "a"}, MINUTES), ({"pod": "b"}, MINUTES * 1.001)], LABELS)


def test_idle_series_are_no_copies() -> None:
    idle = np.zeros(1440)
    assert len(merged([({"node": "a"}, idle), ({"node": "b"}, idle)], LABELS)[0]) == 2
