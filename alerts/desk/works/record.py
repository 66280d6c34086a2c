"""Planned works as a typed record of their row."""

from collections.abc import Sequence
from datetime import datetime

from alerts.desk.core.record import Column, Record


class WorksRecord(Record):
    """Planned works by the columns of the table `works`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    uid = Column[str]()
    title = Column[str]()
    elements = Column[Sequence[str]]()
    sites = Column[Sequence[str]]()
    channels = Column[Sequence[str]]()
    starts = Column[str]()
    ends = Column[str]()
    time_zone = Column[str]()
    over_at = Column[datetime]()
    recurrence = Column[str]()
    skipped = Column[Sequence[str]]()
    added = Column[Sequence[str]]()
    series = Column[str]()
    instance = Column[datetime | None]()
    approver = Column[str]()
    impact = Column[str]()
    back_out = Column[str]()
    cancelled_at = Column[datetime | None]()
    confirm_end = Column[bool]()
    finished_at = Column[datetime | None]()
    created_by = Column[str]()
    created_at = Column[datetime]()
    updated_at = Column[datetime]()
