"""The settings' pages: who may open what, that every form is our own, and that no secret is on any page."""

import re
from collections.abc import Iterator
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from alerts.desk.access import secrets, tokens
from alerts.desk.access.roles import PEOPLE, ROLES, Permission
from alerts.desk.access.store import AuditFilter, read_audit
from alerts.desk.access.trail import Action, By
from alerts.desk.console.settings.frame import TABS
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.settings import (
    Limits,
    PrioritySettings,
    Retention,
    Settings,
    TargetSettings,
    Url,
    VendorSettings,
)
from alerts.desk.core.words import catalogue, languages
from alerts.desk.notify import hubs, outbox
from alerts.desk.notify import test_message as trial
from service.mail import Smtp
from service.setting_types import ZoneName
from service.settings import Seconds, Secret
from tests.unit.desk.console_desk import Hall, csrf, hall

PAGES = [tab.address for tab in TABS]
FOR_ADMINISTRATORS = [tab.address for tab in TABS if tab.needs is Permission.ADMINISTER]
ALSO = ["/settings/audit.csv", "/settings/accounts/1", "/settings/targets/test/1"]
POSTS = [
    *("/settings/accounts", "/settings/tokens", "/settings/tokens/revoke"),
    *("/settings/targets/test", "/settings/targets/again", "/settings/targets/again-all"),
    *(f"/settings/accounts/1/{act}" for act in ("shape", "password", "sessions", "disable", "enable", "remove")),
]
OWN_POSTS = ["/settings/password", "/settings/sessions"]


def lines_of_audit(room: Hall) -> int:
    with room.runtime.database.read() as connection:
        return len(read_audit(connection, AuditFilter(), 100))


@pytest.mark.parametrize("role", ["viewer", "engineer"])
def test_others_pages_are_refused_in_words_and_not_offered(control_room: Hall, role: str) -> None:
    reader = control_room.person(role)
    for path in FOR_ADMINISTRATORS + ALSO:
        answer = reader.get(path)
        assert answer.status_code == 403, path
        assert "Your role does not allow this." in answer.text
    for path in PAGES:
        if path in FOR_ADMINISTRATORS:
            continue
        page = reader.get(path)
        assert page.status_code == 200
        for other in FOR_ADMINISTRATORS:
            assert f'href="{other}"' not in page.text


@pytest.mark.parametrize("role", ["viewer", "engineer"])
def test_others_forms_are_refused(control_room: Hall, role: str) -> None:
    reader = control_room.person(role)
    key = csrf(reader.get("/settings").text)
    before = lines_of_audit(control_room)
    for path in POSTS:
        data = {"csrf": key, "name": "x", "role": "administrator", "number": "1", "password": "a" * 12, "sure": "yes"}
        assert reader.post(path, data=data).status_code == 403, path
    assert lines_of_audit(control_room) == before


def test_a_form_from_elsewhere_is_refused(control_room: Hall) -> None:
    administrator = control_room.person("administrator")
    for path in POSTS + OWN_POSTS:
        answer = administrator.post(path, data={"csrf": "forged", "name": "x", "number": "1"})
        assert (answer.status_code, "out of date" in answer.text) == (403, True), path


def test_nobody_gets_in_without_a_login(control_room: Hall) -> None:
    for path in PAGES + ALSO:
        answer = control_room.machine.get(path, follow=False)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), path


def test_oversized_fields_are_refused(control_room: Hall) -> None:
    administrator = control_room.person("administrator")
    key = csrf(administrator.get("/settings").text)
    for path in ("/settings/accounts", "/settings/tokens", "/settings/targets/test"):
        answer = administrator.post(path, data={"csrf": key, "name": "x" * 201, "role": "viewer"})
        assert (answer.status_code, "The request is invalid" in answer.text) == (400, True), path
    answer = administrator.post("/settings/password", data={"csrf": key, "old": "x" * 5000})
    assert answer.status_code == 400


@pytest.mark.parametrize("language", languages())
def test_every_role_and_permission_has_its_words(control_room: Hall, language: str) -> None:
    page = unescape(control_room.person("viewer", language).get("/settings/roles").text)
    texts = catalogue(language)
    for role, permissions in ROLES.items():
        section = page[page.index(f'id="{role}"') :].partition("</section>")[0]
        may = section.partition(texts["roles.may_not"])[0]
        for permission in Permission:
            assert (texts[f"permission.{permission}"] in may) == (permission in permissions), (role, permission)
    assert set(PEOPLE) < set(ROLES)


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_line_has_its_words(language: str) -> None:
    assert {f"auditaction.{action}" for action in Action} <= set(catalogue(language))


# Lists, tuples and objects, escaped or not.
AS_PYTHON_PRINTS = r"[\[(](?:&#39;|&#34;|'|\")\w+|\w+\(\w+=(?:&#39;|')|datetime\.|PosixPath|(?:&lt;|<)[\w.]+ object at"
PLANTED = {
    name: f"PLANTED-{name}"
    for name in ("smtp", "chat", "token", "database", "query", "user", "password", "hub", "error")
}


