"""What is done to accounts, with its rules: the console's pages and `ott-desk account` both come here.

Two rules keep a desk from locking everybody out: somebody who can administer always remains, and nobody takes away
their own role, account or password by the means meant for others'.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.login import Attempt, confirm
from alerts.desk.access.names import checked
from alerts.desk.access.records import Account
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import PEOPLE, Principal
from alerts.desk.access.trail import Action, By, tell
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Limits

ADMINISTRATOR = "administrator"


def create(database: Database, by: By, who: Principal, password: str, now: datetime) -> None:
    """Add a person."""
    name = checked(who.name)
    _check_role(who.role)
    password_hash = _hashed(password)
    with database.write() as connection:
        # The history tells people apart by name alone: a second one of that name would inherit it.
        if removed := access.audited_alike(connection, Action.ACCOUNT_REMOVED, name):
            raise RefusedError("name_of_removed", name=removed[0])
        if there := access.accounts_alike(connection, name):
            raise RefusedError("name_taken", name=there[0])
        try:
            access.add_account(connection, Principal(name, who.role, who.language), password_hash, now)
        except access.NameTakenError:
            raise RefusedError("name_taken", name=name) from None
        tell(connection, now, by, Action.ACCOUNT_CREATED, name, role=who.role)


class Shape(NamedTuple):
    """What an administrator decides about an account; None leaves it as it is."""

    role: str
    language: str | None = None


def change(database: Database, by: By, number: int, shape: Shape, now: datetime) -> None:
    """Give an account another role or language."""
    _check_role(shape.role)
    with database.write() as connection:
        account = _account(connection, number)
        wanted = {name: value for name, value in shape._asdict().items() if value is not None}
        changes = {name: [account.value(name), value] for name, value in wanted.items() if account.value(name) != value}
        if "role" in changes:
            _not_oneself(by, account)
            _somebody_remains(connection, account)
        if changes:
            access.update_account(connection, number, **wanted)
            tell(connection, now, by, Action.ACCOUNT_CHANGED, account.name, **changes)


def set_password(database: Database, by: By, number: int, password: str, now: datetime) -> None:
    """Give somebody else a new password; who was logged in with the old one no longer is."""
    password_hash = _hashed(password)
    with database.write() as connection:
        account = _account(connection, number)
        _not_oneself(by, account)
        access.update_account(connection, number, password=password_hash)
        access.close_sessions(connection, number)
        tell(connection, now, by, Action.PASSWORD_SET, account.name)


def change_own_password(  # noqa: PLR0913, PLR0917 - old, new and what guards them
    database: Database, by: By, old: str, new: str, limits: Limits, session: str, now: datetime
) -> None:
    """Change one's password; of one's sessions only the one with this digest remains.

    The old password is asked for, and guessing it is slowed down like a login: an unlocked screen must not be enough.
    """
    account = confirm(database, Attempt(by.name, old, by.address), limits, now, Action.PASSWORD_REFUSED)
    if account is None:
        raise RefusedError("old_password")
    password_hash = _hashed(new)
    with database.write() as connection:
        access.update_account(connection, account.id, password=password_hash)
        access.close_sessions(connection, account.id, session)
        tell(connection, now, by, Action.PASSWORD_CHANGED, account.name)


def end_sessions(database: Database, by: By, number: int, now: datetime, keep: str = "") -> int:
    """Log somebody out everywhere but in the session with the digest `keep`; return how many sessions ended."""
    with database.write() as connection:
        account = _account(connection, number)
        ended = access.close_sessions(connection, number, keep)
        if ended:
            tell(connection, now, by, Action.SESSIONS_ENDED, account.name, sessions=ended)
    return ended


def disable(database: Database, by: By, number: int, now: datetime) -> None:
    """Let somebody in no longer, until they are enabled again."""
    with database.write() as connection:
        account = _account(connection, number)
        _not_oneself(by, account)
        if account.enabled:
            _somebody_remains(connection, account)
            access.update_account(connection, number, enabled=False)
            access.close_sessions(connection, number)
            tell(connection, now, by, Action.ACCOUNT_DISABLED, account.name)


def enable(database: Database, by: By, number: int, now: datetime) -> None:
    """Let somebody in again."""
    with database.write() as connection:
        account = _account(connection, number)
        if not account.enabled:
            access.update_account(connection, number, enabled=True)
            tell(connection, now, by, Action.ACCOUNT_ENABLED, account.name)


def remove(database: Database, by: By, number: int, now: datetime) -> None:
    """Delete an account; tickets and the audit trail go on naming the person."""
    with database.write() as connection:
        account = _account(connection, number)
        _not_oneself(by, account)
        _somebody_remains(connection, account)
        access.remove_account(connection, number)
        tell(connection, now, by, Action.ACCOUNT_REMOVED, account.name, role=account.role)


def number_of(database: Database, name: str) -> int:
    """Return an account's number."""
    with database.read() as connection:
        account = access.account_named(connection, name)
    if account is None:
        raise RefusedError("no_account")
    return account.id


def _account(connection: Connection, number: int) -> Account:
    account = access.find_number(connection, number)
    if account is None:
        raise RefusedError("no_account")
    return account


def _not_oneself(by: By, account: Account) -> None:
    if by.name == account.name:
        raise RefusedError("oneself")


def _somebody_remains(connection: Connection, account: Account) -> None:
    if list(access.lock_enabled(connection, ADMINISTRATOR)) == [account.id]:
        raise RefusedError("last_administrator", name=account.name)


def _check_role(role: str) -> None:
    if role not in PEOPLE:
        raise RefusedError("role", role=role, roles=", ".join(PEOPLE))


def _hashed(password: str) -> str:
    try:
        return secrets.hash_password(password)
    except ValueError:
        raise RefusedError("password_length", least=secrets.MIN_PASSWORD, most=secrets.MAX_PASSWORD) from None
