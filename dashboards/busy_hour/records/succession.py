"""Series that go on under other labels: a new version, a renamed service, a pod with another name.

A server keeps them as two series, one that ends and one that begins. As a sum has a minute only where every series has
it, the two would leave nothing of the day; and where the old one is still answered for a while, both would count.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dashboards.busy_hour.measures.series import Floats

AT_MOST = 5
"""Minutes between an end and a beginning, or common to both: servers answer the last sample so long (project rule)."""

Member = tuple[Mapping[str, str], Floats]


def joined(members: Sequence[Member]) -> tuple[list[Member], list[tuple[Mapping[str, str], Mapping[str, str]]]]:
    """Return the series with each that ends and the one that goes on as one, and the labels before and after.

    Which beginning belongs to which end does not matter to a sum. In common minutes the later one counts.
    """
    waiting = sorted(members, key=lambda member: _first(member[1]))
    result: list[Member] = []
    found = []
    for labels, minutes in waiting:
        first = _first(minutes)
        ended = (_last(own) if _last(own) < len(own) - 1 else np.inf for _, own in result)
        place = next((at for at, last in enumerate(ended) if abs(first - 1 - last) <= AT_MOST), None)
        if first == 0 or place is None:
            result.append((labels, minutes))
            continue
        before, own = result[place]
        result[place] = labels, np.concatenate([own[:first], minutes[first:]])
        found.append((before, labels))
    return result, found


def _first(minutes: Floats) -> int:
    return int(np.argmax(~np.isnan(minutes)))


def _last(minutes: Floats) -> int:
    return len(minutes) - 1 - _first(minutes[::-1])
