"""Occurrences of alarms that belong to planned works."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Occurrence
from alerts.desk.alarms.planned_record import PlannedRecord
from alerts.desk.alarms.store import Held
from alerts.desk.core import batch
from alerts.desk.core.tables import works_alarm
from alerts.desk.tickets.store import OpenedElsewhereError

Name = tuple[str, str]
"""Problem key and fingerprint."""


@dataclass(slots=True)
class Kept:
    """An occurrence of an alarm that belongs to works; `id` of the occurrence is None until it is stored."""

    works: int
    problem: Problem  # without its alerts
    occurrence: Occurrence
    released_at: datetime | None = None

    @property
    def fires(self) -> bool:
        """Return whether it fires and has no ticket."""
        return self.occurrence.ends_at is None and self.released_at is None


def latest(connection: Connection, problems: Sequence[Problem]) -> dict[Name, Kept]:
    """Return the newest occurrence of each alarm in `problems`, locked."""
    names = [
        {"problem_key": problem.key, "fingerprint": alert.fingerprint}
        for problem in problems
        for alert in problem.alerts
    ]
    given = batch.texts(connection.dialect.name, "names", ("problem_key", "fingerprint"))
    same = (works_alarm.c.problem_key == given.c.problem_key) & (works_alarm.c.fingerprint == given.c.fingerprint)
    newest = (
        select(func.max(works_alarm.c.id))
        .select_from(given)
        .join(works_alarm, same)
        .group_by(works_alarm.c.problem_key, works_alarm.c.fingerprint)
    )
    wanted = select(works_alarm).where(works_alarm.c.id.in_(newest)).order_by(works_alarm.c.id).with_for_update()
    found = map(PlannedRecord, connection.execute(wanted, {"names": batch.document(names)}).mappings())
    return {(each.problem_key, each.fingerprint): _kept(each) for each in found}


def unreleased(connection: Connection) -> list[Kept]:
    """Return what fires and has no ticket, locked."""
    fires = works_alarm.c.ends_at.is_(None) & works_alarm.c.released_at.is_(None)
    wanted = select(works_alarm).where(fires).order_by(works_alarm.c.id).with_for_update()
    return [_kept(PlannedRecord(row)) for row in connection.execute(wanted).mappings()]


def firing(connection: Connection) -> dict[Name, Held]:
    """Return what fires and has no ticket, as the reconciler compares it."""
    fires = works_alarm.c.ends_at.is_(None) & works_alarm.c.released_at.is_(None)
    columns = (works_alarm.c.problem_key, works_alarm.c.group_labels, works_alarm.c.fingerprint)
    rows = connection.execute(select(*columns, works_alarm.c.starts_at, works_alarm.c.labels).where(fires))
    return {(row[0], row[2]): Held(*row) for row in rows}


def of_works(connection: Connection, number: int) -> list[Kept]:
    """Return the alarms of works in the order in which they came."""
    wanted = select(works_alarm).where(works_alarm.c.works_id == number).order_by(works_alarm.c.id)
    return [_kept(PlannedRecord(row)) for row in connection.execute(wanted).mappings()]


def save(connection: Connection, kept: Iterable[Kept]) -> None:
    """Store new occurrences, and what changed of known ones."""
    given = list(kept)
    changed = [each for each in given if each.occurrence.id is not None]
    fresh = [each for each in given if each.occurrence.id is None]
    batch.update(connection, works_alarm, [_moving(each) | {"id": each.occurrence.id} for each in changed])
    try:
        batch.insert(connection, works_alarm, [_moving(each) | _fixed(each) for each in fresh])
    except IntegrityError as error:
        raise OpenedElsewhereError from error


def _moving(each: Kept) -> dict[str, object]:
    occurrence = each.occurrence
    return {
        "ends_at": occurrence.ends_at,
        "changed_at": occurrence.changed_at,
        "late": occurrence.late,
        "released_at": each.released_at,
        "annotations": dict(occurrence.annotations),
    }


def _fixed(each: Kept) -> dict[str, object]:
    occurrence = each.occurrence
    return {
        "works_id": each.works,
        "problem_key": each.problem.key,
        "group_labels": dict(each.problem.labels),
        "group_annotations": dict(each.problem.annotations),
        "fingerprint": occurrence.fingerprint,
        "starts_at": occurrence.starts_at,
        "labels": dict(occurrence.labels),
        "generator_url": occurrence.generator_url,
    }


def _kept(record: PlannedRecord) -> Kept:
    occurrence = Occurrence(
        fingerprint=record.fingerprint,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        changed_at=record.changed_at,
        labels=record.labels,
        annotations=record.annotations,
        generator_url=record.generator_url,
        id=record.id,
        late=record.late,
    )
    problem = Problem(record.problem_key, record.group_labels, annotations=record.group_annotations)
    return Kept(record.works_id, problem, occurrence, record.released_at)
