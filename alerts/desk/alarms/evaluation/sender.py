"""What a sender itself says of the end of an alert.

Grafana ends the alerts of its own rules, too, when their series are gone, when the data source has no data or fails,
and when the rule is paused; the annotation `grafana_state_reason` tells.
"""

from collections.abc import Mapping

from alerts.desk.alarms.evaluation.finding import Doubt, Why

ANNOTATION = "grafana_state_reason"
_NO_DATA = frozenset({"MissingSeries", "NoData", "Error", "KeepLast", "Paused"})


def senders_doubt(annotations: Mapping[str, str]) -> Doubt | None:
    """Return why an alert that ended has perhaps not recovered, by its sender's own words."""
    said = {each.strip() for each in annotations.get(ANNOTATION, "").split(",")} & _NO_DATA
    return Doubt(Why.SENDER, ", ".join(sorted(said))) if said else None