def plant(folder: Path, name: str, text: str = "") -> Secret:
    file = folder / name
    file.write_text(text or PLANTED[name])
    file.chmod(0o600)
    return Secret(file=file)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Hall]:
    """A desk with a secret in every place that can hold one."""
    chat = TargetSettings("chat", "apprise", url=plant(tmp_path, "chat", f"tgram://{PLANTED['chat']}/1"))
    boards = TargetSettings("boards", "grafana", url=plant(tmp_path, "grafana", "https://grafana.example"))
    carrier = TargetSettings(
        "carrier",
        "tmf621",
        url=plant(tmp_path, "carrier", f"https://x/{PLANTED['query']}"),
        token=plant(tmp_path, "token"),
    )
    duty = TargetSettings("duty", "mail", to=("noc@example.org",))
    known: dict[str, Any] = {
        "smtp": Smtp("mail.example", "desk@example.org", 587, "starttls", PLANTED["user"], plant(tmp_path, "smtp")),
        "target": (duty, chat, boards, carrier),
        "alertmanagers": (Url(f"http://{PLANTED['user']}:{PLANTED['password']}@127.0.0.1:9093/am"),),
        "prometheus": Url(f"http://127.0.0.1:9090/p?key={PLANTED['query']}"),
        "grafana": Url(f"https://{PLANTED['password']}@grafana.example"),
        "public_url": Url(f"https://desk.example/#{PLANTED['query']}"),
        "calendars": {
            "shift": CalendarSettings(days=("monday",), open_days=("2026-03-07",)),
            "contract": CalendarSettings(
                hours=("09:00-13:00", "14:00-18:00"),
                weekdays={"friday": ("09:00-13:00", "14:00-17:00")},
                before_holiday=Seconds(3600.0),
                dates={"2026-12-31": ("09:00-13:00",)},
                time_zone=ZoneName("Europe/Moscow"),
            ),
        },
        "database": plant(tmp_path, "database", f"postgresql+psycopg://desk:{PLANTED['database']}@db/desk"),
    }
    with hall(tmp_path, **known) as result:
        yield result


def test_no_page_ever_shows_a_secret_or_a_value_as_python_prints_it(full: Hall) -> None:
    runtime, by = full.runtime, By("administrator 1")
    administrator = full.person("administrator")
    full.alarm(title="edge-1 is down")
    token = tokens.create(runtime.database, by, "carrier-desk", "engineer", full.now)
    number = trial.start(runtime, by, "chat")
    with runtime.database.write() as connection:
        hubs.add(
            connection, "h", f"https://u:{PLANTED['hub']}@hub.example/{PLANTED['hub']}?k={PLANTED['hub']}", "", full.now
        )
        for target in ("chat", "duty", "carrier"):
            rows = outbox.claim(connection, target, full.now, 10)
            # As a desk of an earlier version kept it.
            error = f"refused tgram://{PLANTED['chat']}/1 {PLANTED['smtp']} {PLANTED['token']}"
            outbox.end(connection, [outbox.Ending(row.id, {}, error, "dead", done_at=full.now) for row in rows])
    hidden = [*PLANTED.values(), token, secrets.digest(token), "$argon2", "secret1"]
    pages = [*PAGES, *ALSO, f"/settings/targets/test/{number}"]
    for language in languages():
        administrator.post("/language", data={"csrf": csrf(administrator.get("/settings").text), "language": language})
        for path in pages:
            text = administrator.get(path).text
            assert [each for each in hidden if each in text] == [], path
            assert re.search(AS_PYTHON_PRINTS, text) is None, path
    assert "refused …" in administrator.get("/settings/targets").text, "the errors themselves are shown"


def test_policies_show_every_setting_beside_its_key(full: Hall) -> None:
    page = full.person("viewer").get("/settings/policies").text
    keys = " ".join(re.findall(r"<code>([^<]*)</code>", page))
    tables = {"priorities", "calendars", "vendor", "smtp", "target", "retention", "limits"}
    for each in fields(Settings):
        assert each.name in keys
    for kind in (Smtp, Retention, Limits, PrioritySettings, CalendarSettings, VendorSettings):
        for each in fields(kind):
            assert re.search(rf"\b{each.name}\b", keys), (kind.__name__, each.name)
    assert tables <= {each.name for each in fields(Settings)}


@pytest.mark.parametrize("language", languages())
def test_every_setting_has_its_words(language: str) -> None:
    tables = {"smtp": Smtp, "retention": Retention, "limits": Limits}
    keys = {f"policykey.{table}_{each.name}" for table, kind in tables.items() for each in fields(kind)}
    elsewhere = {*tables, "priorities", "calendars", "vendor", "target"}
    keys |= {f"policykey.{each.name}" for each in fields(Settings) if each.name not in elsewhere}
    assert keys <= set(catalogue(language))


def test_policies_say_what_the_desk_works_by(full: Hall) -> None:
    page = full.person("viewer").get("/settings/policies").text
    for part in (
        "http://127.0.0.1:9093/am",
        "SQLite, address from a secret",
        "set, from a file",
        "400 d",
        "32 MiB",
        "Mon–Fri 09:00–18:00",
        "Mon 09:00–18:00",
        "Mon–Thu 09:00–13:00, 14:00–18:00; Fri 09:00–13:00, 14:00–17:00; 60 min shorter on the day before a holiday;",
        "Europe/Moscow",
        "31 Dec 2026 09:00–13:00",
        "9 Mar 2026",
        "7 Mar 2026",
        "45 h",
        "support@edge.example",
        "duty, chat, boards, carrier",
        "default",
    ):
        assert part in page, part
