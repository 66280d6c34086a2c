"""An occurrence of an alarm, from its beginning to its end, as a typed record of its row."""

from collections.abc import Mapping
from datetime import datetime

from alerts.desk.core.record import Column, Record


class AlarmRecord(Record):
    """An occurrence by the columns of the table `alarm`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    ticket_id = Column[int]()
    problem_key = Column[str]()
    fingerprint = Column[str]()
    starts_at = Column[datetime]()
    ends_at = Column[datetime | None]()
    changed_at = Column[datetime]()
    late = Column[int]()
    labels = Column[Mapping[str, str]]()
    annotations = Column[Mapping[str, str]]()
    generator_url = Column[str]()
    effect = Column[bool]()
    cause_key = Column[str | None]()
