"""Mail with supplier, vendor and customers over real servers: nothing lost, nothing doubled, nothing believed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from imaplib import IMAP4
from pathlib import Path
from typing import Any

import pytest

from alerts.desk.appeals import actions, clocks, timers
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.mail import receiving, sending, store, writing
from alerts.desk.appeals.mail.imap import fetch
from alerts.desk.appeals.mail.post import Post, post_of
from alerts.desk.appeals.states import AnswerBy, Queue, Status
from alerts.desk.core.appeal_settings import AppealMail, Imap
from alerts.desk.core.database import Database
from service.mail import Smtp
from service.settings import Secret
from tests.contract.desk.appeals.appeals_desk import NUMBER, TEXT, Bureau, rules
from tests.contract.dovecot import PASSWORD, Postbox, mailbox_server
from tests.contract.mailbox import Box, taking_mail
from tests.unit.desk.appeals.test_mail_reading import REPORT

SUPPLIER, CUSTOMER = "support@supplier.example", "saule@example.kz"
BY_MAIL: dict[str, Any] = {"answer_by": AnswerBy.EMAIL, "email": CUSTOMER}


@pytest.fixture(scope="module")
def imap_port() -> Iterator[int]:
    with mailbox_server() as port:
        yield port


@dataclass(slots=True)
class Office:
    """A desk with mail: what it sends is in `out`; what `post` brings it takes."""

    bureau: Bureau
    out: Box
    post: Post
    postbox: Postbox
    imap: Imap

    def send(self) -> None:
        writing.write_due(self.post, self.bureau.now)
        while sending.send_one(self.post, self.bureau.now):
            pass

    def take(self, *messages: bytes) -> list[receiving.Received | None]:
        self.postbox.deliver(*messages)
        taken: list[receiving.Received | None] = []
        fetch(self.imap, lambda raw: taken.append(self.receive(raw)))
        return taken

    def receive(self, raw: bytes) -> receiving.Received | None:
        bureau = self.bureau
        return receiving.receive(bureau.database, bureau.rules, self.post.settings, raw, bureau.now)

    def unread(self) -> list[dict[str, str]]:
        with self.bureau.database.read() as connection:
            return [store.unseal(self.bureau.rules.keys, row) for row in store.unread(connection)]

    def mail(self, number: int) -> list[tuple[str, str]]:
        with self.bureau.database.read() as connection:
            return [(each.kind, each.state) for each in store.of_appeal(connection, number)]

    @property
    def last(self) -> EmailMessage:
        return self.out.mails[-1].letter


@pytest.fixture
def office(quick: Database, imap_port: int, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    secret = tmp_path / "imap"
    secret.write_text(PASSWORD, "utf-8")
    secret.chmod(0o600)
    user = f"user{abs(hash(request.node.name))}"
    known = rules()
    mail = AppealMail(SUPPLIER, "help@vendor.example", senders=("@supplier.example",), language="en")
    known = replace(known, settings=replace(known.settings, mail=mail))
    out = Box()
    with taking_mail(out) as port:
        post = post_of(quick, known, Smtp("127.0.0.1", "Desk <desk@desk.example>", port, "none"), "http://desk")
        assert post is not None
        imap = Imap("127.0.0.1", user, Secret(file=secret), imap_port, "none")
        yield Office(Bureau(quick, known), out, post, Postbox(imap_port, user), imap)


def reply(to: EmailMessage, text: str = "Fixed: edge-2 was restarted.", sender: str = SUPPLIER, **heads: str) -> bytes:
    found = EmailMessage(policy=SMTP)
    found["From"], found["To"] = sender, "desk@desk.example"
    found["Subject"] = heads.pop("subject", f"Re: {to['subject']}")
    found["Message-ID"] = heads.pop("number", f"<{abs(hash((text, sender)))}@supplier.example>")
    for name, value in ({"In-Reply-To": str(to["message-id"])} | heads).items():
        if value:
            found[name.replace("_", "-")] = value
    found.set_content(text)
    return found.as_bytes()


def test_a_request_goes_out_once_and_the_reply_takes_the_appeal_up(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered()
    for _ in range(2):
        office.send()
    assert [mail.to for mail in office.out.mails] == [[SUPPLIER]]
    body = office.last.get_content()
    assert office.last["subject"] == f"[#A-2026-{number:06}] No channel plays"
    assert TEXT not in body  # the customer's words may name them
    assert "701" not in body
    row = bureau.appeal(number)
    assert (row.status, row.status_reason, row.request_due) == ("held", "supplier", False)
    # Our own server took it: that is no receipt of the supplier's.
    assert bureau.bodies(number, ev.RequestReceived) == []
    bureau.pass_(minutes=10)
    automatic = reply(office.last, "We have received your request.", **{"Auto-Submitted": "auto-replied"})
    assert office.take(automatic) == [receiving.Received("settled", number)]
    assert len(bureau.bodies(number, ev.RequestReceived)) == 1
    assert bureau.appeal(number).status == Status.HELD
    bureau.pass_(hours=1)
    answer = reply(office.last, "Fixed.\n\nOn Monday, 2 March, Desk wrote:\n> Please deal with it\n")
    assert office.take(answer) == [receiving.Received("settled", number)]
    assert (bureau.appeal(number).status, bureau.appeal(number).queue) == (Status.IN_PROGRESS, Queue.CALLS_160)
    found = clocks.read(bureau.log(number), bureau.appeal(number).terms, bureau.rules.calendars, bureau.now)
    assert found["supplier_receipt"].used == 600
    # Nothing is left in the inbox, and nothing is thrown away.
    assert (office.postbox.count(), office.postbox.count("ottwatch")) == (0, 2)


def test_a_copy_is_taken_once_also_where_it_was_not_moved(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered()
    office.send()
    raw = reply(office.last)
    taken = office.take(raw, b"Received: from elsewhere\r\n" + raw)
    assert taken == [receiving.Received("settled", number), None]
    # A desk that died between storing and moving finds the message again.
    assert office.take(raw) == [None]
    assert len(bureau.bodies(number, ev.SupplierReplied)) == 1
    assert office.postbox.count("ottwatch") == 3


def test_a_number_counts_only_from_somebody_who_is_known(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(**BY_MAIL)
    office.send()
    lost: dict[str, str] = {"In-Reply-To": ""}
    known = reply(office.last, "One", "Olga@supplier.example", **lost)
    evil = reply(office.last, "Two", "olga@evil.example", **lost)
    wrong = reply(office.last, "Three", subject=f"[#A-2025-{number:06}]", **lost)
    nothing = reply(office.last, "Four", subject="Invoice", **lost)
    body = reply(office.last, f"Five: A-2026-{number:06}", subject="Re: your request", **lost)
    customer = reply(office.last, "Six", CUSTOMER, **lost)
    contradiction = reply(office.last, "Seven", subject=f"Re: [#A-2026-{bureau.registered(code='02'):06}]")
    taken = office.take(known, evil, wrong, nothing, body, customer, contradiction)
    assert [each.appeal if each else 0 for each in taken] == [number, None, None, None, number, number, None]
    assert {each["why"] for each in office.unread()} == {
        "unknown_sender", "no_such_number", "no_number", "contradiction"
    }  # fmt: skip


def test_what_nobody_could_assign_is_given_to_an_appeal_by_hand(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered()
    office.send()
    office.take(reply(office.last, "It is fixed", "olga@private.example", **{"In-Reply-To": ""}))
    with bureau.database.read() as connection:
        (row,) = store.unread(connection)
    hand = Hand(bureau.database, bureau.rules, number, None, "Aigerim", bureau.now)
    assert receiving.attach(hand, row.id)
    assert not receiving.attach(hand, row.id)
    assert office.unread() == []
    assert bureau.appeal(number).status == Status.IN_PROGRESS


def test_an_answer_goes_by_mail_and_a_bounce_undoes_it(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(**BY_MAIL)
    actions.answer(bureau.hand(number), "It works again")
    office.send()
    assert (office.out.mails[-1].to, "It works again" in office.last.get_content()) == ([CUSTOMER], True)
    bureau.pass_(minutes=20)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    assert bureau.appeal(number).status == Status.CLOSED
    bounce = REPORT.format(action="failed", status="5.1.1", own=str(office.last["message-id"]).strip("<>")).encode()
    for _ in range(2):
        office.take(bounce)
    assert bureau.appeal(number).status == Status.IN_PROGRESS
    assert office.mail(number)[0] == ("answer", "bounced")
    # Answered again, it is sent again, in the same conversation; the old bounce, come once more, changes nothing.
    first = office.last["message-id"]
    bureau.pass_(minutes=1)
    actions.answer(bureau.hand(number), "It really works")
    office.send()
    assert office.last["in-reply-to"] == first
    bureau.pass_(minutes=20)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    office.take(bounce.replace(b"Words for people", b"Said again"))
    assert bureau.appeal(number).status == Status.CLOSED


def test_a_bounce_leaves_no_appeal_unanswered_behind_a_newer_one(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(**BY_MAIL)
    actions.answer(bureau.hand(number), "It works again")
    office.send()
    answered = office.last
    bureau.pass_(minutes=20)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    newer = bureau.registered(**BY_MAIL)
    office.take(REPORT.format(action="failed", status="5.1.1", own=str(answered["message-id"]).strip("<>")).encode())
    assert [bureau.appeal(each).status for each in (number, newer)] == [Status.IN_PROGRESS, Status.ACKNOWLEDGED]
    assert len(bureau.bodies(newer, ev.Repeated)) == 1
    # A third call is a repeat of the newer one, and both have to be answered.
    assert bureau.say(**BY_MAIL).number == newer
    for each in (number, newer):
        actions.answer(bureau.hand(each), "Sorry: done now")
    office.send()
    bureau.pass_(minutes=20)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    assert [bureau.appeal(each).status for each in (number, newer)] == [Status.CLOSED, Status.CLOSED]


def test_a_bounce_after_a_call_changes_nothing(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(**BY_MAIL)
    actions.answer(bureau.hand(number), "It works again")
    office.send()
    actions.called(bureau.hand(number), reached=True)
    office.take(REPORT.format(action="failed", status="5.1.1", own=str(office.last["message-id"]).strip("<>")).encode())
    assert bureau.appeal(number).status == Status.CLOSED


def test_a_request_that_comes_back_is_loud_and_not_sent_again_by_itself(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered()
    office.send()
    office.take(REPORT.format(action="failed", status="5.1.1", own=str(office.last["message-id"]).strip("<>")).encode())
    row = bureau.appeal(number)
    assert (row.status, row.request_due, row.queue) == (Status.IN_PROGRESS, True, Queue.CALLS_160)
    office.send()
    assert len(office.out.mails) == 1
    assert len(office.unread()) == 1
    writing.ask_again(office.post, number, "Aigerim", bureau.now)
    office.send()
    assert (len(office.out.mails), office.unread()) == (2, [])


def test_a_refused_address_is_told_without_naming_it(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(answer_by=AnswerBy.EMAIL, email="nobody@example.kz")
    actions.answer(bureau.hand(number), "It works again")
    office.send()
    assert bureau.appeal(number).status == Status.IN_PROGRESS
    with bureau.database.read() as connection:
        (row,) = store.unread(connection)
    assert row.error == "550 no such person"


def test_a_server_that_is_away_loses_nothing(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered()
    away = replace(office.post, smtp=replace(office.post.smtp, port=1))
    writing.write_due(away, bureau.now)
    assert sending.send_one(away, bureau.now)
    assert office.mail(number) == [("request", "pending")]
    assert not sending.send_one(office.post, bureau.now)
    bureau.pass_(seconds=5)
    assert sending.send_one(office.post, bureau.now)
    assert office.mail(number) == [("request", "sent")]


def test_a_message_to_the_supplier_is_written_once_though_its_button_is_pressed_twice(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered()
    office.send()

    def write(text: str, by: str = "Aigerim") -> int:
        writing.write_message(office.post, number, text, by, bureau.now)
        office.send()
        return [kind for kind, _ in office.mail(number)].count("message")

    assert [write("Any news?"), write("Any news?"), write("Edge 2 as well")] == [1, 1, 2]
    bureau.now += timedelta(minutes=5)
    assert write("Any news?") == 3
    assert len(office.out.mails) == 4  # with the request


def test_customers_and_vendors_write_back(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(**BY_MAIL)
    office.send()
    actions.find_fault(bureau.hand(number), "vendor", "CASE-9")
    office.send()
    assert office.out.mails[-1].to == ["help@vendor.example"]
    office.take(reply(office.last, "A patch is on its way", "help@vendor.example"))
    assert bureau.appeal(number).status == Status.IN_PROGRESS
    actions.answer(bureau.hand(number), "Patched")
    office.send()
    told = office.last
    assert office.take(reply(told, "Thank you", CUSTOMER)) == [receiving.Received("unread", number)]
    vacation = reply(told, "I am away", CUSTOMER, **{"Auto-Submitted": "auto-replied"})
    assert office.take(vacation) == [receiving.Received("settled", number)]
    # Nothing is ever sent because something came in: two robots cannot keep each other going.
    sent = len(office.out.mails)
    office.send()
    assert len(office.out.mails) == sent


def test_a_failing_message_stays_and_delays_no_other(office: Office) -> None:
    office.postbox.deliver(b"Subject: one\r\n\r\nx", b"Subject: two\r\n\r\ny")
    taken: list[bytes] = []

    def take(raw: bytes) -> None:
        if b"one" in raw:
            raise KeyError("a bug")
        taken.append(raw)

    done = fetch(office.imap, take)
    assert (done.stored, done.failed, len(taken), office.postbox.count()) == (1, 1, 1, 1)


def test_a_message_is_moved_in_one_step_where_the_server_can(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    uid = IMAP4.uid

    def spied(client: IMAP4, command: str, *rest: str) -> Any:
        asked.append(command.upper())
        return uid(client, command, *rest)

    monkeypatch.setattr(IMAP4, "uid", spied)
    office.postbox.deliver(b"Subject: one\r\n\r\nx")
    assert fetch(office.imap, bytes).stored == 1
    assert "MOVE" in asked
    assert not {"COPY", "STORE"} & set(asked)


def test_a_wrong_password_names_the_server(office: Office, tmp_path: Path) -> None:
    secret = tmp_path / "wrong"
    secret.write_text("wrong", "utf-8")
    secret.chmod(0o600)
    with pytest.raises(OSError, match=r"mailbox INBOX at 127\.0\.0\.1"):
        fetch(replace(office.imap, password=Secret(file=secret)), bytes)


def test_words_are_deleted_with_the_contact(office: Office) -> None:
    bureau = office.bureau
    number = bureau.registered(**BY_MAIL)
    office.send()
    office.take(
        reply(office.last, "Saule's set was off"),
        reply(office.last, "Spam", "x@evil.example", subject="Spam", **{"In-Reply-To": ""}),
    )
    actions.answer(bureau.hand(number), "Switch it on")
    actions.called(bureau.hand(number), reached=True)
    bureau.pass_(days=31)
    timers.forget_contacts(bureau.database, bureau.now)
    assert store.forget(bureau.database, bureau.now, bureau.rules.settings.keep_contacts) >= 3
    with bureau.database.read() as connection:
        assert [each.sealed for each in store.of_appeal(connection, number)] == [None] * 2
    assert NUMBER not in str(office.unread())
