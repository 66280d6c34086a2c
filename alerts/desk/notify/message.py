"""A message of the outbox as a typed record of its row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.desk.core.record import Column, Record


class Message(Record):
    """A message to one target by the columns of the table `outbox`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    ticket_id = Column[int | None]()
    target = Column[str]()
    kind = Column[str]()
    body = Column[Mapping[str, Any]]()
    state = Column[str]()
    attempts = Column[int]()
    created_at = Column[datetime]()
    next_at = Column[datetime | None]()
    error = Column[str]()
    done_at = Column[datetime | None]()
    told = Column[Mapping[str, Mapping[str, Any]]]()

    @property
    def ticket(self) -> int:
        """Return the ticket's number; 0, which no ticket has, for a test."""
        return self.ticket_id or 0


Messages = Sequence[Message]
