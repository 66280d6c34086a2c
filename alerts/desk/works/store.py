"""Planned works in the database."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, or_, select, update

from alerts.desk.core.tables import works as table
from alerts.desk.works.record import WorksRecord
from alerts.desk.works.works import Scope, Works, WorksError

ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)
OVER = timedelta(days=35)  # how long ended works may still matter to late webhooks


def everything(connection: Connection) -> list[Works]:
    """Return all works by number."""
    return [_works(WorksRecord(row)) for row in connection.execute(select(table).order_by(table.c.id)).mappings()]


def relevant(connection: Connection, now: datetime) -> list[Works]:
    """Return the works that run, may come, or ended not long ago."""
    rows = connection.execute(select(table).where(table.c.over_at > now - OVER)).mappings()
    return sorted((_works(WorksRecord(row)) for row in rows), key=lambda works: works.number)


def find(connection: Connection, number: int, *, lock: bool = False) -> Works | None:
    """Return works by number."""
    wanted = select(table).where(table.c.id == number)
    row = connection.execute(wanted.with_for_update() if lock else wanted).mappings().first()
    return _works(WorksRecord(row)) if row else None


def of_uids(connection: Connection, uids: Iterable[str], *, lock: bool = False) -> Sequence[Works]:
    """Return the works of calendars' UIDs with the changed windows of each, by number."""
    names = list(uids)
    wanted = select(table).where(or_(table.c.uid.in_(names), table.c.series.in_(names))).order_by(table.c.id)
    rows = connection.execute(wanted.with_for_update() if lock else wanted).mappings()
    return [_works(WorksRecord(row)) for row in rows]


def put(connection: Connection, works: Works, by: str, now: datetime) -> Works:
    """Store works in place of those with the same number or UID, else as new ones; return them with their number."""
    values = _row(works, now)
    known = _number_of(connection, works)
    if known is None:
        uid = works.uid or f"{uuid.uuid4()}@ottwatch"
        fresh = insert(table).values(**values | {"uid": uid, "created_by": by, "created_at": now})
        known = connection.execute(fresh.returning(table.c.id)).scalar_one()
    else:
        if works.finished_at is None:
            del values["finished_at"]  # a confirmation is not taken back by a calendar that knows nothing of it
        connection.execute(update(table).where(table.c.id == known).values(**values))
    found = find(connection, known)
    if found is None:
        raise WorksError(f"there are no works {known}")
    return found


def _number_of(connection: Connection, works: Works) -> int | None:
    if works.number:
        return works.number
    if not works.uid:
        return None
    number: int | None = connection.scalar(select(table.c.id).where(table.c.uid == works.uid).with_for_update())
    return number


def _last_end(works: Works) -> datetime:
    end = max((works.starts, *works.added)) + (works.ends - works.starts)
    return end.replace(tzinfo=ZoneInfo(works.time_zone))


def _row(works: Works, now: datetime) -> dict[str, object]:
    return {
        "title": works.title,
        "elements": list(works.scope.elements),
        "sites": list(works.scope.sites),
        "channels": list(works.scope.channels),
        "starts": works.starts.isoformat(),
        "ends": works.ends.isoformat(),
        "time_zone": works.time_zone,
        "over_at": ENDLESS if works.recurrence else _last_end(works),
        "recurrence": works.recurrence,
        "skipped": [each.isoformat() for each in works.skipped],
        "added": [each.isoformat() for each in works.added],
        "series": works.series,
        "instance": works.instance,
        "approver": works.approver,
        "impact": works.impact,
        "back_out": works.back_out,
        "cancelled_at": works.cancelled_at,
        "confirm_end": works.confirm_end,
        "finished_at": works.finished_at,
        "updated_at": now,
    }


def _works(record: WorksRecord) -> Works:
    return Works(
        title=record.title,
        scope=Scope(tuple(record.elements), tuple(record.sites), tuple(record.channels)),
        starts=datetime.fromisoformat(record.starts),
        ends=datetime.fromisoformat(record.ends),
        time_zone=record.time_zone,
        recurrence=record.recurrence,
        skipped=tuple(datetime.fromisoformat(each) for each in record.skipped),
        added=tuple(datetime.fromisoformat(each) for each in record.added),
        series=record.series,
        instance=record.instance,
        approver=record.approver,
        impact=record.impact,
        back_out=record.back_out,
        uid=record.uid,
        cancelled_at=record.cancelled_at,
        confirm_end=record.confirm_end,
        finished_at=record.finished_at,
        number=record.id,
    )
