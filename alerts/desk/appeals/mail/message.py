"""A message about appeals, written or received, as a typed record of its row."""

from dataclasses import dataclass
from datetime import datetime

from alerts.desk.core.record import Column, Record


@dataclass(frozen=True, slots=True)
class Written:
    """What is sealed of a message that is to be sent."""

    to: str
    subject: str
    text: str


class Message(Record):
    """A message by the columns of the table `appeal_mail`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    appeal_id = Column[int | None]()
    direction = Column[str]()
    kind = Column[str]()
    party = Column[str]()
    state = Column[str]()
    message_id = Column[str | None]()
    digest = Column[str | None]()
    sealed = Column[bytes | None]()
    key_id = Column[str]()
    at = Column[datetime]()
    next_at = Column[datetime | None]()
    attempts = Column[int]()
    error = Column[str]()
    actor = Column[str]()

    @property
    def appeal(self) -> int:
        """Return the appeal's number; 0, which no appeal has, where nobody knows it."""
        return self.appeal_id or 0
