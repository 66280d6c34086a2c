"""Events as sentences of the timeline."""

from alerts.desk.core.words import Words
from alerts.desk.tickets.events import Event, Kind


def sentence(event: Event, words: Words) -> str:  # noqa: PLR0911 - one a kind of event
    """Return what happened in the reader's language."""
    data = event.data
    match event.kind:
        case Kind.OPENED:
            severity = words.of("severity", str(data.get("severity", "")))
            return words("event.opened", priority=data.get("priority", ""), severity=severity)
        case Kind.STATUS:
            places = {"from": words.of("status", data["from"]), "to": words.of("status", data["to"])}
            reason = words.of("reason", str(data.get("reason", "")))
            return words("event.status_reason" if reason else "event.status", **places, reason=reason)
        case Kind.ALARMS:
            return _alarms(event, words)
        case Kind.WARNING:
            name = words(f"clockname.{data['clock']}")
            return words("event.breach" if data["percent"] == 100 else "event.warning", **(data | {"clock": name}))
        case Kind.ESCALATED:
            return words("event.escalated", vendor=data["vendor"])
        case Kind.PRIORITY | Kind.EDITED | Kind.HANDED_OVER | Kind.ACCEPTED | Kind.RETURNED:
            shown = {name: ", ".join(value) if isinstance(value, list) else value for name, value in data.items()}
            shown["reason"] = words.of("reason", str(data.get("reason", "")))
            return words(f"event.{event.kind.name.lower()}", **shown)
        case Kind.DELIVERY:
            return words("event.delivery", target=data["target"], outcome=words.of("delivery", str(data["outcome"])))
        case _:
            return words(f"event.{event.kind.name.lower()}", **data)


def _alarms(event: Event, words: Words) -> str:
    parts = []
    if event.data["began"]:
        named = event.data.get(f"texts_{words.language}", event.data["texts"])
        texts = "; ".join(named)
        rest = event.data["began"] - len(named)
        parts.append(words("event.began", texts=f"{texts} +{rest}" if rest > 0 else texts))
    if event.data["ended"]:
        parts.append(words("event.ended", ended=event.data["ended"]))
    return ". ".join(parts)
