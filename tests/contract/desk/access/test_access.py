"""Accounts and tokens on both databases: the rules hold also for two administrators who act at once."""

import threading
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from alerts.desk.access import accounts, login, secrets, tokens
from alerts.desk.access import store as access
from alerts.desk.access.login import Attempt, ThrottledError
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import Principal
from alerts.desk.access.store import AuditFilter
from alerts.desk.access.trail import By
from alerts.desk.core.actors import PROGRAM
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Limits
from alerts.desk.core.tables import account, audit

NOW = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
BY = By(PROGRAM)
PASSWORD = "correct horse battery"


def add(database: Database, name: str, role: str = "administrator") -> int:
    accounts.create(database, BY, Principal(name, role, "ru"), PASSWORD, NOW)
    return accounts.number_of(database, name)


def actions(database: Database) -> list[tuple[str, str, str | None]]:
    with database.read() as connection:
        rows = connection.execute(select(audit.c.actor, audit.c.action, audit.c.subject).order_by(audit.c.id))
        return [(row.actor, row.action, row.subject) for row in rows]


def test_two_administrators_cannot_disable_each_other(database: Database) -> None:
    numbers = {name: add(database, name) for name in ("Aigerim", "Timur")}
    gate, refused = threading.Barrier(2), []

    def run(name: str, other: str) -> None:
        own = Database(database.url.render_as_string(hide_password=False))
        gate.wait()
        try:
            accounts.disable(own, By(name), numbers[other], NOW)
        except RefusedError as error:
            refused.append(error.reason)
        own.dispose()

    pairs = (("Aigerim", "Timur"), ("Timur", "Aigerim"))
    threads = [threading.Thread(target=run, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_administrator"]
    with database.read() as connection:
        assert sorted(connection.scalars(select(account.c.enabled))) == [False, True]


def test_the_last_administrator_stays(database: Database) -> None:
    number = add(database, "Aigerim")
    add(database, "Timur", "engineer")
    with pytest.raises(RefusedError, match="last_administrator"):
        accounts.remove(database, BY, number, NOW)
    with pytest.raises(RefusedError, match="last_administrator"):
        accounts.disable(database, BY, number, NOW)
    with pytest.raises(RefusedError, match="last_administrator"):
        accounts.change(database, BY, number, accounts.Shape("viewer"), NOW)
    add(database, "Dana")
    accounts.remove(database, BY, number, NOW)
    with pytest.raises(RefusedError, match="no_account"):
        accounts.number_of(database, "Aigerim")


def test_a_removed_name_is_not_given_again(database: Database) -> None:
    add(database, "Dana")
    accounts.remove(database, BY, add(database, "Aigerim"), NOW)
    for name in ("Aigerim", "aigerim"):
        with pytest.raises(RefusedError, match="name_of_removed") as refused:
            add(database, name, "viewer")
        assert refused.value.values["name"] == "Aigerim"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "desk", "OTT-Desk", "nul\0", "\u3164", "Dana\ufe0f"])
def test_odd_names_are_refused(database: Database, name: str) -> None:
    with pytest.raises(RefusedError, match="name"):
        add(database, name)
    with pytest.raises(RefusedError, match="name"):
        tokens.create(database, BY, name, "machine", NOW)


def test_names_that_nobody_can_tell_apart_are_one(database: Database) -> None:
    add(database, "Андрей")
    for name in ("андрей", "АНДРЕЙ", " Андрей ", unicodedata.normalize("NFD", "Андрей")):
        with pytest.raises(RefusedError, match="name_taken") as refused:
            add(database, name)
        assert refused.value.values["name"] == "Андрей"
        assert login.login(database, Attempt(name, PASSWORD, "192.0.2.1"), Limits(), NOW)
    assert {actor for actor, action, _ in actions(database) if action == "login"} == {"Андрей"}
    # Guesses at one account are counted together, however its name is written.
    for number in range(5):
        name = "андрей" if number % 2 else "Андрей "
        assert login.login(database, Attempt(name, "wrong", f"192.0.2.{number}"), Limits(), NOW) is None
    with pytest.raises(ThrottledError):
        login.login(database, Attempt("АНДРЕЙ", PASSWORD, "192.0.2.9"), Limits(), NOW)


def test_accounts_of_an_older_desk_that_differ_in_capitals_are_each_their_own(database: Database) -> None:
    with database.write() as connection:
        for name in ("Dana", "dana"):
            access.add_account(
                connection, Principal(name, "engineer", "ru"), secrets.hash_password(PASSWORD + name), NOW
            )
    for name in ("Dana", "dana"):
        assert login.login(database, Attempt(name, PASSWORD + name, "192.0.2.1"), Limits(), NOW)
    assert login.login(database, Attempt("DANA", PASSWORD + "Dana", "192.0.2.1"), Limits(), NOW) is None
    with pytest.raises(RefusedError, match="name_taken"):
        add(database, "DANA")


def test_a_disabled_account_is_nobody_by_any_name(database: Database) -> None:
    add(database, "Dana")
    accounts.disable(database, BY, add(database, "Aigerim"), NOW)
    for name in ("Aigerim", "aigerim"):
        assert login.login(database, Attempt(name, PASSWORD, "192.0.2.1"), Limits(), NOW) is None


