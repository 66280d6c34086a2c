"""A mass of appeals with its emergency ticket, and an answer to everybody, as typed records of their rows."""

from datetime import datetime

from alerts.desk.core.record import Column, Record


class MassRecord(Record):
    """A mass by the columns of the table `appeal_mass`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    code_group = Column[str]()
    region = Column[str]()
    service = Column[str]()
    ticket_id = Column[int]()
    mail_id = Column[int | None]()
    began_at = Column[datetime]()
    ended_at = Column[datetime | None]()


class MassAnswer(Record):
    """An answer to everybody whose appeal is linked to a ticket, by the columns of the table `appeal_answer`."""

    __slots__ = ()

    id = Column[int]()
    ticket_id = Column[int]()
    sealed = Column[bytes]()
    key_id = Column[str]()
    actor = Column[str]()
    at = Column[datetime]()
    told = Column[int]()
    done_at = Column[datetime | None]()
