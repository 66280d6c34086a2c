"""Mails about one ticket: one conversation, each recipient told once, whoever is refused named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.desk.access.trail import By
from alerts.desk.core import metrics
from alerts.desk.core.settings import Language, TargetSettings, VendorSettings
from alerts.desk.core.words import Words
from alerts.desk.notify import outbox
from alerts.desk.notify import test_message as trial
from alerts.desk.notify.deliver import Pace, deliver_target
from alerts.desk.notify.message import Message
from alerts.desk.notify.vendors import deliver_vendors
from alerts.desk.tickets import actions, queries
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.events import Delivered
from alerts.desk.tickets.timeline import sentence
from alerts.desk.tickets.tmf621 import body
from service.mail import Smtp
from tests.contract.desk.alarms.test_ingest import Time, send
from tests.contract.desk.notify.test_outbox import runtime_of
from tests.contract.desk.payloads import alert, notification
from tests.contract.mailbox import Box, taking_mail
from tests.support.migrated import sqlite_database

TO = ("noc@example.kz", "old@example.kz", "slow@example.kz")


class Choosy(Box):
    """A mail server that knows who it does not take."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, str] = {}
        self.leaves = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        taken = await super().handle_DATA(server, session, envelope)
        if self.leaves:
            server.transport.abort()
        return taken


class Desk:
    """A desk with a mail target and a vendor."""

    def __init__(self, folder: Path, port: int) -> None:
        self.time = Time()
        self.database = sqlite_database(folder / "desk.db")
        self.target = TargetSettings("duty", "mail", to=TO, digest_over=3)
        smtp = Smtp("127.0.0.1", "desk@ott.example", port, security="none")
        vendor = VendorSettings("Edge Ltd", "first@edge.example", "boss@edge.example", Language("en"))
        self.runtime = runtime_of(self.database, self.time, smtp=smtp, target=(self.target,), vendor=(vendor,))

    def fire(self, *nodes: str, firing: bool = True) -> None:
        for node in nodes:
            send(self.database, notification(alert(node, firing=firing)), self.time(), self.runtime.policy)

    def deliver(self, **later: float) -> None:
        self.time.pass_(**later or {"seconds": 0})
        with httpx.Client(timeout=60) as client:
            deliver_target(self.runtime, client, self.target, Pace(1000))
            deliver_vendors(self.runtime, client)

    def message(self, number: int) -> Message:
        with self.database.read() as connection:
            message = outbox.find(connection, number)
        assert message is not None
        return message

    def lines(self) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            events = queries.timeline(connection, [1])[1]
        return [(each.body.target, sentence(each, Words("ru", self.runtime.settings.zone)))
                for each in events if isinstance(each.body, Delivered)]  # fmt: skip


@pytest.fixture
def box() -> Choosy:
    return Choosy()


@pytest.fixture
def desk(tmp_path: Path, box: Choosy) -> Iterator[Desk]:
    with taking_mail(box) as port:
        yield Desk(tmp_path, port)


def test_one_refused_recipient_is_named_and_only_who_may_still_take_it_is_tried_again(desk: Desk, box: Choosy) -> None:
    box.answers = {"old@example.kz": "550 5.1.1 no such user", "slow@example.kz": "450 4.2.0 greylisted"}
    desk.fire("edge-1")
    desk.deliver()
    assert [mail.to for mail in box.mails] == [["noc@example.kz"]]
    row = desk.message(1)
    assert row.state == "pending"
    assert row.error == (
        "slow@example.kz: the mail server answered 450 4.2.0 greylisted; "
        "old@example.kz: the mail server answered 550 5.1.1 no such user"
    )
    del box.answers["slow@example.kz"]
    desk.deliver(seconds=6)
    assert [mail.to for mail in box.mails] == [["noc@example.kz"], ["slow@example.kz"]]
    assert box.mails[0].letter["Message-ID"] == box.mails[1].letter["Message-ID"]
    assert box.mails[1].letter["To"] == ", ".join(TO)
    row = desk.message(1)
    assert (row.state, row.error) == ("dead", "old@example.kz: the mail server answered 550 5.1.1 no such user")
    ((who, line),) = desk.lines()
    assert who == "old@example.kz"
    assert "отклонено сервером" in line
    assert "550 5.1.1 no such user" in line
    with desk.database.read() as connection:
        ticket, events = queries.find(connection, 1), queries.timeline(connection, [1])[1]
    assert ticket is not None
    assert [each["text"] for each in json.loads(json.dumps(body(ticket, events, "ru")))["note"]] == [
        "Message to old@example.kz: refused (the mail server answered 550 5.1.1 no such user)"
    ]
    found = {sample.labels: sample.value for sample in desk.runtime.counts.samples()
             if sample.metric is metrics.RECIPIENTS_REFUSED}  # fmt: skip
    assert found["duty",] == 1


