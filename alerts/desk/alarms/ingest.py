"""A notification becomes tickets: one transaction, a handful of bulk statements, whatever its size.

The answer to Alertmanager follows the commit. Everything that decides is in `alarms` and `draft`; this module reads
what they need, lets them decide, and writes what they changed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from alerts.desk.alarms import heartbeats
from alerts.desk.alarms import outcome as alarms
from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Occurrence, Verdict
from alerts.desk.alarms.problem import problem_key
from alerts.desk.alarms.webhook import Alert, Notification
from alerts.desk.core.actors import DESK
from alerts.desk.core.database import Database, lost_race
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.change import Draft, Readings
from alerts.desk.tickets.events import Kind
from alerts.desk.tickets.policy import Policy, priority_of, severity_of, wants_ticket, worse

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a notification did."""

    outcomes: Counter[str]
    opened: int = 0


def ingest(database: Database, notification: Notification, policy: Policy, now: datetime) -> Ingested:
    """Store a notification."""
    signs = sum(each.firing for each in notification.alerts if each.labels.get("alertname") == policy.watchdog)
    return ingest_problems(database, problems(notification, policy), policy, now, signs)


def ingest_problems(
    database: Database, found: list[Problem], policy: Policy, now: datetime, signs: int = 0
) -> Ingested:
    """Store problems and signs of life; when another desk opened the same problem just now, look again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _ingest(database, found, policy, now, signs)
        except tickets.OpenedElsewhereError:
            continue
        except DBAPIError as error:
            if not lost_race(error):
                raise
    return _ingest(database, found, policy, now, signs)


def problems(notification: Notification, policy: Policy) -> list[Problem]:
    """Return the notification's problems in a stable order, so that two desks lock tickets in the same order."""
    result: dict[str, Problem] = {}
    for alert in notification.alerts:
        if alert.labels.get("alertname") == policy.watchdog:
            continue
        labels = notification.group_labels if policy.one_ticket_per == "group" else alert.labels
        key = problem_key(labels)
        problem = result.setdefault(key, Problem(key, labels, annotations=notification.common_annotations))
        problem.alerts.append(alert)
    return [result[key] for key in sorted(result)]


def _ingest(database: Database, found: list[Problem], policy: Policy, now: datetime, signs: int) -> Ingested:
    outcomes: Counter[str] = Counter()
    with database.write() as connection:
        if signs:
            heartbeats.beat(connection, policy.watchdog, now)
            outcomes[Verdict.WATCHDOG] += signs
        opened = _store(connection, found, policy, now, outcomes) if found else 0
    return Ingested(outcomes, opened)


def _store(connection: Connection, found: list[Problem], policy: Policy, now: datetime, outcomes: Counter[str]) -> int:
    drafts = {draft["problem_key"]: draft for draft in tickets.lock_open(connection, [each.key for each in found])}
    known = stored_alarms.latest(connection, found, {draft["id"] for draft in drafts.values()})
    stored = list(known.values())  # a new occurrence takes the place of the one that it ends
    opening: list[Draft] = []
    touched: list[tuple[Draft, _Judged]] = []
    for problem in found:
        draft = drafts.get(problem.key)
        judged = _judge(problem, known, policy, now, outcomes, has_ticket=draft is not None)
        if draft is None and judged.fresh:
            draft = open_ticket(problem, judged.fresh, now)
            opening.append(draft)
        if draft is not None and (judged.began or judged.ended):
            touched.append((draft, judged))
    # A storm is mostly repeats: only what changes has its log read and its clocks computed.
    changing = [draft for draft, _ in touched if draft["id"] is not None]
    tickets.load_logs(connection, changing)
    readings: Readings = {}
    for draft, judged in touched:
        _react(draft, judged, policy, now)
        draft.finish(policy, now, readings)
    tickets.insert(connection, opening, policy.publish)
    tickets.save(connection, changing, policy.publish)
    fresh = [(draft, occurrence) for draft, judged in touched for occurrence in judged.fresh]
    stored_alarms.insert(connection, fresh)
    stored_alarms.update(connection, [each for each in stored if each.changed])
    return len(opening)


@dataclass(slots=True)
class _Judged:
    """What one problem's alerts came to."""

    began: list[Alert] = field(default_factory=list)
    fresh: list[Occurrence] = field(default_factory=list)
    ended: int = 0
    firing: int = 0  # how many more occurrences fire than before


