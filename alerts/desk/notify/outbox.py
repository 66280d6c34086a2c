"""Messages that wait, went out or were given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Executable, delete, func, select, update

from alerts.desk.core import batch
from alerts.desk.core.listening import (
    PARTY_INTERACTION,
    SERVICE_PROBLEM,
    TICKET_TYPE,
    TROUBLE_TICKET,
    asked,
    event_to,
    pending,
    wanted,
)
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import hub, outbox
from alerts.desk.notify.message import Message, Told
from alerts.desk.notify.routing import TEST, Route, hub_events, messages, problem_events
from alerts.desk.tickets.events import Recorded
from alerts.desk.tickets.policy import Publish

CLAIM = timedelta(minutes=2)  # how long a desk may take over what it claims at once
RETRIES = 12
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0
LONGEST_ERROR = 500
LONGEST_THREAD = 10
_LISTENERS = select(hub.c.id, hub.c.query, hub.c.api)


def publisher(settings: Settings) -> Publish:
    """Return what writes the messages that the targets of the settings, vendors and listeners get."""
    routes = tuple(Route(t.name, frozenset(t.topics), frozenset(t.priorities)) for t in settings.target)
    return partial(write, routes)


def write(routes: Sequence[Route], connection: Connection, recorded: Sequence[Recorded], now: datetime) -> None:
    """Store the messages that new events cause, hub listeners' included."""
    rows = [
        {"ticket_id": each.ticket, "target": message.target, "kind": message.kind, "body": message.body}
        for each in recorded
        for message in messages(each, routes)
    ]
    told = [
        (each.ticket, {TROUBLE_TICKET: types, SERVICE_PROBLEM: problem_events(each.events), PARTY_INTERACTION: []})
        for each in recorded
        if (types := hub_events(each.events))
    ]
    if told:
        for listener, query, api in connection.execute(_LISTENERS):
            rows += [
                event_to(listener, kind, now) | {"ticket_id": number}
                for number, types in told
                for kind in types[api]
                if wanted(query, "eventType", kind) and not asked(query, TICKET_TYPE)
            ]
    if rows:
        fresh = pending(now)
        batch.insert(connection, outbox, [row | fresh for row in rows])


