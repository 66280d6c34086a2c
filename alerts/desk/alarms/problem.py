"""Problem keys: what makes two notifications the same problem.

Not the summary, which people reword, and not Alertmanager's `groupKey`, which changes when a route's matchers do.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

_canonical = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def problem_key(group_labels: Mapping[str, str]) -> str:
    """Return the SHA-256 of the sorted labels, in an encoding that no label value can imitate."""
    return hashlib.sha256(_canonical(sorted(group_labels.items())).encode()).hexdigest()


def labels_of_problem(
    group: Mapping[str, str], alert: Mapping[str, str], one_ticket_per: str, separate: Sequence[str]
) -> Mapping[str, str]:
    """Return the labels that make an alert's problem: its group's, or its own where the group has none.

    A group without labels is whatever happens to fire: as one problem it would never end.
    """
    if one_ticket_per == "alert" or not group:
        return alert
    others = {name: alert[name] for name in separate if alert.get(name) and name not in group}
    return {**group, **others} if others else group


def fallback_fingerprint(labels: Mapping[str, str]) -> str:
    """Return an alarm's identity where Alertmanager, older than 0.19, sent none: as long as the real one."""
    return problem_key(labels)[:16]
