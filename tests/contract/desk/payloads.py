"""Alertmanager notifications for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def alert(node: str = "edge-1", *, firing: bool = True, start: datetime = START, **labels: str) -> dict[str, Any]:
    every = {"alertname": "NodeDown", "node": node, "site": "almaty", "severity": "critical"} | labels
    return {
        "status": "firing" if firing else "resolved",
        "labels": every,
        "annotations": {
            "summary": f"{node} does not answer",
            "summary_ru": f"{node} не отвечает",
            "description": f"{node} has not been scraped for ten seconds.",
            "runbook_url": "https://example.com/NodeDown",
        },
        "startsAt": start.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if firing else (start + timedelta(minutes=5)).isoformat(),
        "generatorURL": "http://prometheus/graph?g0.expr=up+%3D%3D+0",
        "fingerprint": f"{abs(hash(tuple(sorted(every.items())))) % 16**16:016x}",
    }


def notification(*alerts: dict[str, Any], **group: str) -> dict[str, Any]:
    firing = any(each["status"] == "firing" for each in alerts)
    return {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "desk",
        "groupLabels": group or {name: alerts[0]["labels"][name] for name in ("alertname", "node", "site")},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }
