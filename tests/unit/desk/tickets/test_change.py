"""What tickets of one moment share when they are finished together."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from alerts.desk.core.actors import DESK
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.calendars import Always
from alerts.desk.tickets.change import Draft, Readings
from alerts.desk.tickets.events import Event, Opened, Warned
from alerts.desk.tickets.policy import Policy, Target
from alerts.desk.tickets.states import RECOVERED, Status
from tests.support.policies import untold

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=7)
TARGETS = {"P1": Target(60.0, 600.0, Always()), "P3": Target(900.0, 7200.0, Always())}
POLICY = Policy(TARGETS, verify_recovery=True, publish=untold)


def opened(priority: str, at: datetime) -> Draft:
    draft = tickets.fresh(priority=priority, ticket_type="incident", status_at=at)
    draft.log = [Event(at, DESK, Opened(priority))]
    return draft


def taken(draft: Draft) -> None:
    draft.move(Status.IN_PROGRESS, "taken", "A", NOW)


def repaired(draft: Draft) -> None:
    draft.move(Status.RESOLVED, RECOVERED, DESK, NOW)


def asked(draft: Draft) -> None:
    draft.recovered(POLICY, NOW)


def told(draft: Draft) -> None:
    draft.record(START, Warned("restore", 50), DESK)


def kept(_: Draft) -> None:
    pass


FATES: tuple[Callable[[Draft], None], ...] = (kept, taken, repaired, asked, told)


def outcomes(known: Readings | None) -> list[dict[str, Any]]:
    result = []
    for fate, priority, minutes in product(FATES, ("P1", "P3"), (0, 3, 0)):
        draft = opened(priority, START + timedelta(minutes=minutes))
        fate(draft)
        draft.finish(POLICY, NOW, known)
        result.append({**draft.changes, "clocks": draft.clocks})
    return result


def test_tickets_finished_together_say_what_each_says_alone() -> None:
    known: Readings = {}
    assert outcomes(known) == outcomes(None)
    assert len(known) == len(FATES) * 2 * 2  # the third is like the first


def test_a_new_ticket_holds_nothing_but_what_it_was_given_and_blanks() -> None:
    draft = tickets.fresh(site="almaty", opened_at=START)
    assert draft.changes == {"site": "almaty", "opened_at": START}
    assert {name: draft.value(name) for name in draft.row} == tickets.blank() | {"site": "almaty", "deadlines": {}}
    assert Draft(tickets.blank() | {"deadlines": {}}).row == draft.row
