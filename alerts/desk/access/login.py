"""Logging in with a password, slowly for those who guess."""

from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.alike import folded
from alerts.desk.access.records import Account
from alerts.desk.access.roles import VIEWER
from alerts.desk.access.trail import Action, By, tell
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Limits

_TURN = Lock()


class Attempt(NamedTuple):
    """A login that somebody tries."""

    name: str
    password: str
    address: str


class ThrottledError(Exception):
    """Too many failures for this account or from this address."""


def login(database: Database, who: Attempt, limits: Limits, now: datetime) -> str | None:
    """Return a fresh session key, or None for a wrong name or password."""
    row = confirm(database, who, limits, now, Action.LOGIN_FAILED)
    if row is None:
        return None
    key = secrets.new_key()
    with database.write() as connection:
        expires = now + timedelta(seconds=limits.viewer_session if row.role == VIEWER else limits.session)
        access.open_session(connection, secrets.digest(key), row.id, now, expires)
        access.update_account(connection, row.id, last_login_at=now)
        tell(connection, now, By(row.name, who.address), Action.LOGIN)
    return key


def logout(database: Database, by: By, key: str, now: datetime) -> None:
    """End the session with this key."""
    with database.write() as connection:
        access.close_session(connection, secrets.digest(key))
        tell(connection, now, by, Action.LOGOUT)


def confirm(database: Database, who: Attempt, limits: Limits, now: datetime, failure: Action) -> Account | None:
    """Return the account of somebody who knows its password, or note the failure and return None.

    The hash is checked outside any transaction: it takes long, and storage must not wait for it. Guesses are checked
    one by one, or those that are sent at once would all pass before the first failure is counted. A name that no
    account has is not written down: it may be a password that somebody typed into the wrong field.
    """
    with _TURN:
        return _confirm(database, who, limits, now, failure)


def _confirm(database: Database, who: Attempt, limits: Limits, now: datetime, failure: Action) -> Account | None:
    name, password, address = who
    name = name.replace("\0", "")  # PostgreSQL would refuse the question
    since = now - timedelta(seconds=limits.login_window)
    with database.read() as connection:
        row = access.account_meant(connection, name)
        name = row.name if row else folded(name)
        subjects = (f"account:{name[:200]}", f"address:{address}")
        if access.failures(connection, subjects, since) >= limits.login_failures:
            raise ThrottledError
    enabled = row if row is not None and row.enabled else None
    if secrets.password_matches(enabled.password if enabled else None, password) and enabled is not None:
        return enabled
    with database.write() as connection:
        access.record_failure(connection, subjects, now, since)
        tell(connection, now, By(row.name if row else "", address), failure)
    return None
