"""A call, a mail or a message of the cabinet as a typed record of its row."""

from dataclasses import dataclass
from datetime import datetime

from alerts.desk.core.record import Column, Record


class Interaction(Record):
    """An interaction by the columns of the table `interaction`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    appeal_id = Column[int | None]()
    direction = Column[str]()
    channel = Column[str]()
    reason = Column[str]()
    status = Column[str]()
    at = Column[datetime]()
    actor = Column[str]()
    sealed = Column[bytes | None]()
    key_id = Column[str]()


class ListedInteraction(Interaction):
    """An interaction without what was said, with the appeal that it is about."""

    __slots__ = ()

    registered_at = Column[datetime]()  # of the appeal, as its kind is
    kind = Column[str]()
    first_id = Column[int | None]()  # the first interaction about that appeal


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """An interaction that is to be stored."""

    appeal_id: int | None
    direction: str
    channel: str
    reason: str
    at: datetime
    actor: str
    status: str = "completed"
