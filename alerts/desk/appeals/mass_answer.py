"""One answer for everybody whose appeal is linked to an emergency ticket.

The text is stored once and given appeal by appeal, a batch in each transaction, so that nothing else has to wait for
ten thousand of them. A link remembers which answer it has got: a desk that dies goes on where it was, and nobody is
answered twice. Whoever was answered otherwise in the meantime is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from alerts.desk.appeals import store
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.linking import BATCH, OVER
from alerts.desk.appeals.mass_record import MassAnswer
from alerts.desk.appeals.states import FINAL, Queue, Status
from alerts.desk.core.appeal_tables import appeal, appeal_answer, appeal_link
from alerts.desk.core.database import Database
from alerts.desk.core.tables import OPEN, ticket

CONFIRMED = appeal_link.c.state == "confirmed"


@dataclass(frozen=True, slots=True)
class Callers:
    """Who appealed because of a ticket: customers in all and by region, and appeals that wait for an answer."""

    customers: int
    regions: Sequence[tuple[str, int]]
    waiting: int
    answers: Sequence[MassAnswer] = ()


def callers(connection: Connection, number: int) -> Callers:
    """Return who appealed because of a ticket; only links that a person confirmed count."""
    mine = select(appeal.c.region, func.count(appeal.c.customer.distinct()))
    joined = mine.join(appeal_link, appeal_link.c.appeal_id == appeal.c.id)
    rows = connection.execute(joined.where(appeal_link.c.ticket_id == number, CONFIRMED).group_by(appeal.c.region))
    regions = sorted(((str(region), int(count)) for region, count in rows), key=lambda each: (-each[1], each[0]))
    everybody = select(func.count(appeal.c.customer.distinct()))
    all_ = everybody.join(appeal_link, appeal_link.c.appeal_id == appeal.c.id)
    customers = connection.scalar(all_.where(appeal_link.c.ticket_id == number, CONFIRMED)) or 0
    answers = select(appeal_answer).where(appeal_answer.c.ticket_id == number).order_by(appeal_answer.c.id)
    given = [MassAnswer(row) for row in connection.execute(answers).mappings()]
    return Callers(customers, regions, _waiting(connection, number), given)


def _waiting(connection: Connection, number: int) -> int:
    wanted = select(func.count()).select_from(appeal_link).join(appeal, appeal.c.id == appeal_link.c.appeal_id)
    open_ = (OPEN, appeal.c.status != str(Status.RESOLVED), appeal_link.c.answer_id.is_(None))
    return connection.scalar(wanted.where(appeal_link.c.ticket_id == number, CONFIRMED, *open_)) or 0


def begin(database: Database, rules: Rules, number: int, text: str, by: str, now: datetime) -> int | None:  # noqa: PLR0913, PLR0917
    """Store the answer to everybody of a ticket that is over; None where it is not, or nobody waits."""
    with database.write() as connection:
        found = connection.scalar(select(ticket.c.status).where(ticket.c.id == number))
        if found not in OVER or not text.strip() or not _waiting(connection, number):
            return None
        values = {"ticket_id": number, "sealed": rules.keys.seal(text), "key_id": rules.keys.current}
        stored = insert(appeal_answer).values(**values, actor=by, at=now, told=0).returning(appeal_answer.c.id)
        answer: int = connection.execute(stored).scalar_one()
    return answer


def give(database: Database, rules: Rules, now: datetime) -> int:
    """Give answers that are under way to those who wait, a batch of each; return how many appeals were answered."""
    with database.read() as connection:
        numbers = list(connection.scalars(select(appeal_answer.c.id).where(appeal_answer.c.done_at.is_(None))))
    return sum(_give(database, rules, number, now) for number in numbers)


def _give(database: Database, rules: Rules, number: int, now: datetime) -> int:
    with database.write() as connection:
        wanted = select(appeal_answer).where(appeal_answer.c.id == number, appeal_answer.c.done_at.is_(None))
        row = connection.execute(wanted.with_for_update()).mappings().one_or_none()
        if row is None:
            return 0  # another desk has finished it
        answer = MassAnswer(row)
        text = rules.keys.open(answer.sealed, answer.key_id)
        links = _untold(connection, answer.ticket_id) if text else []
        told = 0
        for link, appeal_number in links:
            hand = Hand(database, rules, appeal_number, None, answer.actor, now)
            told += _answer(connection, hand, text or "")
            connection.execute(update(appeal_link).where(appeal_link.c.id == link).values(answer_id=number))
        done = {"done_at": now} if len(links) < BATCH else {}
        one = update(appeal_answer).where(appeal_answer.c.id == number)
        connection.execute(one.values(told=appeal_answer.c.told + told, **done))
    return told


def _untold(connection: Connection, number: int) -> list[tuple[int, int]]:
    wanted = select(appeal_link.c.id, appeal_link.c.appeal_id)
    mine = (appeal_link.c.ticket_id == number, CONFIRMED, appeal_link.c.answer_id.is_(None))
    rows = connection.execute(wanted.where(*mine).order_by(appeal_link.c.id).limit(BATCH))
    return [(link, appeal_number) for link, appeal_number in rows]


def _answer(connection: Connection, hand: Hand, text: str) -> bool:
    draft = store.lock(connection, hand.number)
    if draft.status in FINAL or draft.status is Status.RESOLVED:
        return False
    if draft.status is Status.PENDING:
        draft.move(Status.IN_PROGRESS, hand.by, hand.now)
    draft.move(Status.RESOLVED, hand.by, hand.now)
    draft.give(Queue.CALLS_160, hand.by, hand.now)
    draft.request_due = False
    hand.say(connection, "outbound", "answer", text)
    store.save(connection, hand.rules, draft, hand.now)
    return True
