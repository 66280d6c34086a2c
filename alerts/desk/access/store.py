"""Accounts, tokens, sessions, failed logins and the audit trail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Executable, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from alerts.desk.access.alike import folded
from alerts.desk.access.records import Account, Attending, Audited, Token
from alerts.desk.access.roles import Principal
from alerts.desk.access.secrets import new_key
from alerts.desk.core.tables import account, audit, login_failure, session, token

USED = timedelta(minutes=1)  # how exactly it is known when a token was last used
_BEARER = select(token.c.name, token.c.role, token.c.last_used_at).where(
    token.c.digest == bindparam("digest"), token.c.enabled
)


class NameTakenError(ValueError):
    """The name belongs to another account or token."""


class Bearer(NamedTuple):
    """Whose token it is, and when it was last used as far as that is known."""

    principal: Principal
    last_used_at: datetime | None


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


def _one(connection: Connection, statement: Executable) -> Account | None:
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else Account(row)


def account_meant(connection: Connection, name: str) -> Account | None:
    """Return the account that somebody means by a name as they typed it; None where it may be one of several."""
    found = account_named(connection, name)
    if found is not None:
        return found
    alike = accounts_alike(connection, name)
    return account_named(connection, alike[0]) if len(alike) == 1 else None


def accounts_alike(connection: Connection, name: str) -> Sequence[str]:
    """Return the names of accounts that nobody who reads them can tell from a name."""
    return [each for each in connection.scalars(select(account.c.name)) if folded(each) == folded(name)]


def account_named(connection: Connection, name: str) -> Account | None:
    """Return an account by its name, disabled ones too."""
    return _one(connection, select(account).where(account.c.name == name))


def accounts(connection: Connection, now: datetime, number: int | None = None) -> list[Attending]:
    """Return all accounts, or the one with this number, without their passwords but with how many sessions each has."""
    sessions = (
        select(session.c.account_id, func.count().label("sessions"))
        .where(session.c.expires_at > now)
        .group_by(session.c.account_id)
        .subquery()
    )
    shown = [each for each in account.c if each is not account.c.password]
    statement = (
        select(*shown, func.coalesce(sessions.c.sessions, 0).label("sessions"))
        .outerjoin(sessions, sessions.c.account_id == account.c.id)
        .order_by(account.c.name)
    )
    if number is not None:
        statement = statement.where(account.c.id == number)
    return [Attending(row) for row in connection.execute(statement).mappings()]


def find_number(connection: Connection, number: int) -> Account | None:
    """Return an account by its number."""
    return _one(connection, select(account).where(account.c.id == number))


def lock_enabled(connection: Connection, role: str) -> Sequence[int]:
    """Return the numbers of the enabled accounts of a role; nobody else changes one of them before this ends."""
    statement = select(account.c.id).where(account.c.role == role, account.c.enabled).order_by(account.c.id)
    return connection.scalars(statement.with_for_update()).all()


def update_account(connection: Connection, number: int, **values: object) -> None:
    """Change an account."""
    connection.execute(update(account).where(account.c.id == number).values(**values))


def remove_account(connection: Connection, number: int) -> None:
    """Delete an account and its sessions."""
    connection.execute(delete(account).where(account.c.id == number))


def tokens(connection: Connection) -> list[Token]:
    """Return all tokens, without what could be used."""
    statement = select(token.c.name, token.c.role, token.c.created_at, token.c.last_used_at).order_by(token.c.name)
    return [Token(row) for row in connection.execute(statement).mappings()]


def remove_token(connection: Connection, name: str) -> str | None:
    """Delete a token; return its role, or None where there was none."""
    role: str | None = connection.scalar(delete(token).where(token.c.name == name).returning(token.c.role))
    return role


def bearer(connection: Connection, digest: str) -> Bearer | None:
    """Return whose token this is."""
    row = connection.execute(_BEARER, {"digest": digest}).one_or_none()
    return Bearer(Principal(row.name, row.role), row.last_used_at) if row else None


def token_used(connection: Connection, digest: str, now: datetime) -> None:
    """Note that a token was used."""
    connection.execute(update(token).where(token.c.digest == digest).values(last_used_at=now))


def open_session(connection: Connection, digest: str, account_id: int, now: datetime, expires_at: datetime) -> None:
    """Start a session and forget those that ran out."""
    connection.execute(delete(session).where(session.c.expires_at <= now))
    values = {"digest": digest, "csrf": new_key(), "account_id": account_id, "expires_at": expires_at}
    connection.execute(session.insert(), values | {"seen_at": now})


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


def close_sessions(connection: Connection, account_id: int, keep: str = "") -> int:
    """End all sessions of an account but the one with the digest `keep`; return how many."""
    statement = delete(session).where(session.c.account_id == account_id, session.c.digest != keep)
    return connection.execute(statement).rowcount


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


def write_audit(
    connection: Connection, now: datetime, actor: str, action: str, subject: str | None = None, /, **data: object
) -> None:
    """Add a line to the audit trail, which the database lets nobody change."""
    values = {"at": now, "actor": actor, "action": action, "subject": subject, "data": data}
    connection.execute(audit.insert(), values)


def audited_alike(connection: Connection, action: str, name: str) -> Sequence[str]:
    """Return to whom something was ever done whom nobody can tell from somebody of this name."""
    subjects = connection.scalars(select(audit.c.subject).where(audit.c.action == action).distinct())
    return [each for each in subjects if each is not None and folded(each) == folded(name)]


class AuditFilter(NamedTuple):
    """Which lines of the audit trail are wanted: by or about somebody, of one kind."""

    person: str = ""
    action: str = ""


def read_audit(connection: Connection, wanted: AuditFilter, limit: int, before: int | None = None) -> list[Audited]:
    """Return the newest lines of the audit trail, or those before a line."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    if wanted.person:
        statement = statement.where(or_(audit.c.actor == wanted.person, audit.c.subject == wanted.person))
    if wanted.action:
        statement = statement.where(audit.c.action == wanted.action)
    return [Audited(row) for row in connection.execute(statement).mappings()]
