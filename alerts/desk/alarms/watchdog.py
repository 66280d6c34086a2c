"""Who watches the watcher: an alert that never stops, whose absence opens a ticket by the desk itself."""

from datetime import datetime, timedelta

from alerts.desk.alarms import heartbeats
from alerts.desk.alarms import store as alarms
from alerts.desk.alarms.ingest import Ingested, ingest_problems
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.problem import problem_key
from alerts.desk.alarms.webhook import Alert
from alerts.desk.core.database import Database
from alerts.desk.tickets.policy import Policy

FINGERPRINT = "ottwatch-desk-watchdog"
OWN = frozenset({FINGERPRINT})
"""Alarms that the desk raises itself and no Alertmanager knows."""

_LABELS = {
    "alertname": "WatchdogMissing",
    "severity": "critical",
    "component": "ottwatch",
    "layer": "self",
    "service_affecting": "no",
}
_GROUP = {"alertname": "WatchdogMissing"}
_TEXTS = {
    "summary": "No sign of life from Prometheus and Alertmanager",
    "summary_ru": "Нет контрольного сигнала от Prometheus и Alertmanager",
    "description": "The alert that never stops has not arrived. Until it does, nobody knows whether anything else is "
    "broken. Check Prometheus, Alertmanager and the way from there to the desk.",
    "description_ru": "Не приходит постоянный контрольный сигнал. Пока его нет, о других авариях никто не "
    "узнает. Проверьте Prometheus, Alertmanager и связь от них до этой системы.",
}


def watch(database: Database, policy: Policy, now: datetime) -> Ingested | None:
    """Raise or end the desk's own alarm; return what it did, None when nothing changes."""
    key = problem_key(_GROUP)
    with database.write() as connection:
        heard = heartbeats.since(connection, policy.watchdog, now)
        raised = alarms.fires(connection, key, FINGERPRINT)
    missing = now - heard > timedelta(seconds=policy.watchdog_missing)
    if missing == raised:
        return None
    alert = Alert(FINGERPRINT, missing, _LABELS, _TEXTS, heard if missing else None, None if missing else now)
    return ingest_problems(database, [Problem(key, _GROUP, [alert])], policy, now)
