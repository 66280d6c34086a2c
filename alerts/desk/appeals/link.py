"""A link between an appeal and an emergency ticket as a typed record of its row."""

from datetime import datetime

from alerts.desk.core.record import Column, Record
from alerts.desk.tickets.ticket import Texts, Ticket


class Link(Record):
    """A link by the columns of the table `appeal_link`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    appeal_id = Column[int]()
    ticket_id = Column[int]()
    state = Column[str]()
    actor = Column[str]()
    at = Column[datetime]()
    answer_id = Column[int | None]()


class NamedLink(Link):
    """A link with what its ticket is about."""

    __slots__ = ()

    names = Column[Texts]()


class LinkedTicket(Ticket):
    """A ticket with how many appeals people linked to it."""

    __slots__ = ()

    customers = Column[int]()