def claim(connection: Connection, target: str, now: datetime, limit: int) -> list[Message]:
    """Take due messages of one target, a test first, then the oldest.

    Another desk finds them not due until the claim runs out.
    """
    due = (
        select(outbox.c.id)
        .where(outbox.c.target == target, outbox.c.next_at <= now)
        .order_by(outbox.c.kind != TEST, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    numbers = list(connection.scalars(due))
    if not numbers:
        return []
    connection.execute(
        update(outbox).where(outbox.c.id.in_(numbers)).values(next_at=now + CLAIM, attempts=outbox.c.attempts + 1)
    )
    return _messages(connection, select(outbox).where(outbox.c.id.in_(numbers)).order_by(outbox.c.id))


def due_targets(connection: Connection, prefix: str, now: datetime) -> list[str]:
    """Return the targets with this prefix that have something due."""
    statement = select(outbox.c.target).distinct().where(outbox.c.next_at <= now, outbox.c.target.startswith(prefix))
    return list(connection.scalars(statement))


@dataclass(slots=True)
class Ending:
    """What a message is after an attempt."""

    number: int
    told: Mapping[str, Told]
    error: str = ""
    state: str = "pending"
    attempts: int | None = None
    next_at: datetime | None = None
    done_at: datetime | None = None

    def close(self, state: str, now: datetime) -> None:
        """Say that there is no further attempt."""
        self.state, self.next_at, self.done_at = state, None, now


def end(connection: Connection, endings: Sequence[Ending]) -> None:
    """Store what messages are after an attempt."""
    for each in endings:
        values = {name: getattr(each, name) for name in ("error", "state", "next_at", "done_at")}
        values["told"] = {name: told.kept() for name, told in each.told.items()}
        if each.attempts is not None:
            values["attempts"] = each.attempts
        connection.execute(update(outbox).where(outbox.c.id == each.number).values(**values))


def put_off(connection: Connection, target: str, untried: Sequence[int], until: datetime) -> None:
    """Let a target whose server just failed rest; the claimed messages that were not tried have lost no attempt."""
    connection.execute(
        update(outbox).where(outbox.c.id.in_(untried)).values(attempts=outbox.c.attempts - 1, next_at=until)
    )
    connection.execute(update(outbox).where(outbox.c.target == target, outbox.c.next_at < until).values(next_at=until))


def rest(message: Message) -> timedelta:
    """Return the time before the next attempt: doubling, up to an hour."""
    return timedelta(seconds=min(FIRST_PAUSE * 2.0 ** (message.attempts - 1), LONGEST_PAUSE))


def waiting(connection: Connection, target: str, now: datetime) -> int:
    """Return how many messages of a target are due."""
    statement = select(func.count()).select_from(outbox).where(outbox.c.target == target, outbox.c.next_at <= now)
    return connection.scalar(statement) or 0


def dead_letters(connection: Connection, limit: int) -> list[Message]:
    """Return the messages that were given up, the newest first."""
    statement = select(outbox).where(outbox.c.state == "dead").order_by(outbox.c.id.desc()).limit(limit)
    return _messages(connection, statement)


def again(connection: Connection, number: int, now: datetime) -> str | None:
    """Send a dead letter once more, with all its attempts, to those who have not got it.

    Return its target, or None where it is no longer dead.
    """
    dead = (outbox.c.id == number) & (outbox.c.state == "dead")
    found = _messages(connection, select(outbox).where(dead).with_for_update())
    if not found:
        return None
    told = {name: each.kept() for name, each in found[0].told.items() if not each.refused}
    values = {"state": "pending", "attempts": 0, "next_at": now, "done_at": None, "told": told}
    connection.execute(update(outbox).where(dead).values(**values))
    return found[0].target


def dead_of(connection: Connection, target: str) -> Sequence[int]:
    """Return the numbers of a target's dead letters, the oldest first."""
    dead = select(outbox.c.id).where(outbox.c.target == target, outbox.c.state == "dead").order_by(outbox.c.id)
    return connection.scalars(dead).all()


def thread(connection: Connection, message: Message) -> list[tuple[int, datetime]]:
    """Return number and moment of the messages before this one, same ticket and target: the first and the latest."""
    same = (outbox.c.ticket_id == message.ticket_id) & (outbox.c.target == message.target) & (outbox.c.id < message.id)
    earlier = select(outbox.c.id, outbox.c.created_at).where(same, outbox.c.state != "failed")
    first = connection.execute(earlier.order_by(outbox.c.id).limit(1)).all()
    latest = connection.execute(earlier.order_by(outbox.c.id.desc()).limit(LONGEST_THREAD - 1)).all()
    return sorted({(each.id, each.created_at) for each in (*first, *latest)})


def add_test(connection: Connection, target: str, sender: str, now: datetime) -> int | None:
    """Write a test message and return its number; None while another one of that target waits."""
    waits = select(outbox.c.id).where(outbox.c.target == target, outbox.c.kind == TEST, outbox.c.state == "pending")
    if connection.scalar(waits.limit(1)) is not None:
        return None
    body = {"by": sender, "at": now.isoformat()}
    fresh = {"target": target, "kind": TEST, "body": body} | pending(now)
    statement = outbox.insert().values(fresh).returning(outbox.c.id)
    number: int = connection.execute(statement).scalar_one()
    return number


def find(connection: Connection, number: int) -> Message | None:
    """Return one message."""
    return next(iter(_messages(connection, select(outbox).where(outbox.c.id == number))), None)


def _messages(connection: Connection, statement: Executable) -> list[Message]:
    return [Message(row) for row in connection.execute(statement).mappings()]


@dataclass(frozen=True, slots=True)
class Queue:
    """How it stands with a target's messages."""

    pending: int = 0
    dead: int = 0
    oldest_pending: datetime | None = None
    last_success: datetime | None = None
    error: str = ""  # of the latest message that is not delivered
    notice: str = ""  # what should be changed although the latest message arrived


class _Counted(NamedTuple):
    """The messages of a target in one state."""

    number: int
    oldest: datetime
    latest: datetime | None


def queues(connection: Connection) -> dict[str, Queue]:
    """Return every target's queue."""
    found: dict[str, dict[str, _Counted]] = {}
    counted = (
        select(
            outbox.c.target,
            outbox.c.state,
            func.count().label("number"),
            func.min(outbox.c.created_at).label("oldest"),
            func.max(outbox.c.done_at).label("latest"),
        )
        .where(outbox.c.state != "failed")
        .group_by(outbox.c.target, outbox.c.state)
    )
    for target, state, *figures in connection.execute(counted):
        found.setdefault(target, {})[state] = _Counted(*figures)
    errors = _latest_errors(connection, outbox.c.state.in_(("pending", "dead")) & (outbox.c.error != ""))
    notices = _latest_errors(connection, outbox.c.state == "sent")
    return {name: _queue(states, errors.get(name, ""), notices.get(name, "")) for name, states in found.items()}


def _latest_errors(connection: Connection, among: ColumnElement[bool]) -> dict[str, str]:
    newest = select(func.max(outbox.c.id)).where(among).group_by(outbox.c.target)
    statement = select(outbox.c.target, outbox.c.error).where(outbox.c.id.in_(newest))
    return {row.target: row.error for row in connection.execute(statement)}


def _queue(states: Mapping[str, _Counted], error: str, notice: str) -> Queue:
    pending, dead, sent_ = (states.get(name) for name in ("pending", "dead", "sent"))
    return Queue(
        pending=pending.number if pending else 0,
        dead=dead.number if dead else 0,
        oldest_pending=pending.oldest if pending else None,
        last_success=sent_.latest if sent_ else None,
        error=error,
        notice=notice,
    )


def drop(connection: Connection, target: str) -> None:
    """Forget what waits for a target that is gone."""
    connection.execute(delete(outbox).where(outbox.c.target == target, outbox.c.state == "pending"))
