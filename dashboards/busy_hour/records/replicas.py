"""Replicas of one Prometheus: the same series twice, told apart by a label that says which replica wrote it."""

from collections.abc import Mapping, Sequence

import numpy as np

from dashboards.busy_hour.measures.series import Floats

LABELS = ("replica", "prometheus_replica", "__replica__", "rule_replica", "receive_replica", "thanos_replica")
"""External labels that Prometheus, its operator, Mimir and Thanos use for replicas."""

_ALIKE = 0.01  # two values that differ by less are the same quantity, sampled at two moments
_SHARE = 0.95  # of the common minutes

Labels = Mapping[str, str]


class ReplicaError(ValueError):
    """Series that carry the same values under a label that no one named a replica's."""


def merged(
    members: Sequence[tuple[Labels, Floats]], labels: Sequence[str]
) -> tuple[list[tuple[Labels, Floats]], list[str]]:
    """Return labels and minutes of each series, and the labels by which replicas were found.

    Of replicas the most complete one counts; where it has no minute the others fill it.

    Raises:
        ReplicaError: two series differ in nothing but another label and have the same values.
    """
    groups: dict[tuple[tuple[str, str], ...], list[tuple[Labels, Floats]]] = {}
    for member in members:
        key = tuple(sorted((name, value) for name, value in member[0].items() if name not in labels))
        groups.setdefault(key, []).append(member)
    named = {name for group in groups.values() if len(group) > 1 for own, _ in group for name in own if name in labels}
    result: list[tuple[Labels, Floats]] = [
        (dict(key), _filled([minutes for _, minutes in group])) for key, group in groups.items()
    ]
    _refuse_copies(result)
    return result, sorted(named)


def _filled(copies: Sequence[Floats]) -> Floats:
    ordered = sorted(copies, key=lambda minutes: -np.count_nonzero(~np.isnan(minutes)))
    result = ordered[0].copy()
    for other in ordered[1:]:
        missing = np.isnan(result)
        result[missing] = other[missing]
    return result


def _refuse_copies(series: Sequence[tuple[Labels, Floats]]) -> None:
    for place, (first, minutes) in enumerate(series):
        for second, others in series[place + 1 :]:
            names = [name for name in {*first, *second} if first.get(name) != second.get(name)]
            if len(names) == 1 and _same(minutes, others):
                name = names[0]
                raise ReplicaError(
                    f'series that differ only in the label "{name}" ({first.get(name)!r}, {second.get(name)!r}) '
                    f'have the same values and would be counted twice; if it names replicas, add "{name}" to '
                    "replica_labels, otherwise narrow the selector of the source"
                )


def _same(first: Floats, second: Floats) -> bool:
    both = ~np.isnan(first) & ~np.isnan(second)
    a, b = first[both], second[both]
    if len(a) < 60 or len(np.unique(a)) < 10 or len(np.unique(b)) < 10:
        return False  # too little, or an idle series: alike without being copies
    return float(np.mean(np.abs(a - b) <= _ALIKE * np.maximum(np.abs(a), np.abs(b)))) >= _SHARE and bool(
        np.corrcoef(a, b)[0, 1] > 1 - _ALIKE
    )
