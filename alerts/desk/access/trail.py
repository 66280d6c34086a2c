"""What the audit trail tells: who did what to whom, and from where. What people do to tickets is in the tickets."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from alerts.desk.access import store as access


class Action(StrEnum):
    """What was done."""

    LOGIN = "login"
    LOGIN_FAILED = "login failed"
    LOGOUT = "logout"
    ACCOUNT_CREATED = "account created"
    ACCOUNT_CHANGED = "account changed"  # role, language
    ACCOUNT_DISABLED = "account disabled"
    ACCOUNT_ENABLED = "account enabled"
    ACCOUNT_REMOVED = "account removed"
    PASSWORD_SET = "password set"  # noqa: S105 - by an administrator
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - by the person
    PASSWORD_REFUSED = "password refused"  # noqa: S105 - the old one was wrong
    SESSIONS_ENDED = "sessions ended"
    TOKEN_CREATED = "token created"  # noqa: S105
    TOKEN_REVOKED = "token revoked"  # noqa: S105
    LISTENER_REGISTERED = "listener registered"
    LISTENER_REMOVED = "listener removed"
    WORKS_CHANGED = "works changed"  # planned, approved, extended
    WORKS_CANCELLED = "works cancelled"
    WORKS_FINISHED = "works finished"
    TICKETS_MERGED = "tickets merged"
    TICKET_SPLIT = "ticket split"
    NODE_ADDED = "node added"
    NODE_REMOVED = "node removed"
    NODES_IMPORTED = "nodes imported"
    TEST_MESSAGE = "test message"
    SENT_AGAIN = "sent again"  # a dead letter


class By(NamedTuple):
    """Who does something, and from which address."""

    name: str
    address: str = ""


def tell(
    connection: Connection, now: datetime, by: By, action: Action, subject: str | None = None, **data: object
) -> None:
    """Add a line to the audit trail."""
    found = data | ({"address": by.address} if by.address else {})
    access.write_audit(connection, now, by.name, action, subject, **found)
