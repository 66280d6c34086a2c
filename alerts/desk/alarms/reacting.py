"""How a ticket reacts to its alarms."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from alerts.desk.alarms.evaluation.finding import Why
from alerts.desk.alarms.judging import Judged
from alerts.desk.core.actors import DESK
from alerts.desk.core.annotations import by_language
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import AlarmsChanged, NoteAdded, PriorityChanged, Unverified, Verified
from alerts.desk.tickets.policy import Policy, priority_of, severity_of, worse


def react(draft: Draft, judged: Judged, policy: Policy, now: datetime) -> None:
    """Tell the ticket what happened to its alarms."""
    draft.firing += judged.firing
    if judged.began or judged.ended:
        draft.record(now, summary(judged, policy.zone), DESK)
    if judged.began:
        worsen(draft, [alert.labels for alert in judged.began], now)
        draft.refired(policy, now)
    if judged.truncated:
        draft.record(now, left_out(judged.truncated), DESK)
    if judged.ended and judged.doubt is not None:
        draft.record(now, Unverified(judged.doubt.why, judged.doubt.what), DESK)
        draft.unverified, draft.verify_at = True, None
    if draft.firing == 0 and (judged.ended or waits_for_its_end(draft, judged)):
        _end(draft, judged, policy, now)


def waits_for_its_end(draft: Draft, judged: Judged) -> bool:
    """Return whether this is the news that a ticket waited for whose alarms had ended in doubt."""
    return bool(judged.over and draft.unverified and draft.verify_at is None and draft.firing == 0)


def _end(draft: Draft, judged: Judged, policy: Policy, now: datetime) -> None:
    truncated = judged.doubt is not None and judged.doubt.why is Why.TRUNCATED
    if truncated or (draft.unverified and not judged.over and not policy.verify_recovery):
        return
    if draft.unverified and not policy.verify_recovery:
        draft.record(now, Verified(), DESK)
    draft.recovered(policy, now)


def left_out(number: int) -> NoteAdded:
    """Return the note that a sender left alerts out of its message."""
    english = (
        f"Alertmanager left out the other alerts of this group ({number}), and they are missing here: "
        "set max_alerts of the receiver to 0."
    )
    russian = (
        f"Alertmanager не передал остальные алерты этой группы ({number}), здесь их нет: "
        "укажите max_alerts: 0 в настройках получателя."
    )
    return NoteAdded(english, {"en": english, "ru": russian})


def worsen(draft: Draft, began: Iterable[Mapping[str, str]], now: datetime) -> None:
    """Raise severity and priority to the worst alarm's; they never fall by themselves."""
    each = {(labels.get("severity"), labels.get("service_affecting")): labels for labels in began}
    for labels in each.values():  # a storm has thousands of a kind
        severity = severity_of(labels)
        if severity != draft.severity:
            draft.severity = worse(draft.severity, severity)
        priority = priority_of(labels)
        if priority < draft.priority and not draft.priority_fixed:
            draft.priority = priority
            draft.record(now, PriorityChanged(priority, "alarm"), DESK)


def summary(judged: Judged, zone: tzinfo, *, effects: bool = False) -> AlarmsChanged:
    named = [
        by_language(each.annotations, "summary", each.labels.get("alertname", ""), zone) for each in judged.began[:5]
    ]
    languages = sorted({language for names in named for language in names})
    texts = {language: [names.get(language, names["en"]) for names in named] for language in languages}
    return AlarmsChanged(len(judged.began), judged.ended, texts, effects)


def note_effects(draft: Draft, judged: Judged, zone: tzinfo, now: datetime) -> None:
    """Tell a ticket what happened to the effects of its alarms; its own state does not follow from them."""
    if judged.began or judged.ended:
        draft.record(now, summary(judged, zone, effects=True), DESK)
        worsen(draft, [alert.labels for alert in judged.began], now)
