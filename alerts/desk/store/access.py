"""Accounts, tokens, sessions, failed logins and the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from alerts.desk.auth.roles import Principal
from alerts.desk.auth.secrets import new_key
from alerts.desk.store.tables import account, audit, login_failure, session, token


class NameTakenError(ValueError):
    """The name belongs to another account or token."""


def add_account(connection: Connection, who: Principal, password_hash: str, now: datetime) -> None:
    """Add a person."""
    name = who.name
    values = {"name": name, "role": who.role, "password": password_hash, "language": who.language}
    try:
        connection.execute(account.insert(), values | {"enabled": True, "created_at": now})
    except IntegrityError:
        raise NameTakenError(f'there is an account "{name}" already; choose another name') from None


def add_token(connection: Connection, name: str, role: str, digest: str, now: datetime) -> None:
    """Add a machine."""
    values = {"name": name, "role": role, "digest": digest, "enabled": True, "created_at": now}
    try:
        connection.execute(token.insert(), values)
    except IntegrityError:
        raise NameTakenError(f'there is a token "{name}" already; choose another name') from None


def find_account(connection: Connection, name: str) -> RowMapping | None:
    """Return an enabled account by its name."""
    statement = select(account).where(account.c.name == name, account.c.enabled)
    return connection.execute(statement).mappings().one_or_none()


def bearer(connection: Connection, digest: str) -> Principal | None:
    """Return whose token this is."""
    row = connection.execute(
        select(token.c.name, token.c.role).where(token.c.digest == digest, token.c.enabled)
    ).one_or_none()
    return Principal(row.name, row.role) if row else None


def open_session(connection: Connection, digest: str, account_id: int, now: datetime, expires_at: datetime) -> None:
    """Start a session and forget those that ran out."""
    connection.execute(delete(session).where(session.c.expires_at <= now))
    values = {"digest": digest, "csrf": new_key(), "account_id": account_id, "expires_at": expires_at}
    connection.execute(session.insert(), values)


def find_session(connection: Connection, digest: str, now: datetime) -> tuple[Principal, str] | None:
    """Return who is logged in with this key, and the session's CSRF key."""
    row = connection.execute(
        select(account.c.name, account.c.role, account.c.language, session.c.csrf)
        .join(account, account.c.id == session.c.account_id)
        .where(session.c.digest == digest, session.c.expires_at > now, account.c.enabled)
    ).one_or_none()
    return (Principal(row.name, row.role, row.language), row.csrf) if row else None


def close_session(connection: Connection, digest: str) -> None:
    """End a session."""
    connection.execute(delete(session).where(session.c.digest == digest))


def set_language(connection: Connection, name: str, language: str) -> None:
    """Remember a person's language."""
    connection.execute(update(account).where(account.c.name == name).values(language=language))


def failures(connection: Connection, subjects: Sequence[str], since: datetime) -> int:
    """Return the failed logins of the subject that has most of them."""
    counts = connection.scalars(
        select(func.count())
        .where(login_failure.c.subject.in_(subjects), login_failure.c["at"] > since)
        .group_by(login_failure.c.subject)
    )
    return max(counts, default=0)


def record_failure(connection: Connection, subjects: Sequence[str], now: datetime, forget_before: datetime) -> None:
    """Count a failed login for each subject."""
    connection.execute(delete(login_failure).where(login_failure.c["at"] <= forget_before))
    connection.execute(login_failure.insert(), [{"subject": subject, "at": now} for subject in subjects])


def write_audit(connection: Connection, now: datetime, actor: str, action: str, **data: Any) -> None:
    """Add a line to the audit trail, which the database lets nobody change."""
    connection.execute(audit.insert(), {"at": now, "actor": actor, "action": action, "data": data})


def read_audit(connection: Connection, limit: int, before: int | None = None) -> Sequence[RowMapping]:
    """Return the newest lines of the audit trail, or those before a line."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return connection.execute(statement).mappings().all()
