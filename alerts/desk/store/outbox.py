"""Messages that wait, went out or were given up."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from alerts.desk.draft import Draft
from alerts.desk.outbox.compose import HUB_PREFIX, hub_events
from alerts.desk.store.tables import hub, outbox

CLAIM = timedelta(minutes=2)  # how long a desk may take over one delivery
RETRIES = 12
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0


def write(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """Store the messages of changed tickets, hub listeners' included."""
    rows = [
        {"ticket_id": draft["id"], "target": each.target, "kind": each.kind, "body": each.body}
        for draft in drafts
        for each in draft.messages
    ]
    told = [(draft, types) for draft in drafts if (types := hub_events(draft.events))]
    if told:
        for listener, query in connection.execute(select(hub.c.id, hub.c.query)):
            rows += [
                {
                    "ticket_id": draft["id"],
                    "target": HUB_PREFIX + listener,
                    "kind": kind,
                    "body": {"eventId": str(uuid.uuid4()), "at": now.isoformat()},
                }
                for draft, types in told
                for kind in types
                if wanted(query, kind)
            ]
    if rows:
        fresh = {"state": "pending", "attempts": 0, "created_at": now, "next_at": now, "error": ""}
        connection.execute(outbox.insert(), [row | fresh for row in rows])


def wanted(query: str, kind: str) -> bool:
    """Say whether a listener's query asks for an event type; without `eventType` in it, for every one."""
    types = [part.partition("=")[2] for part in query.split("&") if part.startswith("eventType=")]
    return not types or any(kind in each.split(",") for each in types)


def claim(connection: Connection, target: str, now: datetime, limit: int) -> Sequence[RowMapping]:
    """Take due messages of one target, oldest first; another desk finds them not due until the claim runs out."""
    due = (
        select(outbox.c.id)
        .where(outbox.c.target == target, outbox.c.next_at <= now)
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    numbers = list(connection.scalars(due))
    if not numbers:
        return []
    connection.execute(
        update(outbox).where(outbox.c.id.in_(numbers)).values(next_at=now + CLAIM, attempts=outbox.c.attempts + 1)
    )
    return connection.execute(select(outbox).where(outbox.c.id.in_(numbers)).order_by(outbox.c.id)).mappings().all()


def due_targets(connection: Connection, prefix: str, now: datetime) -> list[str]:
    """Return the targets with this prefix that have something due."""
    statement = select(outbox.c.target).distinct().where(outbox.c.next_at <= now, outbox.c.target.startswith(prefix))
    return list(connection.scalars(statement))


def sent(connection: Connection, numbers: Sequence[int]) -> None:
    """Note that messages were delivered."""
    connection.execute(
        update(outbox).where(outbox.c.id.in_(numbers)).values(state="sent", next_at=None, error="")
    )  # fmt: skip


def failed(connection: Connection, rows: Sequence[RowMapping], error: str, now: datetime) -> int:
    """Plan the next attempt, or give up; return how many were given up."""
    dead = [row["id"] for row in rows if row["attempts"] >= RETRIES]
    for row in rows:
        if row["id"] not in dead:
            moment = now + timedelta(seconds=pause(row["attempts"]))
            _set(connection, row["id"], next_at=moment, error=error[:500])
    for number in dead:
        _set(connection, number, next_at=None, state="dead", error=error[:500])
    return len(dead)


def pause(attempts: int) -> float:
    """Return the seconds before the next attempt: doubling, up to an hour."""
    return min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE)


def _set(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(update(outbox).where(outbox.c.id == number).values(**values))


def waiting(connection: Connection, target: str, now: datetime) -> int:
    """Return how many messages of a target are due."""
    statement = select(func.count()).select_from(outbox).where(outbox.c.target == target, outbox.c.next_at <= now)
    return connection.scalar(statement) or 0


def dead_letters(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Return the messages that were given up, the newest first."""
    statement = select(outbox).where(outbox.c.state == "dead").order_by(outbox.c.id.desc()).limit(limit)
    return connection.execute(statement).mappings().all()


def drop(connection: Connection, target: str) -> None:
    """Forget what waits for a target that is gone."""
    connection.execute(delete(outbox).where(outbox.c.target == target, outbox.c.state == "pending"))
