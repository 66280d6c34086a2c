"""An occurrence of an alarm that belongs to planned works, as a typed record of its row."""

from collections.abc import Mapping
from datetime import datetime

from alerts.desk.core.record import Column, Record


class PlannedRecord(Record):
    """An occurrence by the columns of the table `works_alarm`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    works_id = Column[int]()
    problem_key = Column[str]()
    group_labels = Column[Mapping[str, str]]()
    group_annotations = Column[Mapping[str, str]]()
    fingerprint = Column[str]()
    starts_at = Column[datetime]()
    ends_at = Column[datetime | None]()
    changed_at = Column[datetime]()
    late = Column[int]()
    released_at = Column[datetime | None]()
    labels = Column[Mapping[str, str]]()
    annotations = Column[Mapping[str, str]]()
    generator_url = Column[str]()
