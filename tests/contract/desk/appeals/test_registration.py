"""What a customer says becomes an appeal, a contact added to one, or a hand-over; and stays readable to few."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alerts.desk.appeals import actions, store
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.contacts import ContactError
from alerts.desk.appeals.registration import RefusedError, Registered
from alerts.desk.appeals.states import AnswerBy, Entry, Status
from alerts.desk.core.appeal_tables import interaction
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import CALL, TEXT, Bureau, everything_stored, rules

CABINET: dict[str, Any] = {"entry": Entry.CABINET, "broadband": "unknown", "cabinet_ref": "LK-1"}


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def interactions(bureau: Bureau) -> list[tuple[int | None, str]]:
    with bureau.database.read() as connection:
        rows = connection.execute(select(interaction.c.appeal_id, interaction.c.reason).order_by(interaction.c.id))
        return [(number, reason) for number, reason in rows]


def test_call_whose_broadband_works_is_registered(bureau: Bureau) -> None:
    found = bureau.say(crm_ref="SBL-7")
    row = bureau.appeal(found.number or 0)
    assert found.way.rows == ("RT3",)
    assert (row.status, row.queue, row.request_due, row.crm_ref) == ("acknowledged", "160", True, "SBL-7")
    assert row.deadline_at == bureau.now + timedelta(hours=24)
    assert row.code_group == "playback"


@pytest.mark.parametrize(
    ("changes", "rows", "reason"),
    [
        ({"broadband": "broken"}, ("RT1",), "hand_over_to_165"),
        ({"entry": Entry.CALL_165}, ("RT15",), "hand_over_to_160"),
        ({"entry": Entry.CALL_165, "broadband": "broken"}, ("RT16",), "register_at_165"),
    ],
)
def test_a_hand_over_makes_no_appeal_and_keeps_no_word(
    bureau: Bureau, changes: dict[str, Any], rows: tuple[str, ...], reason: str
) -> None:
    assert bureau.say(**changes).way.rows == rows
    assert bureau.count() == 0
    assert interactions(bureau) == [(None, reason)]
    with bureau.database.read() as connection:
        assert connection.scalar(select(interaction.c.sealed)) is None


def test_answered_at_once_is_counted_and_closed(bureau: Bureau) -> None:
    found = bureau.say(answer="Choose another audio track")
    row = bureau.appeal(found.number or 0)
    assert (found.way.rows, row.status, row.delivered_at) == (("RT2",), "closed", bureau.now)
    assert row.due_at is None


def test_the_same_again_is_added_to_the_open_appeal(bureau: Bureau) -> None:
    number = bureau.registered()
    again = bureau.say(number="+7 (701) 234-56-78", claim=True)
    assert (again.way.rows, again.number, again.repeat) == (("RT20", "RT5"), number, True)
    row = bureau.appeal(number)
    assert (row.repeats, row.claim, bureau.count()) == (1, True, 1)
    assert interactions(bureau) == [(number, "appeal"), (number, "repeat")]
    # Another code, another service or another customer is another appeal.
    bureau.registered(code="02")
    bureau.registered(service="iptv")
    bureau.registered(number="87012345679")
    assert bureau.count() == 4


@pytest.mark.parametrize(
    ("broadband", "rows", "reason"), [("works", ("RT17",), "repeat"), ("broken", ("RT18",), "register_at_165")]
)
def test_caller_at_165_with_an_open_request_is_shown_it(
    bureau: Bureau, broadband: str, rows: tuple[str, ...], reason: str
) -> None:
    number = bureau.registered(**CABINET)
    found = bureau.say(entry=Entry.CALL_165, broadband=broadband, code="05")
    assert (found.way.rows, found.number, bureau.count()) == (rows, number, 1)
    assert interactions(bureau)[-1] == (number, reason)


@pytest.mark.parametrize(
    ("changes", "row", "queue"),
    [({}, "RT7", "branch"), ({"region": ""}, "RT8", "unrouted"), ({"code": "18"}, "RT13", "160")],
)
def test_request_of_the_cabinet_goes_to_its_queue(
    bureau: Bureau, changes: dict[str, Any], row: str, queue: str
) -> None:
    stamp = bureau.now - timedelta(hours=6)
    found = bureau.say(**CABINET | changes, appealed_at=stamp)
    known = bureau.appeal(found.number or 0)
    assert (found.way.rows, known.queue) == ((row,), queue)
    assert known.deadline_at == stamp + timedelta(hours=24)


def test_an_open_incident_of_the_region_and_service_is_proposed(bureau: Bureau) -> None:
    bureau.incident("elsewhere", site="almaty")
    bureau.incident("other service", service="iptv")
    ours = bureau.incident("edge-2")
    found = bureau.say()
    number = found.number or 0
    assert found.way.rows == ("RT6", "RT3")
    assert bureau.appeal(number).route == "RT6 RT3"
    assert bureau.appeal(number).request_due is False
    with bureau.database.read() as connection:
        assert [(each.ticket_id, each.state) for each in store.links(connection, number)] == [(ours, "proposed")]
    bureau.ticket_status(ours, "resolved")
    assert bureau.say(number="87012345679").way.rows == ("RT3",)
    bureau.incident("platform", site="")
    assert bureau.say(number="87012345670", region="Almaty").way.rows == ("RT6", "RT3")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "12"}, "number"),
        ({"number": "no number"}, "number"),
        ({"service": "radio"}, "service"),
        ({"region": "Atlantis"}, "region"),
        ({"code": "99"}, "code"),
        ({"broadband": "unknown"}, "broadband"),
        ({"answer_by": AnswerBy.EMAIL}, "email"),
        ({"answer_by": AnswerBy.EMAIL, "email": "nobody"}, "email"),
        ({"answer_by": AnswerBy.MOBILE, "mobile": "8 7172 55 55 55"}, "mobile"),
        ({"answer_by": AnswerBy.MOBILE, "mobile": "123"}, "mobile"),
        ({"answer_by": AnswerBy.CITY}, "city"),
        ({"text": "x" * 10_001}, "text"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_stored(bureau: Bureau, changes: dict[str, Any], field: str) -> None:
    with pytest.raises((RefusedError, ContactError)) as error:
        bureau.say(**changes)
    assert error.value.args[0].startswith(f"{field}: ")
    assert bureau.count() == 0
    assert interactions(bureau) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"answer_by": AnswerBy.EMAIL, "email": "saule@example.kz", "mobile": "not a number"},
        {"answer_by": AnswerBy.CITY, "city": "8 (7172) 55-55-55"},
        {"number": "8 (727) 250-00-00", "answer_by": AnswerBy.CITY},
        {"number": "+7 495 123-45-67", "answer_by": AnswerBy.CITY},
    ],
)
def test_ways_of_answering_that_work(bureau: Bureau, changes: dict[str, Any]) -> None:
    bureau.registered(**changes)


def test_no_table_shows_who_the_customer_is(bureau: Bureau) -> None:
    number = bureau.registered(email="saule@example.kz", answer_by=AnswerBy.EMAIL, claim=True)
    bureau.say(text="Saule called again")
    stored = everything_stored(bureau.database)
    for planted in ("701234", "2345678", "saule@", "Saule", "froze", TEXT):
        assert planted not in stored
    with bureau.database.read() as connection:
        contact = store.contact_of(connection, bureau.rules.keys, bureau.appeal(number).contact_id)
        said = store.interactions(connection, number)
    assert contact is not None
    assert (contact.number, contact.email, contact.name) == ("+77012345678", "saule@example.kz", CALL.name)
    assert [bureau.rules.keys.open(each.sealed or b"", each.key_id) for each in said] == [TEXT, "Saule called again"]


def test_keys_can_be_replaced(quick: Database) -> None:
    old = Bureau(quick, rules(["a" * 32]))
    number = old.registered()
    both = Bureau(quick, rules(["b" * 32, "a" * 32]))
    assert both.say().number == number
    with quick.read() as connection:
        contact_id = both.appeal(number).contact_id
        assert store.contact_of(connection, both.rules.keys, contact_id) is not None
        # Where the old key is gone the contact is lost, not guessed.
        assert store.contact_of(connection, rules(["b" * 32]).keys, contact_id) is None
    with pytest.raises(ValueError, match=r"keys\[1\]: is shorter than 32 characters"):
        rules(["short"])


def test_the_log_cannot_be_rewritten(database: Database) -> None:
    bureau = Bureau(database, rules())
    bureau.registered()
    with pytest.raises(DBAPIError, match="append-only"), bureau.database.write() as connection:
        connection.execute(text("UPDATE appeal_event SET actor = 'nobody'"))


def test_desks_that_register_the_same_at_once_make_one_appeal(database: Database) -> None:
    bureau = Bureau(database, rules())

    def desk(_: int) -> Registered:
        own = Database(bureau.database.url.render_as_string(hide_password=False))
        try:
            return Bureau(own, bureau.rules).say()
        finally:
            own.dispose()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(desk, range(8)))
    assert len({each.number for each in found}) == 1
    assert sum(not each.repeat for each in found) == 1
    assert bureau.appeal(found[0].number or 0).repeats == 7


def test_the_state_is_what_the_log_says(bureau: Bureau) -> None:
    number = bureau.registered()

    hand = bureau.hand(number)
    for step in (
        actions.take,
        partial(actions.ask_customer, question="Which device?"),
        partial(actions.resume, text="A phone"),
        actions.forward,
        partial(actions.answer, text="It works again"),
        partial(actions.called, reached=True),
    ):
        step(hand)
        moves = [event.body.new for event in bureau.log(number) if isinstance(event.body, ev.Moved)]
        assert bureau.appeal(number).status == moves[-1]
    assert bureau.appeal(number).status == Status.CLOSED
