"""`ott-desk topology`: what the topology file means, and what it makes of alarms."""

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.correlator import Correlator, plan_of
from alerts.desk.alarms.correlation.grouping import Candidate, decide
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.plan import unmatched
from alerts.desk.alarms.correlation.texts import shared, why
from alerts.desk.core.settings import Settings
from service.program import Exit
from service.prometheus import PrometheusError, connect

_SELECTOR = re.compile(r"(?P<name>\w+)\s*(?:\{(?P<labels>.*)\})?")
_LABEL = re.compile(r'\s*(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_WAITED = datetime(2100, 1, 1, tzinfo=UTC)


def topology(arguments: argparse.Namespace, settings: Settings, file: Path | None) -> int:
    """Check the file, show what hangs on what, or explain alarms."""
    correlator = Correlator(plan_of(file))
    known = _learn(correlator, settings)
    match arguments.verb:
        case "check":
            return _check(correlator, file, known=known)
        case "show":
            _show(correlator)
        case _:
            print(*explained([alarm(text) for text in arguments.alert], correlator), sep="\n")
    return Exit.FINE


def _learn(correlator: Correlator, settings: Settings) -> bool:
    """Ask Prometheus for the nodes; return whether it answered."""
    if not settings.prometheus:
        print("the settings name no prometheus: the nodes are not known", file=sys.stderr)
        return False
    client = connect(settings.prometheus, token=settings.token_of_prometheus())
    try:
        correlator.learn(client.query)
    except PrometheusError as error:
        print(f"the nodes are not known: {error}", file=sys.stderr)
        return False
    finally:
        client.close()
    return True


def _check(correlator: Correlator, file: Path | None, *, known: bool) -> int:
    where = file or "the default topology"
    strangers = unmatched(correlator.topology.plan, correlator.topology.nodes) if known else []
    for name in strangers:
        print(f"{where}: {name} is no node, element or group; correct the name, or add an [[element]]")
    if not strangers:
        print(f"{where}: fine")
    return Exit.FAILED if strangers else Exit.FINE


def _show(correlator: Correlator) -> None:
    for place in correlator.topology.places():
        print(f"{place} depends on {', '.join(sorted(correlator.topology.sources(place)))}")


def alarm(text: str) -> Alarm:
    """Return the alarm of `NodeDown{node="edge-1",site="almaty",layer="node"}`; raise ValueError with the remedy."""
    match = _SELECTOR.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} is no alert; write NodeDown{{node="edge-1",site="almaty",layer="node"}}')
    body, labels, end = match["labels"] or "", {"alertname": match["name"]}, 0
    for found in _LABEL.finditer(body):
        if found.start() != end:
            break
        labels[found[1]], end = found[2], found.end()
    if end != len(body):
        raise ValueError(f'{text!r}: {body[end:]!r} is no label; write name="value"')
    if not labels.get("layer"):
        raise ValueError(f'{text!r} has no label layer; without it an alarm takes no part. Add layer="node"')
    return Alarm(text, labels, datetime(2000, 1, 1, tzinfo=UTC))


def explained(alarms: Iterable[Alarm], correlator: Correlator) -> list[str]:
    """Return a line for each alarm: the ticket that it gets, or whose it belongs to and why."""
    candidates = [Candidate(one, one.began) for one in alarms]
    places = [Head(one.alarm) for one in candidates]
    decisions = decide((), candidates, correlator.explainer(places), _WAITED, correlator.lineup)
    lines = [f"{head.alarm.key}: a ticket of its own" for head in decisions.opened if head.kin is None]
    lines += [
        f"{head.alarm.key}: a ticket of its own. {shared(head.kin)['en']}" for head in decisions.opened if head.kin
    ]
    for one in decisions.attached:
        reason = why(one.cause, one.alarm)["en"] if one.effect else "It is one of the same family."
        lines.append(f"{one.alarm.key}: belongs to {one.head.alarm.key}. {reason}")
    return lines
