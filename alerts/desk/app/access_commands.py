"""`ott-desk account` and `ott-desk token`: the rules are those of the console's pages."""

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from alerts.desk.access import accounts, tokens
from alerts.desk.access import store as access
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import Principal
from alerts.desk.access.trail import By
from alerts.desk.core.actors import PROGRAM
from alerts.desk.core.database import Database
from alerts.desk.core.words import Words
from alerts.desk.tickets.runtime import utc_now
from service.program import Exit

BY = By(PROGRAM)


def token(arguments: argparse.Namespace, database: Database) -> int:
    """Make, list or revoke tokens."""
    try:
        match arguments.verb:
            case "create":
                print(tokens.create(database, BY, arguments.name, arguments.role, utc_now()))
            case "revoke":
                tokens.revoke(database, BY, arguments.name, utc_now())
            case _:
                with database.read() as connection:
                    rows = access.tokens(connection)
                for row in rows:
                    print(row.name, row.role, _time(row.created_at), _time(row.last_used_at), sep="\t")
    except RefusedError as error:
        return _refused(error)
    return Exit.FINE


def account(arguments: argparse.Namespace, opened: Callable[[], Database], language: str) -> int:
    """Make, list, change or remove accounts."""
    try:
        # Asked for before the database is opened: a database that is not there yet is made only for an account.
        password = _password() if arguments.verb in ("create", "password") else ""
        database = opened()
        if arguments.verb == "list":
            _list(database)
        elif arguments.verb == "create":
            who = Principal(arguments.name, arguments.role, language)
            accounts.create(database, BY, who, password, utc_now())
        else:
            _change(arguments, database, accounts.number_of(database, arguments.name), password)
    except RefusedError as error:
        return _refused(error)
    return Exit.FINE


def _change(arguments: argparse.Namespace, database: Database, number: int, password: str) -> None:
    now = utc_now()
    match arguments.verb:
        case "role":
            accounts.change(database, BY, number, accounts.Shape(arguments.role), now)
        case "password":
            accounts.set_password(database, BY, number, password, now)
        case "disable":
            accounts.disable(database, BY, number, now)
        case "enable":
            accounts.enable(database, BY, number, now)
        case "logout":
            print(accounts.end_sessions(database, BY, number, now))
        case _:
            accounts.remove(database, BY, number, now)


def _list(database: Database) -> None:
    with database.read() as connection:
        rows = access.accounts(connection, utc_now())
    for row in rows:
        state = "enabled" if row.enabled else "disabled"
        print(row.name, row.role, state, _time(row.last_login_at), row.sessions, sep="\t")


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "-"


def _refused(error: RefusedError) -> int:
    words = Words("en", UTC)
    print(words(f"refused.{error.reason}", **error.values), file=sys.stderr)
    return Exit.FAILED


def _password() -> str:
    """Ask for a password on a terminal; elsewhere read it as the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise ValueError("the two passwords differ")
    return first
