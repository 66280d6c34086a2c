"""A message of the outbox as a typed record of its row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.desk.core.kept_json import from_json, to_json
from alerts.desk.core.record import Column, Record


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a message for one recipient who was tried."""

    sent: bool = False
    refused: str = ""  # why it is refused for good
    left: Sequence[str] = ()  # the parts that are left, where others have arrived

    @property
    def over(self) -> bool:
        """Return whether the recipient is owed nothing any more."""
        return self.sent or bool(self.refused)

    def kept(self) -> dict[str, object]:
        """Return what the row keeps."""
        return {name: value for name, value in to_json(self).items() if value}


@dataclass(frozen=True, slots=True)
class HubEvent:
    """What the outbox keeps of an event for a listener; a resource that is kept is told as it was then."""

    eventId: str  # noqa: N815 - TM Forum's name
    at: datetime
    name: str = ""  # what the event calls the resource
    shown: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class TestBody:
    """What the outbox keeps of a test message: who asked for it, and when."""

    by: str
    at: datetime


class Message(Record):
    """A message to one target by the columns of the table `outbox`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    ticket_id = Column[int | None]()
    target = Column[str]()
    kind = Column[str]()
    body = Column[Mapping[str, object]]()
    state = Column[str]()
    attempts = Column[int]()
    created_at = Column[datetime]()
    next_at = Column[datetime | None]()
    error = Column[str]()
    done_at = Column[datetime | None]()

    @property
    def ticket(self) -> int:
        """Return the ticket's number; 0, which no ticket has, for a test."""
        return self.ticket_id or 0

    @property
    def told(self) -> Mapping[str, Told]:
        """Return what became of it by recipient."""
        return from_json(self.value("told"), dict[str, Told])

    @property
    def event(self) -> HubEvent:
        """Return the body of a message to a listener."""
        return from_json(self.body, HubEvent)

    @property
    def test(self) -> TestBody:
        """Return the body of a test message."""
        return from_json(self.body, TestBody)


Messages = Sequence[Message]
