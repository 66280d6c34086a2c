"""Logging in with a password, slowly for those who guess."""

from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.desk.auth import secrets
from alerts.desk.settings import Limits
from alerts.desk.store import access
from alerts.desk.store.database import Database


class Attempt(NamedTuple):
    """A login that somebody tries."""

    name: str
    password: str
    address: str


class ThrottledError(Exception):
    """Too many failures for this account or from this address."""


def login(database: Database, who: Attempt, limits: Limits, now: datetime) -> str | None:
    """Return a fresh session key, or None for a wrong name or password.

    The hash is checked outside any transaction: it takes long, and storage must not wait for it.
    """
    name, password, address = who
    subjects = (f"account:{name[:200]}", f"address:{address}")
    since = now - timedelta(seconds=limits.login_window)
    with database.read() as connection:
        if access.failures(connection, subjects, since) >= limits.login_failures:
            raise ThrottledError
        row = access.find_account(connection, name)
    if not secrets.password_matches(row["password"] if row else None, password) or row is None:
        with database.write() as connection:
            access.record_failure(connection, subjects, now, since)
            access.write_audit(connection, now, name[:200], "login failed", address=address)
        return None
    key = secrets.new_key()
    with database.write() as connection:
        expires = now + timedelta(seconds=limits.session)
        access.open_session(connection, secrets.digest(key), row["id"], now, expires)
        access.write_audit(connection, now, name, "login", address=address)
    return key
