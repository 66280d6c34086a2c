"""People, machines and what they did, as typed records of their rows."""

from collections.abc import Mapping
from datetime import datetime

from alerts.desk.core.record import Column, Record


class Account(Record):
    """A person's account by the columns of the table `account`."""

    __slots__ = ()

    id = Column[int]()
    name = Column[str]()
    role = Column[str]()
    password = Column[str]()  # argon2
    language = Column[str]()
    enabled = Column[bool]()
    created_at = Column[datetime]()
    last_login_at = Column[datetime | None]()


class Attending(Account):
    """An account with how many sessions it has open."""

    __slots__ = ()

    sessions = Column[int]()


class Token(Record):
    """A machine's token by the columns of the table `token`."""

    __slots__ = ()

    id = Column[int]()
    name = Column[str]()
    role = Column[str]()
    digest = Column[str]()  # SHA-256
    enabled = Column[bool]()
    created_at = Column[datetime]()
    last_used_at = Column[datetime | None]()


class Audited(Record):
    """A line of the audit trail by the columns of the table `audit`."""

    __slots__ = ()

    id = Column[int]()
    at = Column[datetime]()
    actor = Column[str]()
    action = Column[str]()
    data = Column[Mapping[str, object]]()
    subject = Column[str | None]()
