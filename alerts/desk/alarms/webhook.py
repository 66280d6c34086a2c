"""Alertmanager's webhook payload as a Notification.

Tolerant on purpose: payloads of several generations lack `version`, `startsAt`, per-alert `status` or `fingerprint`,
and carry numbers as group keys. Group key, receiver and externalURL say nothing about identity and are not used for
it. Everything in here comes from outside: text is made storable, anything that is not a notification is a ValueError.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from alerts.desk.alarms.problem import fallback_fingerprint
from alerts.desk.core.json_body import read_json

MAX_LABEL = 4096  # characters kept of one label or annotation value

# The escapes of NUL and of surrogates; a body without them has nothing to clean.
# Year 1 is Alertmanager's way to say "still firing" in endsAt; 1970 is a clock that was never set.
_UNSET_BEFORE = datetime(1990, 1, 1, tzinfo=UTC)
# No clock is set so far ahead, and the last day of all cannot be shown in the zones to the east.
_NONSENSE_FROM = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a notification; `starts_at` is None where the sender did not say."""

    fingerprint: str
    firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    generator_url: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """One webhook: a group of alerts."""

    group_labels: Mapping[str, str]
    common_annotations: Mapping[str, str]
    alerts: tuple[Alert, ...]
    truncated: int = 0  # alerts that the sender left out of a group that fires


def parse(body: bytes, now: datetime | None = None) -> Notification:
    """Return the notification in `body`, as of now; raise ValueError when it is none."""
    raw = read_json(body)
    if not isinstance(raw, dict):
        raise ValueError("the body is not a JSON object")
    alerts = raw.get("alerts")
    if not isinstance(alerts, list):
        raise ValueError('the body has no list "alerts"')
    group_firing = _word(raw.get("status")) != "resolved"
    group = raw.get("groupLabels")
    truncated = _left_out(raw.get("truncatedAlerts"))
    at = now or datetime.now(UTC)
    return Notification(
        group_labels=labels_of(group),
        common_annotations=labels_of(raw.get("commonAnnotations")),
        alerts=tuple(_alert(alert, place, raw.get("status"), at) for place, alert in enumerate(alerts, 1)),
        truncated=truncated if group_firing else 0,
    )


def _left_out(raw: object) -> int:
    """Return how many alerts the sender left out, who may be a relay that writes numbers as text."""
    text = "0" if raw is None else raw.strip() if isinstance(raw, str) else str(raw)
    if isinstance(raw, bool) or not re.fullmatch(r"\d{1,9}(\.0)?", text):
        raise ValueError(f"truncatedAlerts is {str(raw)[:100]!r}; it has to be a whole number")
    return int(text.partition(".")[0])


def _word(status: object) -> object:
    return status.strip().lower() if isinstance(status, str) else status


def _fires(status: object, what: str) -> bool:
    """Return whether a status says that something fires, as one that is absent does; raise ValueError for another."""
    match _word(status):
        case "firing" | "" | None:
            return True
        case "resolved":
            return False
    raise ValueError(f'status of {what} is {str(status)[:100]!r}; it has to be "firing" or "resolved"')


def _alert(raw: object, place: int, group_status: object, now: datetime) -> Alert:
    if not isinstance(raw, dict):
        raise ValueError('an entry of "alerts" is not an object')
    for name in ("labels", "annotations"):
        if not isinstance(raw.get(name) or {}, dict):
            raise ValueError(f"{name} of alert {place} is not an object of names and values")
    labels = labels_of(raw.get("labels"))
    ends_at = moment_of(raw.get("endsAt"))
    if own := raw.get("status"):
        firing = _fires(own, f"alert {place}")
    else:
        # An end to come is when the alert would time out, as Prometheus sends it.
        firing = _fires(group_status, "the group") and (ends_at is None or ends_at > now)
    return Alert(
        fingerprint=text_of(raw.get("fingerprint"))[:64] or fallback_fingerprint(labels),
        firing=firing,
        labels=labels,
        annotations=labels_of(raw.get("annotations")),
        starts_at=moment_of(raw.get("startsAt")),
        ends_at=None if firing else ends_at,
        generator_url=text_of(raw.get("generatorURL")),
    )


def labels_of(raw: object) -> dict[str, str]:
    """Return a label set; values that are no text, as other senders write them, become text."""
    if not isinstance(raw, dict):
        return {}
    return {
        str(name)[:MAX_LABEL]: value[:MAX_LABEL] if isinstance(value, str) else text_of(value)
        for name, value in raw.items()
    }


def text_of(raw: object) -> str:
    """Return `raw` as text of a bounded length."""
    if raw is None:
        return ""
    return raw[:MAX_LABEL] if isinstance(raw, str) else str(raw)[:MAX_LABEL]


def moment_of(raw: object) -> datetime | None:
    """Return when something happened, in UTC; None when it is missing, unset, unreadable or no clock's time."""
    moment = instant_of(raw)
    return moment if moment is not None and _UNSET_BEFORE <= moment < _NONSENSE_FROM else None


def instant_of(raw: object) -> datetime | None:
    """Return an RFC 3339 instant in UTC; None when it is missing, unreadable or without a zone."""
    if not isinstance(raw, str):
        return None
    try:
        moment = datetime.fromisoformat(raw.upper())  # RFC 3339 allows small letters
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
