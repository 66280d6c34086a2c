"""How a ticket reacts to its alarms."""

from datetime import datetime

from alerts.desk.alarms.judging import Judged
from alerts.desk.alarms.opening import by_language
from alerts.desk.alarms.webhook import Alert
from alerts.desk.core.actors import DESK
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import AlarmsChanged, PriorityChanged
from alerts.desk.tickets.policy import Policy, priority_of, severity_of, worse


def react(draft: Draft, judged: Judged, policy: Policy, now: datetime) -> None:
    """Tell the ticket what happened to its alarms."""
    draft.set(firing=draft["firing"] + judged.firing)
    if judged.began or judged.ended:
        draft.record(now, summary(judged), DESK)
    if judged.began:
        worsen(draft, judged.began, now)
        draft.refired(policy, now)
    if judged.ended and draft["firing"] == 0:
        draft.recovered(policy, now)


def worsen(draft: Draft, began: list[Alert], now: datetime) -> None:
    """Raise severity and priority to the worst alarm's; they never fall by themselves."""
    for alert in began:
        severity = severity_of(alert.labels)
        if severity != draft["severity"]:
            draft.set(severity=worse(draft["severity"], severity))
        priority = priority_of(alert.labels)
        if priority < draft["priority"] and not draft["priority_fixed"]:
            draft.set(priority=priority)
            draft.record(now, PriorityChanged(priority, "alarm"), DESK)


def summary(judged: Judged, *, effects: bool = False) -> AlarmsChanged:
    named = [by_language(each.annotations, "summary", each.labels.get("alertname", "")) for each in judged.began[:5]]
    languages = sorted({language for names in named for language in names})
    texts = {language: [names.get(language, names["en"]) for names in named] for language in languages}
    return AlarmsChanged(len(judged.began), judged.ended, texts, effects)


def note_effects(draft: Draft, judged: Judged, now: datetime) -> None:
    """Tell a ticket what happened to the effects of its alarms; its own state does not follow from them."""
    if judged.began or judged.ended:
        draft.record(now, summary(judged, effects=True), DESK)
        worsen(draft, judged.began, now)
