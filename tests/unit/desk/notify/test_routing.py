"""Who hears of what: a change of priority reaches those of the old one too, a vendor hears how its ticket ends."""

from datetime import UTC, datetime

import pytest

from alerts.desk.notify.routing import Route, messages
from alerts.desk.tickets.events import Event, EventBody, PriorityChanged, Recorded, Returned, StatusChanged
from alerts.desk.tickets.states import Status

NOW = datetime(2026, 11, 28, tzinfo=UTC)
BOSS = Route("boss", frozenset({"opened", "priority", "resolved"}), frozenset({"P1"}))
NOC = Route("noc", frozenset({"opened", "resolved"}), frozenset({"P1", "P2", "P3"}))


def told(*bodies: EventBody, now: str = "P1", before: str = "P1", vendor: str = "") -> list[tuple[str, str]]:
    recorded = Recorded(1, now, [Event(NOW, "Aigerim", body) for body in bodies], before, vendor)
    return [(each.target, each.kind) for each in messages(recorded, [BOSS, NOC])]


@pytest.mark.parametrize(("before", "now"), [("P1", "P3"), ("P3", "P1")])
def test_a_change_of_priority_is_told_to_those_of_the_old_and_of_the_new_one(before: str, now: str) -> None:
    assert told(PriorityChanged(now, "x"), before=before, now=now) == [("boss", "priority")]


def test_a_change_of_priority_is_told_to_nobody_whom_neither_concerns() -> None:
    assert told(PriorityChanged("P2", "x"), before="P3", now="P2") == []


@pytest.mark.parametrize(
    ("bodies", "kind"),
    [
        ((StatusChanged(Status.HELD, Status.RESOLVED, "recovered"),), "resolved"),
        (
            (
                StatusChanged(Status.HELD, Status.IN_PROGRESS, "taken"),
                StatusChanged(Status.IN_PROGRESS, Status.RESOLVED, "done"),
            ),
            "resolved",
        ),
        ((StatusChanged(Status.HELD, Status.CANCELLED, "x"),), "closed"),
        ((Returned("Edge"), StatusChanged(Status.HELD, Status.IN_PROGRESS, "returned")), "returned"),
        ((StatusChanged(Status.HELD, Status.IN_PROGRESS, "by the API"),), "returned"),
        ((PriorityChanged("P1", "alarm"),), "priority"),
    ],
)
def test_the_vendor_that_has_a_ticket_hears_once_what_becomes_of_it(bodies: tuple[EventBody, ...], kind: str) -> None:
    assert [each for each in told(*bodies, vendor="Edge") if each[0] == "vendor:Edge"] == [("vendor:Edge", kind)]
    assert [each for each in told(*bodies) if each[0] == "vendor:Edge"] == []
