"""Accounts, tokens and one's own account as pages; the rules themselves are tested on both databases."""

import re

import pytest

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.web.session import COOKIE
from tests.unit.desk.console_desk import Caller, Hall, csrf

PASSWORD = "correct horse battery"
HASH = secrets.hash_password(PASSWORD)
HERE = "/settings/accounts"


def send(caller: Caller, path: str, page: str = "/settings", **values: str) -> str:
    return caller.post(path, data={"csrf": csrf(caller.get(page).text)} | values).text


def number(room: Hall, name: str) -> int:
    with room.runtime.database.read() as connection:
        row = access.account_named(connection, name)
    assert row is not None
    return row.id


def log_in(room: Hall, name: str, password: str) -> Caller:
    caller = Caller(room.machine.app)
    caller.post("/login", data={"csrf": csrf(caller.get("/login").text), "name": name, "password": password})
    return caller


def knows(caller: Caller) -> bool:
    return caller.get("/settings", follow=False).status_code == 200


def audit(room: Hall) -> list[tuple[str, str, str | None]]:
    with room.runtime.database.read() as connection:
        rows = access.read_audit(connection, access.AuditFilter(), 100)
    return [(row.actor, row.action, row.subject) for row in reversed(rows)]


def test_a_person_is_added_and_logs_in(control_room: Hall) -> None:
    administrator = control_room.person("administrator", name="Dana")
    page = send(administrator, HERE, name=" Aigerim ", role="engineer", language="ru", password=PASSWORD)
    assert "Account created." in page
    assert "Aigerim" in page
    assert knows(log_in(control_room, "Aigerim", PASSWORD))
    row = re.search(r">Aigerim</a>.*?</tr>", administrator.get(HERE).text, re.DOTALL)
    assert row
    assert "Русский" in row[0]
    assert "12:00" in row[0], "the last login"
    assert audit(control_room)[-2:] == [("Dana", "account created", "Aigerim"), ("Aigerim", "login", None)]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "Dana"}, "is taken"),
        ({"name": " "}, "1 to 100 printable"),
        ({"name": "desk"}, "own name in histories"),
        ({"role": "machine"}, "There is no role"),
        ({"password": "short"}, "10 to 1024"),
    ],
)
def test_what_cannot_be_added_is_said_in_words(control_room: Hall, values: dict[str, str], sentence: str) -> None:
    administrator = control_room.person("administrator", name="Dana")
    typed = {"name": "Aigerim", "role": "engineer", "language": "ru", "password": PASSWORD} | values
    answer = administrator.post(HERE, data={"csrf": csrf(administrator.get(HERE).text)} | typed)
    assert (answer.status_code, sentence in answer.text) == (409, True)
    assert PASSWORD not in answer.text


def test_role_password_and_access_of_somebody_else(control_room: Hall) -> None:
    administrator = control_room.person("administrator", name="Dana")
    engineer = control_room.person("engineer", name="Aigerim")
    here = f"{HERE}/{number(control_room, 'Aigerim')}"
    assert "Changes saved." in send(administrator, f"{here}/shape", role="viewer", language="ru")
    assert "наблюдатель" in engineer.get("/settings").text
    assert "New password set" in send(administrator, f"{here}/password", password=PASSWORD)
    assert not knows(engineer)
    engineer = log_in(control_room, "Aigerim", PASSWORD)
    assert "Sessions ended." in send(administrator, f"{here}/sessions")
    assert not knows(engineer)
    assert "Account disabled" in send(administrator, f"{here}/disable")
    assert not knows(log_in(control_room, "Aigerim", PASSWORD))
    assert "Account enabled" in send(administrator, f"{here}/enable")
    assert knows(log_in(control_room, "Aigerim", PASSWORD))
    assert "Tick the box" in send(administrator, f"{here}/remove")
    assert "Account removed" in send(administrator, f"{here}/remove", sure="yes")
    assert administrator.get(here).status_code == 404
    assert administrator.post(f"{here}/explode", data={"csrf": csrf(administrator.get(HERE).text)}).status_code == 404
    done = [action for actor, action, subject in audit(control_room) if (actor, subject) == ("Dana", "Aigerim")]
    assert done == [
        *("account changed", "password set", "sessions ended"),
        *("account disabled", "account enabled", "account removed"),
    ]


