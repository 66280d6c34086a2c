"""A late answer costs one free month, whoever notices it, how often, and whatever happens in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alerts.desk.appeals import actions, compensations, linking, store, timers
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.compensations import NotAllowedError, may_approve
from alerts.desk.appeals.states import AnswerBy, Entry, IllegalStepError, Status
from alerts.desk.core.appeal_tables import appeal_contact, interaction
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import ALMATY, Bureau, rules
from tests.contract.desk.appeals.kills import killed_at

BY_MAIL: dict[str, Any] = {"answer_by": AnswerBy.EMAIL, "email": "saule@example.kz"}
DAY_AND_A_SECOND = {"hours": 24, "seconds": 1}


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def look(bureau: Bureau) -> int:
    return timers.run_due(bureau.database, bureau.rules, bureau.now)


def test_a_term_that_passes_proposes_one_free_month(bureau: Bureau) -> None:
    number = bureau.registered()
    bureau.pass_(hours=24, seconds=-1)
    assert (look(bureau), bureau.free_months()) == (0, [])
    bureau.pass_(seconds=1)
    assert (look(bureau), bureau.free_months()) == (1, [(number, "proposed")])
    for _ in range(3):
        bureau.pass_(hours=1)
        assert look(bureau) == 0
    assert bureau.free_months() == [(number, "proposed")]
    assert bureau.bodies(number, ev.Late) == [ev.Late("answer")]
    assert bureau.appeal(number).late is True


def test_who_answers_too_late_before_any_timer_looked_still_owes_it(bureau: Bureau) -> None:
    number = bureau.registered()
    bureau.pass_(**DAY_AND_A_SECOND)
    actions.answer(bureau.hand(number), "Sorry")
    actions.called(bureau.hand(number), reached=True)
    assert bureau.free_months() == [(number, "proposed")]


def test_mail_that_left_in_time_is_in_time_and_one_that_bounced_is_not(bureau: Bureau) -> None:
    kept, lost = bureau.registered(**BY_MAIL), bureau.registered(**BY_MAIL, number="87012345679")
    bureau.pass_(hours=23, minutes=55)
    for number in (kept, lost):
        actions.answer(bureau.hand(number), "It works again")
        actions.mailed(bureau.hand(number))
    bureau.pass_(minutes=10)
    look(bureau)
    assert bureau.free_months() == []
    actions.bounced(bureau.hand(lost))
    assert bureau.free_months() == [(lost, "proposed")]
    assert bureau.appeal(lost).status == Status.IN_PROGRESS
    bureau.pass_(minutes=5)
    look(bureau)
    row = bureau.appeal(kept)
    assert (row.status, row.delivered_at, row.late) == ("closed", bureau.now - timedelta(minutes=15), False)
    # A bounce that comes after that opens it again, and it is late after all.
    bureau.pass_(hours=1)
    actions.bounced(bureau.hand(kept))
    assert bureau.appeal(kept).status == Status.IN_PROGRESS
    assert bureau.free_months() == [(lost, "proposed"), (kept, "proposed")]


def test_one_customer_has_one_free_month_per_service_and_period(bureau: Bureau) -> None:
    first, second = bureau.registered(), bureau.registered(code="02")
    other_service = bureau.registered(service="iptv")
    other_customer = bureau.registered(number="87012345679")
    bureau.pass_(**DAY_AND_A_SECOND)
    look(bureau)
    expected = [(number, "proposed") for number in (first, other_service, other_customer)]
    assert bureau.free_months() == expected
    assert bureau.bodies(second, ev.CompensationMoved) == [ev.CompensationMoved("covered")]
    bureau.now = datetime(2026, 4, 1, tzinfo=ALMATY)
    third = bureau.registered(code="03")
    bureau.pass_(**DAY_AND_A_SECOND)
    look(bureau)
    assert bureau.free_months() == [*expected, (third, "proposed")]


def test_choices_of_the_open_questions(quick: Database) -> None:
    each = Bureau(quick, rules(free_months="one_per_appeal", scheme1_terms="none"))
    calls = each.registered()
    cabinet = [each.registered(entry=Entry.CABINET, broadband="unknown", code=code) for code in ("02", "03")]
    each.pass_(**DAY_AND_A_SECOND)
    look(each)
    assert each.free_months() == [(number, "proposed") for number in cabinet]
    assert each.appeal(calls).deadline_at is None


def test_desks_that_look_at_once_propose_each_free_month_once(database: Database) -> None:
    bureau = Bureau(database, rules())
    numbers = [bureau.registered(number=f"870123456{place:02}") for place in range(30)]
    bureau.pass_(**DAY_AND_A_SECOND)

    def desk(_: int) -> None:
        own = Database(database.url.render_as_string(hide_password=False))
        try:
            for _ in range(3):
                timers.run_due(own, bureau.rules, bureau.now)
        finally:
            own.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(desk, range(4)))
    assert sorted(bureau.free_months()) == [(number, "proposed") for number in numbers]
    for number in numbers:
        assert bureau.bodies(number, ev.CompensationMoved) == [ev.CompensationMoved("proposed")]


def test_a_kill_at_any_statement_neither_loses_nor_doubles_a_free_month(database: Database) -> None:
    bureau = Bureau(database, rules())
    numbers = [bureau.registered(number=f"870123456{place:02}") for place in range(2)]
    bureau.pass_(**DAY_AND_A_SECOND)
    kills = 0
    while killed_at(kills + 1, bureau.database, lambda own: timers.run_due(own, bureau.rules, bureau.now)):
        kills += 1
        assert bureau.free_months() == [], "half of a round was stored"
    assert kills > 5
    assert look(bureau) == 0
    assert bureau.free_months() == [(number, "proposed") for number in numbers]
    for number in numbers:
        assert bureau.bodies(number, ev.Late) == [ev.Late("answer")]
        assert bureau.bodies(number, ev.CompensationMoved) == [ev.CompensationMoved("proposed")]


def test_steps_of_a_free_month(bureau: Bureau) -> None:
    numbers = [bureau.registered(number=f"870123456{place:02}") for place in range(3)]
    bureau.pass_(**DAY_AND_A_SECOND)
    look(bureau)
    with bureau.database.read() as connection:
        ids = [each.id for each in compensations.listing(connection, "proposed")]

    def move(which: list[int], new: str, reason: str = "") -> None:
        compensations.move(bureau.database, bureau.rules, which, new, "Dana", bureau.now, reason)

    for which, new, problem in (
        (ids, "credited", "step"),
        (ids, "refused", "reason"),
        ([*ids, 99], "approved", "unknown"),
    ):
        with pytest.raises(NotAllowedError) as error:
            move(which, new)
        assert error.value.problem == problem
    move(ids[:2], "approved")
    move(ids[2:], "refused", "The customer's own equipment")
    # All or none: one of them cannot be approved again.
    with pytest.raises(NotAllowedError):
        move(ids, "credited")
    with pytest.raises(NotAllowedError):
        move(ids[:2], "exported")  # with its batch alone
    bureau.export()
    for new in ("credited", "told"):
        move(ids[:2], new)
    assert [state for _, state in bureau.free_months()] == ["told", "told", "refused"]
    assert bureau.bodies(numbers[0], ev.CompensationMoved)[-1] == ev.CompensationMoved("told")
    assert (may_approve(bureau.rules, 1, administers=False), may_approve(bureau.rules, 2, administers=False)) == (
        True,
        False,
    )
    assert may_approve(bureau.rules, 500, administers=True)


def test_nothing_closes_without_a_delivered_answer(bureau: Bureau) -> None:
    number = bureau.registered()
    with pytest.raises(IllegalStepError):
        actions.called(bureau.hand(number), reached=True)
    with pytest.raises(IllegalStepError):
        actions.mailed(bureau.hand(number))
    with pytest.raises(IllegalStepError):
        actions.end(bureau.hand(number), Status.CLOSED)
    actions.answer(bureau.hand(number), "It works again")
    with pytest.raises(IllegalStepError):
        actions.end(bureau.hand(number), Status.CANCELLED)
    actions.called(bureau.hand(number), reached=False)
    assert bureau.appeal(number).status == Status.RESOLVED


def test_three_failed_calls_on_two_days_and_a_mail_count_as_answered(bureau: Bureau) -> None:
    number = bureau.registered(email="saule@example.kz")
    actions.answer(bureau.hand(number), "It works again")
    for hours in (1, 1, 1):
        actions.called(bureau.hand(number), reached=False)
        bureau.pass_(hours=hours)
    actions.mailed(bureau.hand(number))
    assert bureau.appeal(number).status == Status.RESOLVED, "all on one day"
    actions.bounced(bureau.hand(number))
    actions.answer(bureau.hand(number), "It works again")
    bureau.pass_(hours=12)
    actions.called(bureau.hand(number), reached=False)
    assert bureau.appeal(number).status == Status.CLOSED


def test_contacts_and_texts_are_forgotten_and_nothing_else_changes(bureau: Bureau) -> None:
    gone, claim, open_one = (bureau.registered(number=f"8701234567{place}", claim=place == 1) for place in range(3))
    for number in (gone, claim):
        actions.answer(bureau.hand(number), "It works again")
        actions.called(bureau.hand(number), reached=True)

    def known() -> list[tuple[dict[str, Any], object]]:
        return [
            (dict(bureau.appeal(number).row) | {"contact_id": None}, bureau.log(number)) for number in (gone, claim)
        ]

    before = known()
    bureau.pass_(days=29)
    assert timers.forget_contacts(bureau.database, bureau.now) == 0
    bureau.pass_(days=1)
    assert timers.forget_contacts(bureau.database, bureau.now) == 1
    with bureau.database.read() as connection:
        kept = set(connection.scalars(select(interaction.c.appeal_id).where(interaction.c.sealed.is_not(None))))
        assert len(connection.execute(select(appeal_contact)).all()) == 2
    assert kept == {claim, open_one}
    assert bureau.appeal(gone).contact_id is None
    assert known() == before
    bureau.pass_(days=3 * 365)
    assert timers.forget_contacts(bureau.database, bureau.now) == 1


def test_an_appeal_behind_an_incident_waits_for_it_and_its_time_goes_on(bureau: Bureau) -> None:
    incident = bureau.incident()
    number = bureau.registered()
    linking.confirm(bureau.hand(number), incident)
    assert (bureau.appeal(number).status, bureau.appeal(number).status_reason) == ("held", "incident")
    assert bureau.appeal(number).deadline_at == bureau.now + timedelta(hours=24)
    with bureau.database.read() as connection:
        assert linking.callers(connection, [incident]) == {incident: 1}
    assert timers.follow_incidents(bureau.database, bureau.rules, bureau.now) == 0
    linking.undo(bureau.hand(number), incident)
    row = bureau.appeal(number)
    assert (row.status, row.request_due) == ("inProgress", True)
    with bureau.database.read() as connection:
        assert linking.callers(connection, [incident]) == {}
        assert [row.state for row in store.links(connection, number)] == ["undone"]
    linking.confirm(bureau.hand(number), incident)
    bureau.ticket_status(incident, "resolved")
    assert timers.follow_incidents(bureau.database, bureau.rules, bureau.now) == 1
    assert bureau.appeal(number).status == Status.IN_PROGRESS
    with pytest.raises(linking.NoSuchLinkError):
        linking.confirm(bureau.hand(number), 99)
