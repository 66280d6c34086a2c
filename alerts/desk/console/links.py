"""Where to look closer: Alertmanager, Prometheus and Grafana, as far as the settings name them."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import RowMapping

from alerts.desk.presence import expression_of
from alerts.desk.settings import Settings

AROUND = timedelta(minutes=30)


def links(settings: Settings, row: RowMapping, alarms: Sequence[RowMapping], language: str) -> list[tuple[str, str]]:
    """Return (name, address) pairs for a ticket."""
    result = []
    if settings.alertmanagers and row["labels"]:
        matchers = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(row["labels"].items()))
        result.append(("Alertmanager", f"{settings.alertmanagers[0]}/#/alerts?filter={quote('{' + matchers + '}')}"))
    expression = expression_of(alarms[0]["generator_url"]) if alarms else ""
    if settings.prometheus and expression:
        query = urlencode({"g0.expr": expression, "g0.tab": 0, "g0.range_input": "1h"})
        result.append(("Prometheus", f"{settings.prometheus}/graph?{query}"))
    if settings.grafana:
        times = {
            "from": _milliseconds(row["opened_at"] - AROUND),
            "to": _milliseconds(row["opened_at"] + AROUND),
        }
        board = "node" if row["node"] else "platform"
        place = {"var-site": row["site"], "var-node": row["node"]} if row["node"] else {}
        result.append(("Grafana", f"{settings.grafana}/d/ott-{board}-{language}?{urlencode(place | times)}"))
    return result


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
