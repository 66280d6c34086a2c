"""Where to look closer: Alertmanager, Prometheus and Grafana, as far as the settings name them."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from alerts.desk.core.settings import Settings
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.ticket import Ticket
from service.promql import expression_of

AROUND = timedelta(minutes=30)
_NODE = ("node", ("site", "node"))
_PLATFORM: tuple[str, tuple[str, ...]] = ("platform", ())
_BOARDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "edge": ("edge", ("site", "service")),
    "stream": ("streams", ("site", "node", "channel")),
    "capacity": ("busy-hour", ()),
    "appeals": ("appeals", ()),
    "ottwatch": ("ottwatch", ("site", "node")),
}
"""The dashboard and its variables by the alarm's `component`; others have the node's dashboard, or the platform's."""


def links(settings: Settings, ticket: Ticket, alarms: Sequence[AlarmRecord], language: str) -> list[tuple[str, str]]:
    """Return (name, address) pairs for a ticket."""
    result = []
    if settings.alertmanagers and ticket.labels:
        matchers = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(ticket.labels.items()))
        result.append(("Alertmanager", f"{settings.alertmanagers[0]}/#/alerts?filter={quote('{' + matchers + '}')}"))
    expression = expression_of(alarms[0].generator_url) if alarms else ""
    if settings.prometheus and expression:
        query = urlencode({"g0.expr": expression, "g0.tab": 0, "g0.range_input": "1h"})
        result.append(("Prometheus", f"{settings.prometheus}/graph?{query}"))
    if settings.grafana:
        result.append(("Grafana", f"{settings.grafana}/d/{_board(ticket, alarms, language)}"))
    return result


def _board(ticket: Ticket, alarms: Sequence[AlarmRecord], language: str) -> str:
    """Return the dashboard of what the alarms are about, at the place and time of the ticket."""
    labels = dict(alarms[0].labels) if alarms else {}
    known = {
        "site": ticket.site,
        "node": ticket.node,
        **{name: labels.get(name, "") for name in ("service", "channel")},
    }
    board, variables = _BOARDS.get(labels.get("component", ""), _NODE if ticket.node else _PLATFORM)
    query: dict[str, str | int] = {f"var-{name}": known[name] for name in variables if known[name]}
    if board != "busy-hour":  # that one shows weeks
        query |= {
            "from": _milliseconds(ticket.opened_at - AROUND),
            "to": _milliseconds(ticket.opened_at + AROUND),
        }
    return f"ott-{board}-{language}" + (f"?{urlencode(query)}" if query else "")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