def test_a_new_password_ends_the_old_sessions(database: Database) -> None:
    add(database, "Dana")
    number = add(database, "Aigerim", "engineer")
    old = login.login(database, Attempt("Aigerim", PASSWORD, "192.0.2.1"), Limits(), NOW)
    assert old is not None
    accounts.set_password(database, By("Dana"), number, "another long one", NOW)
    with database.read() as connection:
        assert access.find_session(connection, secrets.digest(old), NOW) is None
    assert login.login(database, Attempt("Aigerim", PASSWORD, "192.0.2.1"), Limits(), NOW) is None
    key = login.login(database, Attempt("Aigerim", "another long one", "192.0.2.1"), Limits(), NOW)
    assert key is not None
    other = login.login(database, Attempt("Aigerim", "another long one", "192.0.2.1"), Limits(), NOW)
    assert other is not None
    me = By("Aigerim", "192.0.2.1")
    accounts.change_own_password(
        database, me, "another long one", "a third long one", Limits(), secrets.digest(key), NOW
    )
    with database.read() as connection:
        assert access.find_session(connection, secrets.digest(key), NOW) is not None
        assert access.find_session(connection, secrets.digest(other), NOW) is None
        (row,) = access.accounts(connection, NOW, number)
        assert (row.sessions, row.last_login_at) == (1, NOW)
        assert "password" not in row.row


def test_guessing_the_old_password_is_slowed_down(database: Database) -> None:
    add(database, "Aigerim", "engineer")
    me = By("Aigerim", "192.0.2.1")
    for _ in range(5):
        with pytest.raises(RefusedError, match="old_password"):
            accounts.change_own_password(database, me, "a wrong guess", "a new long one", Limits(), "", NOW)
    with pytest.raises(ThrottledError):
        accounts.change_own_password(database, me, PASSWORD, "a new long one", Limits(), "", NOW)
    later = NOW + timedelta(minutes=16)
    accounts.change_own_password(database, me, PASSWORD, "a new long one", Limits(), "", later)
    assert actions(database)[-2:] == [("Aigerim", "password refused", None), ("Aigerim", "password changed", "Aigerim")]


def test_guesses_sent_at_once_are_counted_one_by_one(database: Database) -> None:
    add(database, "Aigerim", "engineer")

    def guess(number: int) -> str:
        try:
            key = login.login(database, Attempt("Aigerim", f"guess number {number}", "192.0.2.1"), Limits(), NOW)
        except ThrottledError:
            return "throttled"
        return "wrong" if key is None else "in"

    with ThreadPoolExecutor(12) as pool:
        answers = Counter(pool.map(guess, range(12)))
    assert answers == {"wrong": 5, "throttled": 7}


def test_a_password_typed_as_a_name_is_not_written_down(database: Database) -> None:
    add(database, "Aigerim", "engineer")
    for name in (PASSWORD, "Aigerim", "nul\0"):
        assert login.login(database, Attempt(name, "something wrong", "192.0.2.1"), Limits(), NOW) is None
    failed = [("", "login failed", None), ("Aigerim", "login failed", None), ("", "login failed", None)]
    assert actions(database)[1:] == failed


def test_a_revoked_token_is_nobody_and_its_name_is_free(database: Database) -> None:
    token = tokens.create(database, BY, "alertmanager", "machine", NOW)
    with database.read() as connection:
        found = access.bearer(connection, secrets.digest(token))
        assert found is not None
        assert (found.principal, found.last_used_at) == (Principal("alertmanager", "machine"), None)
    with database.write() as connection:
        access.token_used(connection, secrets.digest(token), NOW)
    with pytest.raises(RefusedError, match="name_taken"):
        tokens.create(database, BY, "alertmanager", "machine", NOW)
    with pytest.raises(RefusedError, match="role"):
        tokens.create(database, BY, "root", "administrator", NOW)
    with database.read() as connection:
        (row,) = access.tokens(connection)
        assert dict(row.row) == {"name": "alertmanager", "role": "machine", "created_at": NOW, "last_used_at": NOW}
    tokens.revoke(database, BY, "alertmanager", NOW)
    with pytest.raises(RefusedError, match="no_token"):
        tokens.revoke(database, BY, "alertmanager", NOW)
    with database.read() as connection:
        assert access.bearer(connection, secrets.digest(token)) is None
    tokens.create(database, BY, "alertmanager", "machine", NOW)
    told = [("ott-desk", f"token {verb}", "alertmanager") for verb in ("created", "revoked", "created")]
    assert actions(database) == told


def test_the_trail_is_found_by_person_and_kind(database: Database) -> None:
    number = add(database, "Aigerim", "engineer")
    add(database, "Timur")
    accounts.disable(database, By("Timur", "192.0.2.1"), number, NOW)
    accounts.enable(database, By("Timur"), number, NOW)
    accounts.enable(database, By("Timur"), number, NOW)
    with database.read() as connection:

        def read(**wanted: str) -> list[str]:
            return [row.action for row in access.read_audit(connection, AuditFilter(**wanted), 10)]

        assert read(person="Aigerim") == ["account enabled", "account disabled", "account created"]
        assert read(person="Timur") == ["account enabled", "account disabled", "account created"]
        assert read(person="Timur", action="account disabled") == ["account disabled"]
        (row,) = access.read_audit(connection, AuditFilter(action="account disabled"), 10)
        assert (row.actor, row.subject, row.data) == ("Timur", "Aigerim", {"address": "192.0.2.1"})
        assert access.read_audit(connection, AuditFilter(action="account disabled"), 10, row.id) == []