def test_history_goes_on_naming_the_person(control_room: Hall) -> None:
    administrator = control_room.person("administrator", name="Dana")
    engineer = control_room.person("engineer", name="Aigerim")
    control_room.alarm()
    send(engineer, "/ticket/1/note", page="/ticket/1", text="looked at it", version="1")
    send(administrator, f"{HERE}/{number(control_room, 'Aigerim')}/remove", sure="yes")
    page = administrator.get("/ticket/1").text
    assert "Aigerim" in page
    assert "looked at it" in page
    refused = send(administrator, HERE, name="Aigerim", role="engineer", language="ru", password=PASSWORD)
    assert "was removed" in refused


def test_nobody_takes_their_own_access_away(control_room: Hall) -> None:
    administrator = control_room.person("administrator", name="Dana")
    control_room.person("administrator", name="Timur")
    here = f"{HERE}/{number(control_room, 'Dana')}"
    assert "This is your account" in administrator.get(here).text
    for path, values in (
        ("disable", {}),
        ("remove", {"sure": "yes"}),
        ("shape", {"role": "viewer", "language": "en"}),
        ("password", {"password": PASSWORD}),
    ):
        assert "You cannot do this to your own account" in send(administrator, f"{here}/{path}", **values), path
    assert administrator.get(HERE).status_code == 200


def test_the_own_password_wants_the_old_one_and_ends_other_sessions(control_room: Hall) -> None:
    with control_room.runtime.database.write() as connection:
        access.add_account(connection, Principal("Aigerim", "viewer", "en"), HASH, control_room.now)
    here, elsewhere = (log_in(control_room, "Aigerim", PASSWORD) for _ in range(2))
    assert "2 sessions are open" in here.get("/settings").text
    fresh = "a new long password"
    wrong = send(here, "/settings/password", old="not this one", new=fresh, again=fresh)
    assert "The old password is wrong." in wrong
    assert "differ" in send(here, "/settings/password", old=PASSWORD, new=fresh, again=fresh + "!")
    assert "10 to 1024" in send(here, "/settings/password", old=PASSWORD, new="short", again="short")
    assert knows(elsewhere)
    assert "Password changed." in send(here, "/settings/password", old=PASSWORD, new=fresh, again=fresh)
    assert (knows(here), knows(elsewhere)) == (True, False)
    assert not knows(log_in(control_room, "Aigerim", PASSWORD))
    other = log_in(control_room, "Aigerim", fresh)
    assert "Sessions ended." in send(here, "/settings/sessions")
    assert (knows(here), knows(other)) == (True, False)


def test_guessing_the_old_password_ends_in_a_pause(control_room: Hall) -> None:
    reader = control_room.person("viewer")
    for _ in range(5):
        send(reader, "/settings/password", old="guess", new=PASSWORD, again=PASSWORD)
    data = {"csrf": csrf(reader.get("/settings").text), "old": "guess", "new": PASSWORD, "again": PASSWORD}
    answer = reader.post("/settings/password", data=data)
    assert (answer.status_code, "Too many failed attempts" in answer.text) == (429, True)


def test_the_language_is_changed_where_the_person_is(control_room: Hall) -> None:
    reader = control_room.person("viewer")
    page = send(reader, "/language", language="ru", next="/settings")
    assert "Моя учётная запись" in page


def test_a_token_is_shown_once_works_and_is_revoked(control_room: Hall) -> None:
    administrator = control_room.person("administrator", name="Dana")
    page = send(administrator, "/settings/tokens", name="am-2", role="machine")
    found = re.search(r"ottdesk_[\w-]{43}", page)
    assert found
    assert found[0] not in administrator.get("/settings/tokens").text
    machine = Caller(control_room.machine.app, {"Authorization": f"Bearer {found[0]}"})
    assert machine.get("/tmf-api/troubleTicket/v5/troubleTicket").status_code == 200
    row = re.search(r">am-2</th>.*?</tr>", administrator.get("/settings/tokens").text, re.DOTALL)
    assert row
    assert row[0].count("12:00") == 2, "created and last used"
    assert "is taken" in send(administrator, "/settings/tokens", name="am-2", role="machine")
    assert "There is no role" in send(administrator, "/settings/tokens", name="am-3", role="administrator")
    assert "Token revoked" in send(administrator, "/settings/tokens/revoke", name="am-2")
    assert machine.get("/tmf-api/troubleTicket/v5/troubleTicket").status_code == 401
    assert "This token does not exist" in send(administrator, "/settings/tokens/revoke", name="am-2")


def test_a_session_is_known_by_its_cookie_alone(control_room: Hall) -> None:
    reader = control_room.person("viewer")
    assert reader.cookies[COOKIE] not in reader.get("/settings").text
