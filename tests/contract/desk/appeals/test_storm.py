"""Operators register at once, desks look after it at once: nothing is lost, nobody is told twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from alerts.desk.appeals import actions, store
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.states import AnswerBy
from alerts.desk.core.appeal_tables import appeal, appeal_link, appeal_mass, interaction
from alerts.desk.core.database import Database
from alerts.desk.core.tables import ticket
from tests.contract.desk.appeals.appeals_desk import START, Bureau
from tests.contract.desk.appeals.storm import PER_MINUTE, SUPPLIER, Storm, Workers, register
from tests.contract.desk.conftest import serving
from tests.contract.mailbox import Box, taking_mail

FIRST, LATER = range(16), range(16, 32)


def test_each_customer_is_registered_once_and_the_supplier_is_asked_once(database: Database) -> None:
    out = Box()
    with taking_mail(out) as port:
        storm = Storm(database, port)
        desks = [Workers(storm, storm.runtime()) for _ in range(2)]
        token = storm.token()
        with serving(desks[0].runtime, storm.rules) as url, ThreadPoolExecutor(6) as pool:
            # Each customer is registered by two operators at once, in opposite order.
            given = [FIRST[:8], FIRST[7::-1], FIRST[8:], FIRST[:7:-1]]
            answers = list(pool.map(lambda some: register(url, token, some), given))
            for desk in desks:
                desk.round()
            assert out.mails == []
            storm.now += timedelta(minutes=3)
            given = [LATER[:8], LATER[7::-1], LATER[8:], LATER[:7:-1]]
            looking = [pool.submit(desk.round) for desk in desks]
            answers += pool.map(lambda some: register(url, token, some), given)
            for each in looking:
                each.result()
            desks[1].round()
    statuses = sum((each.statuses for each in answers), Counter[int]())
    assert statuses == {201: 32, 200: 32}
    with database.read() as connection:
        numbers = list(connection.scalars(select(appeal.c.id).order_by(appeal.c.id)))
        assert set(numbers) == set().union(*(each.numbers for each in answers))
        assert connection.scalar(select(func.count(appeal.c.customer.distinct()))) == len(numbers) == 32
        assert connection.scalar(select(func.count()).select_from(interaction)) == 64
        assert connection.scalar(select(func.sum(appeal.c.repeats))) == 32
        (opened,) = connection.scalars(select(ticket.c.id))
        (mass,) = connection.scalars(select(appeal_mass.c.id))
        links = connection.execute(select(appeal_link.c.appeal_id, appeal_link.c.ticket_id)).all()
        assert sorted(tuple(row) for row in links) == [(number, opened) for number in numbers]
        for number in numbers:
            asked = [each.body for each in store.log_of(connection, number) if isinstance(each.body, ev.RequestSent)]
            assert asked == [ev.RequestSent(mass)]
    assert [mail.to for mail in out.mails] == [[SUPPLIER]]


@dataclass(slots=True)
class SlowBox(Box):
    """A mail server that takes three seconds over each message, by the desk's clock."""

    storm: Storm | None = None
    mails: list[Any] = field(default_factory=list)
    minutes: list[int] = field(default_factory=list)
    seconds: float = 3.0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        assert self.storm is not None
        self.storm.now += timedelta(seconds=self.seconds)
        self.minutes.append(int((self.storm.now - START).total_seconds() // 60))
        return await Box.handle_DATA(self, server, session, envelope)


def answered(storm: Storm, count: int) -> list[str]:
    """Have so many answers ready that go by mail; return the addresses in order."""
    bureau = Bureau(storm.database, storm.rules, storm.now)
    addresses = [f"customer{place}@example.kz" for place in range(count)]
    for place, email in enumerate(addresses):
        number = bureau.registered(number=f"870123{place:05}", answer_by=AnswerBy.EMAIL, email=email)
        actions.answer(bureau.hand(number), "It works again")
    return addresses


def test_mail_goes_out_in_order_and_no_faster_than_the_settings_say(quick: Database) -> None:
    out = SlowBox(seconds=0.5)
    with taking_mail(out) as port:
        storm = Storm(quick, port)
        out.storm = storm
        wanted = answered(storm, 70)
        desk = Workers(storm, storm.runtime())
        desk.round()
        assert Counter(out.minutes) == {0: PER_MINUTE}
        desk.round()
        assert len(out.mails) == PER_MINUTE
        storm.now += timedelta(minutes=1)
        desk.round()
    assert [mail.to[0] for mail in out.mails] == wanted


def test_a_slow_mail_server_holds_up_nothing_but_mail(quick: Database) -> None:
    out = SlowBox()
    with taking_mail(out) as port:
        storm = Storm(quick, port)
        out.storm = storm
        wanted = answered(storm, 25)
        Workers(storm, storm.runtime()).round()
    assert [mail.to[0] for mail in out.mails] == wanted
    assert Counter(out.minutes) == {0: 19, 1: 6}
