"""Targets, their test messages and dead letters, and the audit trail as pages."""

import csv
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from alerts.desk.access import store as access
from alerts.desk.access.trail import Action, By, tell
from alerts.desk.console.settings.targets import host
from alerts.desk.core.settings import Language, TargetSettings
from alerts.desk.notify import hubs, outbox
from alerts.desk.notify.message import Told
from service.mail import Smtp
from tests.unit.desk.console_desk import Caller, Hall, csrf, hall

HERE = "/settings/targets"
AUDIT = "/settings/audit"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Hall]:
    smtp = Smtp("127.0.0.1", "desk@example.org", security="none")
    with hall(tmp_path, smtp=smtp, target=(TargetSettings("duty", "mail", to=("noc@example.org",)),)) as result:
        yield result


def ask(room: Hall, caller: Caller, name: str = "duty") -> tuple[int, str]:
    answer = caller.post(f"{HERE}/test", data={"csrf": csrf(caller.get(HERE).text), "name": name})
    found = re.search(r"/test/(\d+)$", str(answer.url))
    return (int(found[1]) if found else 0), answer.text


def settle(room: Hall, number: int, error: str = "") -> None:
    """Deliver a message, or fail to."""
    with room.runtime.database.write() as connection:
        state = "failed" if error else "sent"
        outbox.end(connection, [outbox.Ending(number, {}, error, state, done_at=room.now)])


def test_a_test_message_tells_what_became_of_it(room: Hall) -> None:
    administrator = room.person("administrator", name="Dana")
    number, page = ask(room, administrator)
    assert "Being sent since 01.03.2026 12:00:00" in page
    assert "data-period" in page, "the page looks by itself"
    assert "is already waiting" in ask(room, administrator)[1]
    room.now += timedelta(seconds=61)
    assert "No result after 1 min 1 s" in administrator.get(f"{HERE}/test/{number}").text
    settle(room, number, "mail to mail.example:587: <who are you?>")
    page = administrator.get(f"{HERE}/test/{number}").text
    assert "Failed: mail to mail.example:587: &lt;who are you?&gt;" in page
    second, _ = ask(room, administrator)
    settle(room, second)
    assert "Sent: the target&#39;s server accepted the message" in administrator.get(f"{HERE}/test/{second}").text
    assert "12:01" in administrator.get(HERE).text, "the last success"


def test_what_is_no_test_message_has_no_such_page(room: Hall) -> None:
    administrator = room.person("administrator")
    room.alarm()
    for number in ("1", "99", "0", "x", str(2**63)):
        assert administrator.get(f"{HERE}/test/{number}").status_code in (400, 404), number
    assert "target is not configured" in ask(room, administrator, "nobody")[1]


def test_queues_and_dead_letters(room: Hall) -> None:
    administrator = room.person("administrator", name="Dana")
    room.alarm(title="edge-1 is down")
    with room.runtime.database.write() as connection:
        hubs.add(connection, "listener-1", "https://u:p@hub.example:8443/secret?key=1", "", room.now)
    page = administrator.get(HERE).text
    assert "oldest since 12:00" in page
    assert "https://hub.example:8443<" in page
    assert "vendor Edge Ltd" in page
    assert "No undelivered messages." in page
    with room.runtime.database.write() as connection:
        told = {"noc@example.org": Told(refused="nobody listens")}
        outbox.end(connection, [outbox.Ending(1, told, "nobody listens", "dead", 12, done_at=room.now)])
    page = administrator.get(HERE).text
    assert "nobody listens" in page
    assert 'href="/ticket/1"' in page
    data = {"csrf": csrf(page), "number": "1"}
    assert "will be sent again" in administrator.post(f"{HERE}/again", data=data).text
    assert "no longer undelivered" in administrator.post(f"{HERE}/again", data=data).text
    with room.runtime.database.read() as connection:
        row = outbox.find(connection, 1)
        assert row is not None
        assert (row.state, row.attempts, row.next_at, row.told) == ("pending", 0, room.now, {})
        (line,) = access.read_audit(connection, access.AuditFilter(action=Action.SENT_AGAIN), 10)
        assert (line.actor, line.subject) == ("Dana", "duty")


