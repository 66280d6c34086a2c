"""A free month as a typed record of its row."""

from datetime import datetime

from alerts.desk.core.record import Column, Record


class FreeMonth(Record):
    """A free month by the columns of the table `compensation`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    appeal_id = Column[int]()
    claim_key = Column[str]()
    service = Column[str]()
    period_start = Column[datetime]()
    period_end = Column[datetime]()
    state = Column[str]()
    state_at = Column[datetime]()
    actor = Column[str]()
    reason = Column[str]()
    proposed_at = Column[datetime]()
    export_id = Column[int | None]()
    watch = Column[str | None]()
    watched_at = Column[datetime | None]()
    verified_at = Column[datetime | None]()


class ListedFreeMonth(FreeMonth):
    """A free month with the region of its appeal, and when billing confirmed its batch."""

    __slots__ = ()

    region = Column[str]()
    exported_at = Column[datetime | None]()
