"""Alerts that Grafana lets run out while it cannot evaluate their rule.

While a data source has no data or fails, Grafana sends an alert `DatasourceNoData` or `DatasourceError` in place of the
rule's own, whose name it carries in the label `rulename`. The rule's own alerts end then, without a word why.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Text, cast, or_, select

from alerts.desk.alarms.evaluation.sender import ANNOTATION
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.webhook import Alert
from alerts.desk.core.tables import alarm
from service.promql import expression_of

_REASONS = {"DatasourceNoData": "NoData", "DatasourceError": "Error"}


def with_reasons(connection: Connection, found: Sequence[Problem]) -> list[Problem]:
    """Return problems whose alerts that ran out for lack of data say so, as Grafana says it of others."""
    ended = any(_may_run_out(alert) for problem in found for alert in problem.alerts)
    reasons = _reasons(connection) if ended else {}
    if not reasons:
        return list(found)
    return [replace(each, alerts=[_with_reason(alert, reasons) for alert in each.alerts]) for each in found]


def _may_run_out(alert: Alert) -> bool:
    return not alert.firing and not expression_of(alert.generator_url) and ANNOTATION not in alert.annotations


def _reasons(connection: Connection) -> dict[str, str]:
    """Return why rules are not evaluated, by their names."""
    told = or_(*(cast(alarm.c.labels, Text).like(f'%"{name}"%') for name in _REASONS))
    rows = connection.scalars(select(alarm.c.labels).where(alarm.c.ends_at.is_(None), told))
    return {
        labels["rulename"]: _REASONS[labels["alertname"]]
        for labels in rows
        if labels.get("rulename") and labels.get("alertname") in _REASONS
    }


def _with_reason(alert: Alert, reasons: dict[str, str]) -> Alert:
    reason = reasons.get(alert.labels.get("alertname", ""))
    if reason is None or not _may_run_out(alert):
        return alert
    return replace(alert, annotations={**alert.annotations, ANNOTATION: reason})