def test_messages_of_a_target_that_is_gone_are_told_apart(room: Hall) -> None:
    room.alarm()
    room.runtime.settings = room.runtime.settings.__class__(language=Language("en"))
    page = room.person("administrator").get(HERE).text
    assert "no longer configured" in page
    assert "No targets are configured." in page


@pytest.mark.parametrize(
    ("callback", "shown"),
    [
        ("https://u:p@hub.example/x?y#z", "https://hub.example"),
        ("http://[::1]:80/", "http://::1:80"),
        ("http://[::1/", ""),
        ("http://host:port/", ""),
    ],
)
def test_only_the_host_of_a_listener_is_shown(callback: str, shown: str) -> None:
    assert host(callback) == shown


def fill(room: Hall, lines: int) -> None:
    with room.runtime.database.write() as connection:
        for number in range(lines):
            by = By("Dana" if number % 2 else "Timur", "192.0.2.7")
            tell(connection, room.now, by, Action.TOKEN_CREATED, f"token-{number}", role="machine")


def rows(page: str) -> list[str]:
    return re.findall(r"<td>(token-\d+)</td>", page)


def test_the_trail_is_paged_without_gaps(room: Hall) -> None:
    administrator = room.person("administrator", name="Dana")
    fill(room, 120)
    seen: list[str] = []
    address = AUDIT
    while address:
        page = administrator.get(address).text
        seen += rows(page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"token-{number}" for number in reversed(range(120))]


def test_the_trail_is_filtered_by_person_and_kind(room: Hall) -> None:
    administrator = room.person("administrator", name="Dana")
    fill(room, 4)
    assert rows(administrator.get(f"{AUDIT}?person=Timur").text) == ["token-2", "token-0"]
    assert rows(administrator.get(f"{AUDIT}?person=token-3").text) == ["token-3"]
    assert rows(administrator.get(f"{AUDIT}?kind=login").text) == []
    assert len(rows(administrator.get(f"{AUDIT}?kind=nonsense&person=%00&before=-1").text)) == 4
    page = administrator.get(f"{AUDIT}?kind=token+created&person=Dana").text
    assert f'href="{AUDIT}.csv?person=Dana&amp;kind=token+created"' in page
    assert "role: machine, address: 192.0.2.7" in page


def test_the_trail_as_csv_is_whole_and_harmless(room: Hall) -> None:
    administrator = room.person("administrator", name="Dana")
    fill(room, 1100)
    with room.runtime.database.write() as connection:
        tell(connection, room.now, By("=cmd()"), Action.TOKEN_CREATED, " \N{FULLWIDTH EQUALS SIGN}1", role="machine")
        access.write_audit(connection, room.now, "hunter2 typed into the wrong field", Action.LOGIN_FAILED)
        access.write_audit(connection, room.now, "", Action.LOGIN_FAILED)
    answer = administrator.get(f"{AUDIT}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert table[0] == ["When", "Who", "What", "Whom", "Details"]
    assert len(table) == 1 + 1103
    assert table[1][1] == table[2][1] == "unknown name"
    assert table[3] == [
        "2026-03-01T12:00:00+05:00",
        "'=cmd()",
        "created a token",
        "' \N{FULLWIDTH EQUALS SIGN}1",
        "role: machine",
    ]
    russian = room.person("administrator", name="Aliya", language="ru").get(f"{AUDIT}.csv").text
    assert next(csv.reader(StringIO(russian.removeprefix("\ufeff")), delimiter=";"))[1] == "Кто"
    assert "hunter2" not in administrator.get(AUDIT).text
    assert len(list(csv.reader(StringIO(administrator.get(f"{AUDIT}.csv?person=Timur").text)))) == 1 + 550
