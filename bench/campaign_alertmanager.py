"""What the shipped Alertmanager sends for alarms that come and go: its groups, their first wait and their interval."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bench.campaign_faults import Spell

_SHIPPED = Path(__file__).parent.parent / "alerts" / "alertmanager.yml"
EVALUATION = 5.0  # seconds between two evaluations of a rule group
_SPAN = {"ms": 0.001, "s": 1.0, "m": 60.0}


class Sent(NamedTuple):
    """A notification, and when it leaves; seconds since the start."""

    at: float
    group: Mapping[str, str]
    alerts: tuple["Alert", ...]


class Alert(NamedTuple):
    """An alert of a notification."""

    labels: Mapping[str, str]
    began: float
    ended: float | None


@dataclass(slots=True)
class _Group:
    labels: Mapping[str, str]
    changes: list[tuple[float, Alert]] = field(default_factory=list)


class Manager:
    """Groups by the shipped routing tree."""

    def __init__(self) -> None:
        route = yaml.safe_load(_SHIPPED.read_text("utf-8"))["route"]
        self._by: list[str] = route["group_by"]
        self._wait, self._interval = _seconds(route["group_wait"]), _seconds(route["group_interval"])
        self._waits = [
            (re.compile(matcher.split(maxsplit=2)[2].strip('"')), _seconds(each["group_wait"]))
            for each in route["routes"]
            for matcher in each["matchers"]  # of alertname only
        ]

    def group_of(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the labels of an alert's group."""
        return {name: labels[name] for name in self._by if name in labels}

    def send(self, spells: Iterable[Spell]) -> list[Sent]:
        """Return the notifications in the order in which they leave."""
        groups: dict[tuple[tuple[str, str], ...], _Group] = {}
        for labels, began, ended in evaluated(spells):
            group = self.group_of(labels)
            known = groups.setdefault(tuple(sorted(group.items())), _Group(group))
            known.changes += [(began, Alert(labels, began, None)), (ended, Alert(labels, began, ended))]
        sent = [one for group in groups.values() for one in self._notify(group)]
        return sorted(sent, key=lambda one: one.at)

    def _notify(self, group: _Group) -> Iterator[Sent]:
        pending = sorted(group.changes, key=lambda change: change[0])
        firing: dict[str, Alert] = {}
        known: set[tuple[str, float]] = set()  # what was told to fire
        waits = (wait for name, wait in self._waits if name.fullmatch(group.labels["alertname"]))
        wait = next(waits, self._wait)
        due = -1.0
        while pending:
            due = pending[0][0] + wait if due < 0 or not firing else max(pending[0][0], due + self._interval)
            over: list[Alert] = []
            while pending and pending[0][0] <= due:
                alert = pending.pop(0)[1]
                name = fingerprint(alert.labels)
                if alert.ended is None:
                    firing[name] = alert
                else:
                    firing.pop(name, None)
                    over += [alert] if (name, alert.began) in known else []
            alerts = (*firing.values(), *over)
            known |= {(fingerprint(each.labels), each.began) for each in firing.values()}
            if alerts:
                yield Sent(due, group.labels, alerts)


def evaluated(spells: Iterable[Spell]) -> Iterator[tuple[Mapping[str, str], float, float]]:
    """Yield alerts as rules see them: from one evaluation to another, spells of one alert joined where they touch."""
    by_alert: dict[str, list[tuple[Mapping[str, str], float, float]]] = {}
    for spell in spells:
        begin, end = _tick(spell.begin, spell.labels), _tick(spell.end, spell.labels)
        by_alert.setdefault(fingerprint(spell.labels), []).append((spell.labels, begin, max(end, begin + EVALUATION)))
    for told in by_alert.values():
        told.sort(key=lambda one: one[1])
        last = told[0]
        for labels, begin, end in told[1:]:
            if begin <= last[2]:
                last = (labels, last[1], max(last[2], end))
            else:
                yield last
                last = (labels, begin, end)
        yield last


def body(sent: Sent, start: datetime) -> dict[str, Any]:
    """Return a notification as Alertmanager writes it."""
    return {
        "version": "4",
        "status": "firing" if any(each.ended is None for each in sent.alerts) else "resolved",
        "receiver": "desk",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "groupLabels": dict(sent.group),
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": [_alert(each, start) for each in sent.alerts],
    }


def _alert(alert: Alert, start: datetime) -> dict[str, Any]:
    labels = alert.labels
    place = labels.get("element") or labels.get("node") or labels.get("site") or "the platform"
    end = "0001-01-01T00:00:00Z" if alert.ended is None else moment(start, alert.ended).isoformat()
    summary = " ".join([labels["alertname"], "on", place, labels.get("channel", "")]).strip()
    return {
        "status": "firing" if alert.ended is None else "resolved",
        "labels": dict(labels),
        "annotations": {"summary": summary, "summary_ru": summary},
        "startsAt": moment(start, alert.began).isoformat(),
        "endsAt": end,
        "generatorURL": "http://prometheus/graph",
        "fingerprint": fingerprint(labels),
    }


def moment(start: datetime, at: float) -> datetime:
    """Return a moment of an experiment."""
    return start + timedelta(seconds=at)


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return what tells alerts apart."""
    return hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]


def _tick(at: float, labels: Mapping[str, str]) -> float:
    """Return the first evaluation of the alert's rule from a moment on; groups are evaluated one after the other."""
    offset = int(hashlib.sha256(labels["alertname"].encode()).hexdigest(), 16) % 1000 / 1000 * EVALUATION
    return offset + EVALUATION * -(-(at - offset) // EVALUATION)


def _seconds(text: str) -> float:
    number = text.rstrip("ms")
    return float(number) * _SPAN[text[len(number) :]]
