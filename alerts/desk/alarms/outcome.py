"""What a notification's alert means, given the latest occurrence that the desk knows of it.

Webhooks come twice, late and out of order, from several Alertmanagers, so each alert is judged by its own times. The
whole table:

| latest known | alert | verdict |
| --- | --- | --- |
| none | firing | new |
| none | resolved | missed: its firing never reached us; recorded with its end, unless that was long ago |
| firing | firing, same or earlier start | repeated |
| firing | firing, later start | new; the known one ended unheard |
| firing | resolved after it began | recovered |
| firing | resolved before it began | late |
| ended | resolved, not later than the known end | repeated |
| ended | resolved, began after the known end | missed |
| ended | firing, began after the known end | new |
| ended | firing, began before the known end, first time and soon | late: a peer's duplicate |
| ended | the same again, or after the late window | reopened: it had only timed out |
| firing in a ticket that an engineer closed | the same occurrence | settled |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.desk.alarms.webhook import Alert


class Verdict(StrEnum):
    """What an alert changes; the outcome label of `ott_desk_webhook_alerts_total`."""

    NEW = "new"
    REPEATED = "repeated"
    RECOVERED = "recovered"
    MISSED = "missed"
    LATE = "late"
    REOPENED = "reopened"
    SETTLED = "settled"
    NO_TICKET = "no_ticket"  # a severity that opens none
    OLD = "old"  # its end, long ago, is the first that is heard of it: opens no ticket
    TRUNCATED = "truncated"  # the sender left it out
    WATCHDOG = "watchdog"
    WORKS = "works"  # belongs to planned works


@dataclass(slots=True)
class Occurrence:
    """One occurrence of an alarm, as stored or about to be; `id` is None until it is."""

    fingerprint: str
    starts_at: datetime
    ends_at: datetime | None
    changed_at: datetime
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str
    id: int | None = None
    ticket_id: int | None = None
    late: int = 0
    in_open_ticket: bool = True
    changed: bool = field(default=False)


def judge(known: Occurrence | None, alert: Alert, now: datetime, late_window: float) -> Verdict:
    """Return the verdict of the table above."""
    if known is None:
        return Verdict.NEW if alert.firing else Verdict.MISSED
    if known.ends_at is None:
        return _judge_firing(known, alert)
    if not alert.firing:
        began_later = alert.starts_at is not None and alert.starts_at > known.ends_at
        return Verdict.MISSED if began_later else Verdict.REPEATED
    if alert.starts_at is None or alert.starts_at > known.ends_at:
        return Verdict.NEW
    soon = now - known.changed_at < timedelta(seconds=late_window)
    return Verdict.LATE if known.late == 0 and soon else Verdict.REOPENED


def _judge_firing(known: Occurrence, alert: Alert) -> Verdict:
    if alert.firing:
        if alert.starts_at is not None and alert.starts_at > known.starts_at:
            return Verdict.NEW
        return Verdict.REPEATED if known.in_open_ticket else Verdict.SETTLED
    # A reopened occurrence began again for this purpose: the first end's late duplicate must not end it again.
    began = max(known.starts_at, known.changed_at) if known.late else known.starts_at
    return Verdict.LATE if alert.ends_at is not None and alert.ends_at < began else Verdict.RECOVERED


def _fresh_start(known: Occurrence | None, now: datetime) -> datetime:
    """Return a start for an occurrence whose sender told none: never that of the one before it."""
    return now if known is None else max(now, known.starts_at + timedelta(microseconds=1))


def apply(known: Occurrence | None, verdict: Verdict, alert: Alert, now: datetime) -> list[Occurrence]:
    """Change the known occurrence as the verdict says; return the occurrences that are new."""
    match verdict:
        case Verdict.NEW | Verdict.MISSED:
            start = alert.starts_at or _fresh_start(known, now)
            if known is not None and known.ends_at is None:
                known.ends_at, known.changed_at, known.changed = start, now, True
            end = None if alert.firing else max(alert.ends_at or now, start)
            return [
                Occurrence(
                    alert.fingerprint, start, end, now, alert.labels, alert.annotations, alert.generator_url
                )
            ]  # fmt: skip
        case Verdict.RECOVERED if known is not None:
            known.ends_at = max(alert.ends_at or now, known.starts_at)
            # Some senders say there why it ended.
            known.annotations = alert.annotations or known.annotations
            known.changed_at, known.changed = now, True
        case Verdict.REOPENED if known is not None:
            known.ends_at, known.changed_at, known.late, known.changed = None, now, known.late + 1, True
        case Verdict.LATE if known is not None and alert.firing:
            known.late, known.changed = known.late + 1, True
        case Verdict.REPEATED if known is not None and alert.firing and alert.annotations != known.annotations:
            # Rules put the measured value into the text: keep the latest.
            known.annotations, known.changed = alert.annotations, True
        case _:
            pass
    return []