def test_a_message_sent_again_goes_to_whom_the_target_has_now_and_who_has_not_got_it(desk: Desk, box: Choosy) -> None:
    box.answers = {"old@example.kz": "550 5.1.1 no such user"}
    desk.fire("edge-1")
    desk.deliver()
    desk.target = replace(desk.target, to=("noc@example.kz", "slow@example.kz", "new@example.kz"))
    trial.again_all(desk.runtime, By("Aigerim"), "duty")
    desk.deliver()
    assert [mail.to for mail in box.mails] == [["noc@example.kz", "slow@example.kz"], ["new@example.kz"]]
    assert desk.message(1).state == "sent"


def test_a_digest_that_one_has_not_got_goes_to_that_one_alone(desk: Desk, box: Choosy) -> None:
    box.answers = {"slow@example.kz": "451 4.7.1 try again later"}
    desk.fire(*(f"edge-{number}" for number in range(5)))
    desk.deliver()
    box.answers = {}
    desk.fire("edge-9")
    desk.deliver(seconds=6)
    assert [(mail.to, mail.letter["Subject"]) for mail in box.mails] == [
        (["noc@example.kz", "old@example.kz"], "Сводка: сообщений 5"),
        (["noc@example.kz", "old@example.kz"], "[P1] № 6 Новый билет: edge-9 не отвечает"),
        (["slow@example.kz"], "Сводка: сообщений 6"),
    ]
    assert {desk.message(number).state for number in range(1, 7)} == {"sent"}


def test_a_server_that_refuses_the_message_itself_ends_it_at_once(desk: Desk, box: Choosy) -> None:
    box.answers = dict.fromkeys(TO, "550 5.7.1 relaying denied")
    desk.fire("edge-1")
    desk.deliver()
    row = desk.message(1)
    assert (row.state, row.attempts) == ("dead", 1)
    assert row.error == "the mail server answered 550 5.7.1 relaying denied"
    assert [who for who, _ in desk.lines()] == list(TO)


def test_all_mails_about_a_ticket_refer_to_the_first_and_each_has_the_number_in_its_subject(
    desk: Desk, box: Choosy
) -> None:
    desk.fire("edge-1", "edge-2")
    desk.deliver()
    actions.set_priority(desk.runtime.desk, Hand("Aigerim", 1), "P2", "спутниковый резерв")
    desk.deliver(minutes=1)
    desk.fire("edge-1", "edge-2", firing=False)
    desk.deliver(minutes=1)
    letters = [mail.letter for mail in box.mails]
    first, second, changed, *resolved = letters
    assert [each["References"] for each in (first, second)] == [None, None]
    assert changed["References"] == changed["In-Reply-To"] == first["Message-ID"]
    assert resolved[0]["References"] == f"{first['Message-ID']} {changed['Message-ID']}"
    assert resolved[0]["In-Reply-To"] == changed["Message-ID"]
    assert resolved[1]["References"] == second["Message-ID"]
    assert [each["Subject"].partition(":")[0] for each in letters] == [
        *("[P1] № 1 Новый билет", "[P1] № 2 Новый билет", "[P2] № 1 Изменён приоритет"),
        *("[P2] № 1 Устранено", "[P1] № 2 Устранено"),
    ]
    assert "Приоритет изменён на P2: спутниковый резерв." in changed.get_content()
    assert len({each["Message-ID"] for each in letters}) == len(letters)
    assert {each["Message-ID"].rpartition("@")[2] for each in letters} == {"ott.example>"}


def test_a_server_that_takes_a_mail_and_leaves_gets_the_same_number_again(desk: Desk, box: Choosy) -> None:
    box.leaves = True
    desk.fire("edge-1")
    desk.deliver()
    assert "the server closed the connection" in desk.message(1).error
    box.leaves = False
    desk.deliver(seconds=6)
    assert len({mail.letter["Message-ID"] for mail in box.mails}) == 1
    assert desk.message(1).state == "sent"


def test_the_vendor_hears_what_becomes_of_its_ticket(desk: Desk, box: Choosy) -> None:
    desk.target = replace(desk.target, to=("noc@example.kz",))
    desk.fire("edge-1", "edge-2")
    for number in (1, 2):
        actions.hand_over(desk.runtime.desk, Hand("Aigerim", number), "Edge Ltd", "")
    actions.set_priority(desk.runtime.desk, Hand("Aigerim", 1), "P2", "half of the viewers")
    desk.deliver(seconds=1)
    actions.give_back(desk.runtime.desk, Hand("Aigerim", 2), "")
    desk.fire("edge-1", firing=False)
    desk.deliver(minutes=1)
    theirs = [mail.letter for mail in box.mails if mail.to == ["first@edge.example"]]
    told = {1: [], 2: []}  # type: dict[int, list[str]]
    for each in theirs:
        told[1 if "№ 1 " in each["Subject"] else 2].append(each.get_content())
    assert ["Please accept it" in told[1][0], "now P2: half of the viewers" in told[1][1]] == [True, True]
    assert "You can stop working on this ticket." in told[1][2]
    assert "The control centre continues the work." in told[2][1]
    assert [len(told[1]), len(told[2])] == [3, 2]
    about = [each for each in theirs if "№ 1 " in each["Subject"]]
    assert {str(each["References"]).split()[0] for each in about[1:]} == {about[0]["Message-ID"]}
