"""Events come back from the database as they were, and those of earlier versions are understood."""

import json
from datetime import UTC, datetime

import pytest

from alerts.desk.tickets.event_json import from_json, to_json
from alerts.desk.tickets.events import (
    Accepted,
    AlarmsChanged,
    CountedFrom,
    Delivered,
    Edited,
    Escalated,
    EventBody,
    Flapping,
    HandedOver,
    Kind,
    NoteAdded,
    Opened,
    PriorityChanged,
    ReferenceGiven,
    Returned,
    StatusChanged,
    Taken,
    Unverified,
    Verified,
    Verifying,
    Warned,
)
from alerts.desk.tickets.states import Status

BODIES: tuple[EventBody, ...] = (
    Opened("P1", "critical"),
    AlarmsChanged(2, 1, {"en": ("a", "b"), "kk": ("c", "d"), "ru": ("e", "f")}),
    StatusChanged(Status.ACKNOWLEDGED, Status.IN_PROGRESS, "taken"),
    StatusChanged(None, Status.HELD, "vendor"),
    Taken(),
    PriorityChanged("P2", "fewer viewers"),
    NoteAdded("text"),
    HandedOver("Edge Ltd"),
    Accepted("Edge Ltd"),
    Returned("Edge Ltd"),
    ReferenceGiven("Edge Ltd", "77"),
    Edited(("name", "severity")),
    Warned("restore", 75),
    Warned("vendor", 100, "Edge Ltd"),
    Unverified(),
    Verified(),
    Verifying("slow"),
    Flapping(3),
    Escalated("accept", "Edge Ltd"),
    Delivered("ops@edge.example", "sent"),
    CountedFrom(datetime(2026, 3, 1, 12, 0, tzinfo=UTC), "P1"),
)


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_a_body_comes_back_as_it_was(body: EventBody) -> None:
    stored = json.loads(json.dumps(to_json(body)))
    assert from_json(body.kind.value, stored) == body


def test_every_kind_has_a_body() -> None:
    assert {body.kind for body in BODIES} == set(Kind)


def test_texts_of_alarms_from_before_there_were_languages() -> None:
    stored = {"began": 1, "ended": 0, "texts": ["down"], "texts_ru": ["упал"]}
    assert from_json("alarms", stored) == AlarmsChanged(1, 0, {"en": ("down",), "ru": ("упал",)})


def test_an_opening_without_facts_and_a_warning_without_a_vendor() -> None:
    assert from_json("opened", {}) == Opened()
    assert from_json("warning", {"clock": "restore", "percent": 50}) == Warned("restore", 50)


def test_a_kind_of_a_later_version_is_told() -> None:
    with pytest.raises(ValueError, match="unheard of"):
        from_json("unheard of", {})