def _judge(  # noqa: PLR0913 - the one place where an alert meets what is known
    problem: Problem,
    known: dict[tuple[str, str], Occurrence],
    policy: Policy,
    now: datetime,
    outcomes: Counter[str],
    *,
    has_ticket: bool,
) -> _Judged:
    """Judge the alerts of one problem in the order in which they began, and count what they came to."""
    result = _Judged()
    wanted = has_ticket or any(wants_ticket(alert.labels) for alert in problem.alerts)
    for alert in sorted(problem.alerts, key=lambda alert: alert.starts_at or now):
        place = (problem.key, alert.fingerprint)
        before = known.get(place)
        verdict = alarms.judge(before, alert, now, policy.late)
        if verdict is Verdict.REOPENED and before is not None and not before.in_open_ticket:
            # Its ticket is closed: the continuation is a new emergency with the same start.
            verdict = Verdict.NEW
        if verdict in (Verdict.NEW, Verdict.MISSED) and not wanted:
            outcomes[Verdict.NO_TICKET] += 1
            continue
        fired = before is not None and before.ends_at is None and before.in_open_ticket
        new = alarms.apply(before, verdict, alert, now)
        after = known[place] = new[0] if new else before if before is not None else known[place]
        result.fresh += new
        if verdict in (Verdict.NEW, Verdict.REOPENED):
            result.began.append(alert)
        fires = after.ends_at is None and after.in_open_ticket
        result.firing += fires - fired
        result.ended += verdict is Verdict.MISSED or (fired and not fires)
        outcomes[verdict] += 1
    return result


def open_ticket(problem: Problem, fresh: list[Occurrence], now: datetime) -> Draft:
    """Return a new ticket for a problem; the facts are those of its worst alarm."""
    worst = min(fresh, key=lambda each: (priority_of(each.labels), each.starts_at))
    texts = {**worst.annotations, **{name: text for name, text in problem.annotations.items() if text}}
    title = " ".join(worst.labels[name] for name in ("alertname", "node", "channel") if worst.labels.get(name))
    names = _by_language(texts, "summary", title or "alarm")
    priority, severity = priority_of(worst.labels), severity_of(worst.labels)
    descriptions = _by_language(texts, "description", "")
    draft = tickets.fresh(
        problem_key=problem.key,
        labels=dict(problem.labels),
        site=worst.labels.get("site", ""),
        node=worst.labels.get("node", "") or worst.labels.get("instance", ""),
        names=names,
        descriptions={language: text or names[language] for language, text in descriptions.items()},
        runbook_url=_web(texts.get("runbook_url", "")),
        severity=severity,
        priority=priority,
        ticket_type="incident",
        automatic=True,
        status_at=now,
        opened_at=now,
        updated_at=now,
    )
    draft.record(now, Kind.OPENED, DESK, priority=priority, severity=severity)
    return draft


def _by_language(texts: Mapping[str, str], name: str, default: str) -> dict[str, str]:
    english = texts.get(name) or default
    return {"en": english, "ru": texts.get(f"{name}_ru") or english}


def _web(url: str) -> str:
    """Return the address if a browser may be sent there: an annotation is untrusted, and so is `javascript:`."""
    return url if url.startswith(("http://", "https://")) else ""


def _react(draft: Draft, judged: _Judged, policy: Policy, now: datetime) -> None:
    """Tell the ticket what happened to its alarms."""
    draft.set(firing=draft["firing"] + judged.firing)
    if judged.began or judged.ended:
        draft.record(now, Kind.ALARMS, DESK, **_summary(judged))
    if judged.began:
        _worsen(draft, judged.began, now)
        draft.refired(policy, now)
    if judged.ended and draft["firing"] == 0:
        draft.recovered(policy, now)


def _worsen(draft: Draft, began: list[Alert], now: datetime) -> None:
    """Raise severity and priority to the worst alarm's; they never fall by themselves."""
    for alert in began:
        severity = severity_of(alert.labels)
        if severity != draft["severity"]:
            draft.set(severity=worse(draft["severity"], severity))
        priority = priority_of(alert.labels)
        if priority < draft["priority"] and not draft["priority_fixed"]:
            draft.set(priority=priority)
            draft.record(now, Kind.PRIORITY, DESK, to=priority, reason="alarm")


def _summary(judged: _Judged) -> dict[str, Any]:
    names = [_by_language(each.annotations, "summary", each.labels.get("alertname", "")) for each in judged.began[:5]]
    texts = {"texts": [each["en"] for each in names], "texts_ru": [each["ru"] for each in names]}
    return {"began": len(judged.began), "ended": judged.ended} | texts
