"""What a new ticket says: the facts and texts of its problem's worst alarm."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Occurrence
from alerts.desk.core.actors import DESK
from alerts.desk.core.annotations import by_language
from alerts.desk.core.one_line import one_line
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import Opened
from alerts.desk.tickets.policy import priority_of, severity_of


def worst_of(fresh: list[Occurrence]) -> Occurrence:
    """Return the most urgent alarm, of several the earliest."""
    return min(fresh, key=lambda each: (priority_of(each.labels), each.starts_at))


def open_ticket(problem: Problem, fresh: list[Occurrence], zone: tzinfo, now: datetime) -> Draft:
    """Return a new ticket for a problem; the facts are those of its worst alarm."""
    worst = worst_of(fresh)
    texts = {**worst.annotations, **{name: text for name, text in problem.annotations.items() if text}}
    priority, severity = priority_of(worst.labels), severity_of(worst.labels)
    draft = tickets.fresh(
        problem_key=problem.key,
        labels=dict(problem.labels),
        **facts_of(worst.labels, texts, zone),
        severity=severity,
        priority=priority,
        ticket_type="incident",
        automatic=True,
        status_at=now,
        opened_at=now,
        updated_at=now,
    )
    draft.record(now, Opened(priority, severity), DESK)
    return draft


def facts_of(labels: Mapping[str, str], annotations: Mapping[str, str], zone: tzinfo) -> dict[str, object]:
    """Return what a ticket shows of the alarm that it tells of, by column."""
    names, descriptions = texts_of(labels, annotations, zone)
    return {
        "site": labels.get("site", ""),
        "node": labels.get("node", "") or labels.get("instance", ""),
        "names": names,
        "descriptions": descriptions,
        "runbook_url": _web(annotations.get("runbook_url", "") or annotations.get("runbook", "")),
    }


def texts_of(
    labels: Mapping[str, str], annotations: Mapping[str, str], zone: tzinfo
) -> tuple[dict[str, str], dict[str, str]]:
    """Return title and description of an alarm, by language."""
    title = " ".join(labels[name] for name in ("alertname", "node", "channel") if labels.get(name))
    told = by_language(annotations, "summary", title or "alarm", zone)
    names = {language: one_line(text) or title for language, text in told.items()}  # a title is one line
    # The monitoring mixins wrote `message` before they had `description`.
    described = by_language(annotations, "description", annotations.get("message", ""), zone)
    return names, {name: described.get(name) or described["en"] or text for name, text in names.items()}


def _web(url: str) -> str:
    """Return the address if a browser may be sent there: an annotation is untrusted, and so is `javascript:`."""
    return url if url.startswith(("http://", "https://")) else ""
