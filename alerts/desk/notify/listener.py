"""A listener of an API of TM Forum as a typed record of its row."""

from datetime import datetime

from alerts.desk.core.record import Column, Record


class Listener(Record):
    """A listener by the columns of the table `hub`, which says what they mean."""

    __slots__ = ()

    id = Column[str]()
    callback = Column[str]()
    query = Column[str]()
    created_at = Column[datetime]()
    api = Column[str]()
