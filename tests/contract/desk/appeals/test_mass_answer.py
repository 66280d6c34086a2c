"""One answer for everybody whose appeal is linked to an emergency ticket."""

from typing import Any

import pytest

from alerts.desk.appeals import actions, linking, mass_answer, store
from alerts.desk.appeals.mass_answer import Callers
from alerts.desk.appeals.states import Status
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import Bureau, rules

TEXT = "The fault of 2 March is repaired"


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def linked(bureau: Bureau, ticket: int, number: int, **changes: Any) -> list[int]:
    numbers = [bureau.registered(number=f"87012345{place:03}", **changes) for place in range(number)]
    for each in numbers:
        with bureau.database.write() as connection:
            store.put_link(connection, each, ticket, "proposed", actor="desk", at=bureau.now)
        linking.confirm(bureau.hand(each), ticket)
    return numbers


def callers(bureau: Bureau, ticket: int) -> Callers:
    with bureau.database.read() as connection:
        return mass_answer.callers(connection, ticket)


def answers(bureau: Bureau, number: int) -> list[str | None]:
    with bureau.database.read() as connection:
        said = [each for each in store.interactions(connection, number) if each.reason == "answer"]
    return [bureau.rules.keys.open(each.sealed or b"", each.key_id) for each in said]


def begin(bureau: Bureau, ticket: int, text: str = TEXT) -> int | None:
    return mass_answer.begin(bureau.database, bureau.rules, ticket, text, "Dana", bureau.now)


def give(bureau: Bureau) -> int:
    return mass_answer.give(bureau.database, bureau.rules, bureau.now)


def test_everybody_who_waits_is_answered_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass_answer, "BATCH", 2)
    ticket = bureau.incident()
    numbers = linked(bureau, ticket, 5)
    far = linked(bureau, ticket, 1, region="Almaty", code="02")
    asked, told, gone = numbers[0], numbers[1], numbers[2]
    actions.ask_customer(bureau.hand(asked), "Which set?")
    actions.answer(bureau.hand(told), "Answered already")
    linking.undo(bureau.hand(gone), ticket)
    # The customer of the first two appeals is one customer.
    assert (callers(bureau, ticket).customers, callers(bureau, ticket).regions) == (4, [("Astana", 4), ("Almaty", 1)])
    assert callers(bureau, ticket).waiting == 4
    # Not before the ticket is over, and not without a text.
    assert begin(bureau, ticket) is None
    bureau.ticket_status(ticket, "resolved")
    assert begin(bureau, ticket, " ") is None
    assert begin(bureau, ticket) is not None
    assert [give(bureau) for _ in range(5)] == [1, 2, 1, 0, 0]
    for number in (asked, numbers[3], numbers[4], *far):
        assert (bureau.appeal(number).status, answers(bureau, number)) == (Status.RESOLVED, [TEXT])
    assert answers(bureau, told) == ["Answered already"]
    assert answers(bureau, gone) == []
    (answer,) = callers(bureau, ticket).answers
    assert (answer.told, answer.done_at, answer.actor) == (4, bureau.now, "Dana")
    assert begin(bureau, ticket) is None


def test_a_text_that_was_given_is_not_given_again_after_a_bounce(bureau: Bureau) -> None:
    ticket = bureau.incident()
    (number,) = linked(bureau, ticket, 1)
    bureau.ticket_status(ticket, "resolved")
    begin(bureau, ticket)
    give(bureau)
    actions.mailed(bureau.hand(number))
    actions.bounced(bureau.hand(number))
    assert begin(bureau, ticket) is None
    assert give(bureau) == 0
    assert (bureau.appeal(number).status, answers(bureau, number)) == (Status.IN_PROGRESS, [TEXT])
