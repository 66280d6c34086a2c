"""A mass of appeals: one emergency ticket, one request to the supplier, and none for what only looks alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from alerts.desk.appeals import actions, linking, mass_members, mass_running, mass_store, mass_tickets
from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.mail import of_masses, receiving, sending, store, writing
from alerts.desk.appeals.mail.post import Post, post_of
from alerts.desk.appeals.mass import Cell
from alerts.desk.appeals.mass_tickets import Opening
from alerts.desk.appeals.states import Entry, Status
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.appeal_tables import appeal_link, appeal_mass
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import ticket
from alerts.desk.tickets.policy import policy_of
from service.mail import Smtp
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.contract.desk.appeals.test_mail import reply
from tests.contract.mailbox import Box, taking_mail
from tests.unit.desk.appeals.test_mail_reading import REPORT

SUPPLIER = "support@supplier.example"
CELL = Cell("playback", "Astana", "ott")


@dataclass(slots=True)
class Office:
    """A desk that looks for masses and writes to the supplier."""

    bureau: Bureau
    opening: Opening
    post: Post
    out: Box
    baseline: Baseline

    def round(self) -> int:
        """Do what the workers do; return how many tickets were opened."""
        now = self.bureau.now
        opened = mass_tickets.look(self.opening, self.baseline, now)
        of_masses.ask(self.post, now)
        with self.bureau.database.read() as connection:
            held_back = mass_running.held_back(connection, self.bureau.rules, self.baseline, now)

        writing.write_due(self.post, now, held_back)
        while sending.send_one(self.post, now):
            pass
        of_masses.record(self.post, now)
        return opened

    def wait(self) -> int:
        """Let alarms have their time; return how many tickets were opened."""
        assert self.round() == 0
        self.bureau.pass_(minutes=3)
        return self.round()

    def call(self, count: int, first: int = 0, **changes: Any) -> list[int]:
        return [self.bureau.registered(number=f"87012345{first + place:03}", **changes) for place in range(count)]

    def tickets(self) -> list[dict[str, Any]]:
        with self.bureau.database.read() as connection:
            return [dict(row) for row in connection.execute(select(ticket).order_by(ticket.c.id)).mappings()]

    def links(self, number: int) -> list[tuple[int, str, str]]:
        wanted = select(appeal_link.c.ticket_id, appeal_link.c.state, appeal_link.c.actor)
        with self.bureau.database.read() as connection:
            return [tuple(row) for row in connection.execute(wanted.where(appeal_link.c.appeal_id == number))]

    def masses(self) -> list[dict[str, Any]]:
        with self.bureau.database.read() as connection:
            return [dict(row) for row in connection.execute(select(appeal_mass).order_by(appeal_mass.c.id)).mappings()]

    def asked(self, number: int) -> list[ev.Body]:
        kinds = (ev.RequestSent, ev.RequestReceived, ev.RequestBounced)
        return [event.body for event in self.bureau.log(number) if isinstance(event.body, kinds)]


def office_of(database: Database, port: int, out: Box, supplier: str = SUPPLIER) -> Office:
    known = rules()
    mail = AppealMail(supplier, language="en")
    known = replace(known, settings=replace(known.settings, mail=mail))
    post = post_of(database, known, Smtp("127.0.0.1", "Desk <desk@desk.example>", port, "none"), "http://desk")
    assert post is not None
    policy = policy_of(Settings(), lambda *_: None)
    opening = Opening(database, known, policy, writes=True)
    return Office(Bureau(database, known), opening, post, out, Baseline())


@pytest.fixture
def office(quick: Database) -> Iterator[Office]:
    out = Box()
    with taking_mail(out) as port:
        yield office_of(quick, port, out)


def test_one_ticket_and_one_mail_whoever_calls_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mass_tickets, of_masses):
        monkeypatch.setattr(module, "BATCH", 4)
    numbers = office.call(10)
    assert office.wait() == 1
    (opened,) = office.tickets()
    assert (opened["site"], opened["priority"], opened["ticket_type"]) == ("astana", "P2", "incident")
    assert opened["names"] == {
        "en": "Mass appeals: playback, Astana, ott",
        "ru": "Массовые обращения: воспроизведение, Astana, ott",
    }
    later = office.call(5, first=100)
    for _ in range(3):
        office.bureau.pass_(minutes=6)
        assert office.round() == 0
    assert len(office.tickets()) == len(office.masses()) == 1
    (mail,) = office.out.mails
    body = mail.letter.get_content()
    assert mail.to == [SUPPLIER]
    assert f"Emergency ticket: {opened['id']}" in body
    assert "Customers so far: 10" in body
    assert "8701" not in body
    for number in (*numbers, *later):
        # RT6 proposed it at the registration of those who called later.
        by = "desk" if number in numbers else "Aigerim"
        assert office.links(number) == [(opened["id"], "proposed", by)]
        assert office.asked(number) == [ev.RequestSent(office.masses()[0]["id"])]
        assert not office.bureau.appeal(number).request_due
        assert office.bureau.appeal(number).status == Status.ACKNOWLEDGED


def test_a_mass_attaches_to_the_ticket_that_is_open(office: Office) -> None:
    known = office.bureau.incident()
    elsewhere = office.bureau.incident("other", "almaty")
    numbers = office.call(10)
    assert office.round() == 0
    assert [row["id"] for row in office.tickets()] == [known, elsewhere]
    assert len(office.out.mails) == 1
    assert {office.links(number)[0][0] for number in numbers} == {known}


def test_customers_who_are_faster_than_the_alarm_make_no_second_ticket(office: Office) -> None:
    numbers = office.call(10)
    assert office.round() == 0
    assert office.masses() == []
    assert office.out.mails == []
    office.bureau.pass_(minutes=2)
    known = office.bureau.incident()
    office.bureau.pass_(minutes=2)
    assert office.round() == 0
    assert [row["id"] for row in office.tickets()] == [known]
    assert len(office.out.mails) == 1
    assert {office.links(number)[0][0] for number in numbers} == {known}


def test_groups_are_told_one_by_one(office: Office) -> None:
    office.call(10)
    office.call(10, first=50, code="04")
    assert office.wait() == 2
    assert len(office.out.mails) == len(office.masses()) == 2
    assert [row["site"] for row in office.tickets()] == ["astana", "astana"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "19"},  # a request for information
        {"answer": "Restart the set-top box"},  # answered at once
        {"entry": Entry.CABINET, "region": ""},  # nobody knows where
    ],
)
def test_what_only_looks_alike_opens_nothing(office: Office, changes: dict[str, Any]) -> None:
    office.call(20, **changes)
    assert office.wait() == 0
    assert office.tickets() == office.masses() == []
    assert [mail for mail in office.out.mails if "Mass" in str(mail.letter["subject"])] == []


def test_one_customer_and_scattered_causes_open_nothing(office: Office) -> None:
    for _ in range(30):
        office.bureau.say()
    office.call(3, first=10, region="Almaty")
    office.call(3, first=20, code="04")
    office.call(3, first=30, service="iptv")
    assert office.wait() == 0
    assert office.tickets() == office.masses() == []


def test_once_a_person_confirmed_the_mass_later_members_are_confirmed_with_it(office: Office) -> None:
    office.call(10)
    office.wait()
    number = office.tickets()[0]["id"]
    bureau = office.bureau
    assert mass_members.link_all(bureau.database, bureau.rules, CELL, number, "Dana", bureau.now) == 10
    bureau.pass_(minutes=20)
    (later,) = office.call(1, first=100)
    office.round()
    assert office.links(later) == [(number, "confirmed", "Dana")]
    assert (bureau.appeal(later).status, bureau.appeal(later).status_reason) == ("held", "incident")
    assert len(office.out.mails) == 1


def test_who_is_taken_out_of_a_mass_is_asked_about_alone(office: Office) -> None:
    numbers = office.call(10)
    office.wait()
    number = office.tickets()[0]["id"]
    linking.undo(office.bureau.hand(numbers[0]), number)
    office.round()
    assert office.links(numbers[0]) == [(number, "undone", "Aigerim")]
    assert office.bureau.appeal(numbers[0]).mass_id is None
    assert office.asked(numbers[0])[-1] == ev.RequestSent()
    assert len(office.out.mails) == 2


def test_another_mass_of_the_same_cell_after_the_ticket_was_resolved(office: Office) -> None:
    office.call(10)
    office.wait()
    office.bureau.ticket_status(office.tickets()[0]["id"], "resolved")
    office.bureau.pass_(minutes=1)
    # Those who appealed before wait for their answer; they are no second mass.
    assert office.round() == 0
    assert office.masses()[0]["ended_at"] == office.bureau.now
    office.call(10, first=200)
    assert office.wait() == 1
    assert len(office.tickets()) == len(office.masses()) == len(office.out.mails) == 2


def test_a_mass_is_opened_once_by_two_desks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.call(10)
    # The other desk opens it after this one has looked.
    office.bureau.pass_(minutes=3)
    first, place = mass_store.current, "alerts.desk.appeals.mass_tickets.current"
    other = office_of(office.bureau.database, office.post.smtp.port, office.out)
    other.bureau.now = office.bureau.now
    for desk in (office, other):
        desk.opening.waiting[CELL] = office.bureau.now - timedelta(minutes=3)

    def meanwhile(*given: Any) -> Any:
        found = first(*given)
        monkeypatch.setattr(place, first)
        assert other.round() == 1
        return found

    monkeypatch.setattr(place, meanwhile)
    assert office.round() == 0
    assert len(office.tickets()) == len(office.masses()) == len(office.out.mails) == 1


def test_a_request_that_came_back_is_sent_again_once_for_all(quick: Database) -> None:
    out = Box()
    with taking_mail(out) as port:
        office = office_of(quick, port, out, "nobody@supplier.example")
        numbers = office.call(6)
        office.wait()
        assert out.mails == []
        with quick.read() as connection:
            (failed,) = store.unread(connection)
        assert (failed.kind, failed.state, failed.appeal_id) == ("mass", "refused", numbers[0])
        assert [office.bureau.appeal(number).request_due for number in numbers] == [False] * 6
        again = office_of(quick, port, out)
        again.bureau.now = office.bureau.now + timedelta(minutes=5)
        assert of_masses.ask_again(again.post, numbers[0], "Dana", again.bureau.now)
        again.round()
        assert len(out.mails) == 1
        assert not of_masses.ask_again(again.post, numbers[0], "Dana", again.bureau.now)
        with quick.read() as connection:
            assert store.unread(connection) == []
        # A bounce afterwards is in the log of each of them, and one of them shows that it has to be sent again.
        with quick.write() as connection:
            mail = again.masses()[0]["mail_id"]
            store.change(connection, mail, state="bounced")
        again.round()
        for number in numbers:
            assert again.asked(number) == [ev.RequestSent(1), ev.RequestBounced()]
        assert [again.bureau.appeal(number).request_due for number in numbers] == [True, *[False] * 5]
        assert len(out.mails) == 1


def test_what_was_asked_before_the_mass_was_known_is_not_recorded_twice(office: Office) -> None:
    early = office.call(2)
    office.round()
    assert len(office.out.mails) == 2
    office.call(8, first=50)
    assert office.wait() == 1
    assert len(office.out.mails) == 3
    for number in early:
        assert office.asked(number) == [ev.RequestSent()]


def test_without_mail_a_person_asks_the_supplier(office: Office) -> None:
    numbers = office.call(10)
    by_hand = replace(office.opening, writes=False)
    assert mass_tickets.look(by_hand, office.baseline, office.bureau.now) == 0
    office.bureau.pass_(minutes=3)
    assert mass_tickets.look(by_hand, office.baseline, office.bureau.now) == 1
    assert {office.bureau.appeal(number).request_due for number in numbers} == {True}
    actions.request_sent(office.bureau.hand(numbers[0]), received=False)
    assert not office.bureau.appeal(numbers[0]).request_due


def test_appeals_that_wait_for_their_mass_cost_no_questions(office: Office) -> None:
    asked: list[str] = []
    database = office.bureau.database
    for engine in (database.engine, database.writing):
        event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def questions() -> int:
        asked.clear()
        assert office.round() == 0
        return len(asked)

    office.call(10)
    office.round()  # what is usual is read once an hour
    few = questions()
    office.call(40, first=10)
    assert questions() == few
    assert not any(statement.startswith(("INSERT", "UPDATE")) for statement in asked)


def test_a_batch_of_members_is_read_at_once(office: Office) -> None:
    numbers = office.call(12)
    office.wait()
    with office.bureau.database.read() as connection:
        asked: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        drafts = appeals.lock_some(connection, [*reversed(numbers), 9999])
    assert len(asked) == 2
    assert [draft.id for draft in drafts] == numbers
    assert [draft.log for draft in drafts] == [office.bureau.log(number) for number in numbers]


@pytest.mark.parametrize("kind", ["automatic", "receipt"])
def test_every_member_has_the_receipt_of_the_request_for_all(
    office: Office, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for module in (mass_tickets, of_masses):
        monkeypatch.setattr(module, "BATCH", 4)
    bureau = office.bureau
    early = office.call(1, first=50)
    office.round()  # asked about alone, before the mass is known
    numbers = office.call(9)
    assert office.wait() == 1
    assert [office.asked(number) for number in numbers] == [[ev.RequestSent(1)]] * 9
    (letter,) = [mail.letter for mail in office.out.mails if "Mass appeals" in str(mail.letter["subject"])]
    raw = reply(letter, "We have it.", **{"Auto-Submitted": "auto-replied"})
    if kind == "receipt":
        raw = REPORT.format(action="delivered", status="2.0.0", own=str(letter["message-id"]).strip("<>")).encode()
    bureau.pass_(minutes=1)
    done = receiving.receive(bureau.database, bureau.rules, office.post.settings, raw, bureau.now)
    assert done == receiving.Received("settled", min(early[0], numbers[0]))
    for _ in range(2):
        office.round()
    for number in numbers:
        assert office.asked(number) == [ev.RequestSent(1), ev.RequestReceived()]
    assert office.asked(early[0]).count(ev.RequestReceived()) <= 1
    (later,) = office.call(1, first=80)
    office.round()
    assert office.asked(later) == [ev.RequestSent(1), ev.RequestReceived()]
    with bureau.database.read() as connection:
        mail = store.find(connection, office.masses()[0]["mail_id"])
    assert mail is not None
    assert mail.state == "received"


def away(office: Office, status: str) -> list[int]:
    """Let a mass's ticket end while the mail server is away, so that the supplier was not asked."""
    numbers = office.call(10)
    there, office.post = office.post, replace(office.post, smtp=replace(office.post.smtp, port=9))
    assert office.wait() == 1
    assert office.out.mails == []
    office.bureau.ticket_status(office.tickets()[0]["id"], status)
    office.bureau.pass_(hours=2)
    office.post = there
    office.round()
    return numbers


def test_a_resolved_ticket_answers_nobody_so_the_supplier_is_asked(office: Office) -> None:
    numbers = away(office, "resolved")
    assert len(office.out.mails) == 1
    assert [office.asked(number) for number in numbers] == [[ev.RequestSent(1)]] * 10
    assert office.masses()[0]["ended_at"] is not None


@pytest.mark.parametrize("status", ["cancelled", "rejected"])
def test_members_of_what_was_no_mass_are_asked_about_one_by_one(office: Office, status: str) -> None:
    numbers = away(office, status)
    office.round()
    assert len(office.out.mails) == 10
    assert [office.asked(number) for number in numbers] == [[ev.RequestSent()]] * 10
    assert {office.bureau.appeal(number).mass_id for number in numbers} == {None}


def test_nobody_is_asked_about_what_was_answered_meanwhile(office: Office) -> None:
    numbers = office.call(10)
    there, office.post = office.post, replace(office.post, smtp=replace(office.post.smtp, port=9))
    assert office.wait() == 1
    for number in numbers:
        actions.answer(office.bureau.hand(number), "It works again")
        actions.called(office.bureau.hand(number), reached=True)
    office.bureau.pass_(hours=2)
    office.post = there
    office.round()
    assert office.out.mails == []
