"""Events as sentences of the timeline."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from alerts.desk.core.words import Words, in_language
from alerts.desk.tickets.events import (
    AlarmsChanged,
    CountedFrom,
    Delivered,
    Edited,
    Escalated,
    Event,
    NoteAdded,
    Opened,
    PriorityChanged,
    StatusChanged,
    Unverified,
    Verifying,
    Warned,
)


def sentence(event: Event, words: Words) -> str:  # noqa: C901, PLR0911, PLR0912 - one a kind of event
    """Return what happened in the reader's language."""
    match event.body:
        case Opened(priority, severity):
            return words("event.opened", priority=priority, severity=words.of("severity", severity))
        case StatusChanged(old, new, reason):
            places = {"from": words.of("status", old or ""), "to": words.of("status", new)}
            told = words.of("reason", reason)
            return words("event.status_reason" if told else "event.status", **places, reason=told)
        case AlarmsChanged() as body:
            return _alarms(body, words)
        case Warned(clock, percent, vendor, _):
            name = words(f"clockname.{clock}")
            return words(
                "event.breach" if percent == 100 else "event.warning", clock=name, percent=percent, vendor=vendor
            )
        case Escalated(_, vendor):
            return words("event.escalated", vendor=vendor)
        case PriorityChanged(to, reason):
            return words("event.priority", to=to, reason=words.of("reason", reason))
        case NoteAdded(text, texts):
            return words("event.note", text=in_language(texts, words.language) or text)
        case CountedFrom(since, _):
            return words("event.counted_from", at=words.time(since))
        case Edited(fields):
            return words("event.edited", fields=", ".join(fields))
        case Verifying(why) if why:
            return words(f"event.verifying_{why}")
        case Unverified(why, what, since) if why:
            return words(f"event.unverified_{why}", what=what, since=words.time(_moment(since)))
        case Delivered(target, outcome, reason):
            key = "event.delivery_reason" if reason else "event.delivery"
            return words(key, target=target, outcome=words.of("delivery", outcome), reason=reason)
        case body:
            return words(f"event.{event.kind.name.lower()}", **asdict(body))


def latest_doubt(log: Sequence[Event], words: Words) -> str:
    """Return the last reason why a recovery could not be verified; nothing where nobody asked yet."""
    told = [each for each in log if isinstance(each.body, Unverified)]
    return sentence(told[-1], words) if told else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _alarms(body: AlarmsChanged, words: Words) -> str:
    parts = []
    if body.began:
        named = in_language(body.texts, words.language) or ()
        texts = "; ".join(named)
        rest = body.began - len(named)
        parts.append(words("event.began", texts=f"{texts} +{rest}" if rest > 0 else texts))
    if body.ended:
        parts.append(words("event.ended", ended=body.ended))
    return ". ".join(parts)
