"""An operator of 160 registers an appeal without a mouse, and no page of appeals bars anybody."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.appeals.mail.receiving import Received, receive
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.database import Database
from tests.browser.conftest import HASH, PASSWORD
from tests.browser.test_accessibility import SIZES, violations
from tests.browser.test_ticket_life import WEBHOOK
from tests.contract.desk.appeals.appeals_desk import rules
from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification

OPERATOR, SUPPLIER, CHIEF = "Saule", "Timur", "Dana"
KEY = "0123456789abcdef" * 4
ROLES = {OPERATOR: "operator160", SUPPLIER: "supplier", CHIEF: "administrator"}
PATIENCE = 60_000  # milliseconds
ENOUGH = 12  # keys for one registration, besides what is written


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    key = tmp_path / "appeals.key"
    key.write_text(KEY)
    key.chmod(0o600)
    table = f'[appeals]\nkeys = [{{ file = "{key}" }}]\nregions = ["Алматы", "Астана"]\n'
    process = Process(tmp_path, f'watchdog = ""\n{table}[appeals.sites]\n"Астана" = ["astana"]\n')
    database = Database(f"sqlite:///{process.folder / 'desk.db'}")
    with database.write() as connection:
        for name, role in ROLES.items():
            access.add_account(connection, Principal(name, role, "ru"), HASH, datetime.now(UTC))
    process.start()
    yield process
    if process.running:
        process.stop()
    assert '"level": "error"' not in process.log


Sit = Callable[[str], Page]


def unread_mail(desk: Process) -> None:
    """Let mail come in that names no appeal."""
    raw = "From: a@example.kz\r\nSubject: Tuner\r\nMessage-ID: <1@example.kz>\r\n\r\nПришлите цены\r\n"
    database = Database(f"sqlite:///{desk.folder / 'desk.db'}")
    mail = AppealMail("support@supplier.example")
    assert receive(database, rules((KEY,)), mail, raw.encode(), datetime.now(UTC)) == Received("unread", None)
    database.dispose()


@pytest.fixture
def sit(chromium: Browser, desk: Process) -> Iterator[Sit]:
    """Open a browser for somebody who is logged in."""
    contexts = []

    def open_(name: str) -> Page:
        context = chromium.new_context(base_url=desk.url)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.goto("/login?next=/appeals")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Обращения абонентов')")
        return page

    yield open_
    for context in contexts:
        context.close()


class Keys:
    """Counts what is pressed; what is written is not counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def to(self, field: str) -> None:
        """Go on to the next field, which has this name."""
        self.press("Tab")
        self.page.wait_for_selector(f"[name={field}]:focus")

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)


def incident(desk: Process) -> None:
    with desk.client() as machine:
        machine.post(WEBHOOK, json=notification(alert("edge-2", severity="critical", site="astana"))).raise_for_status()


def register(page: Page) -> Keys:
    """Register an appeal of somebody from Astana from the list of appeals on; end at the offered link."""
    keys = Keys(page)
    keys.press("n")
    page.wait_for_selector("input[name=number]:focus")
    keys.write("87012345678")
    keys.press("Enter")
    page.wait_for_selector("button[value=works]:focus")
    expect(page.locator("#known")).to_contain_text("edge-2")
    keys.press("1")
    page.wait_for_selector("input[name=code]:focus")
    page.wait_for_load_state()
    keys.write("ни один")
    keys.to("region")
    keys.press("End")
    keys.to("text")
    keys.write("Не показывает с утра")
    keys.to("answer_by")
    keys.to("reach")
    keys.press("Enter")
    page.wait_for_selector("#done")
    return keys


def test_appeal_is_registered_with_few_keys_and_linked_with_one(desk: Process, sit: Sit) -> None:
    incident(desk)
    page = sit(OPERATOR)
    keys = register(page)
    keys.press("y")
    page.wait_for_selector("#status")
    expect(page.locator("#status")).to_have_text("ожидает (аварийный билет)")
    assert keys.pressed <= ENOUGH
    expect(page.locator("main")).to_contain_text("Не показывает с утра")
    expect(page.locator("main")).to_contain_text("ott, Астана")
    expect(page.locator("#contact")).to_contain_text("+77012345678")


def test_appeals_work_without_scripts(desk: Process, chromium: Browser) -> None:
    context = chromium.new_context(base_url=desk.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    with closing(context):
        page = context.new_page()
        page.goto("/login?next=/appeals/new")
        page.fill("[name=name]", OPERATOR)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.fill("[name=number]", "87012345678")
        page.keyboard.press("Enter")
        page.click("button[value=works]")
        page.fill("[name=code]", "01")
        page.keyboard.press("Enter")
        expect(page.locator("#done")).to_contain_text("Обращение зарегистрировано")


def mass(desk: Process) -> None:
    """Let customers of both regions call about a fault of the platform."""
    with desk.client() as machine:
        fault = alert("origin-1", severity="critical", site="")
        machine.post(WEBHOOK, json=notification(fault)).raise_for_status()
        for place in range(20):
            said = {"number": f"+770123451{place:02}", "service": "ott", "code": "01", "answerBy": "mobile"}
            said["region"] = "Астана" if place % 2 else "Алматы"
            machine.post("/api/v1/appeals", json=said).raise_for_status()


def test_a_mass_over_all_regions_is_linked_with_one_key(desk: Process, sit: Sit, axe: str) -> None:
    mass(desk)
    page = sit(OPERATOR)
    notice = page.locator("section.notice")
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("20 абонентов обратились за 15 минут: воспроизведение, все регионы, ott.")
    expect(notice).to_contain_text("Алматы: 10, Астана: 10")
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert violations(page, axe) == [], f"{width}×{height}"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
    page.keyboard.press("y")
    page.wait_for_selector("form[action='/appeals/mass/undo']")
    expect(notice).to_have_count(0)


def test_axe_finds_nothing_serious_on_the_pages_of_appeals(desk: Process, sit: Sit, axe: str) -> None:
    incident(desk)
    page = sit(OPERATOR)

    def check(what: str) -> None:
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            assert violations(page, axe) == [], f"{what} {width}×{height}"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{what} {width}"

    check("empty list")
    page.goto("/appeals/new")
    check("number")
    page.fill("[name=number]", "87012345678")
    page.keyboard.press("Enter")
    page.wait_for_selector("button[value=works]")
    check("broadband")
    page.click("button[value=works]")
    page.wait_for_selector("[name=code]")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    check("appeal")
    page.fill("[name=code]", "99")
    page.keyboard.press("Enter")
    page.wait_for_selector("#problem")
    check("problem")
    page.fill("[name=code]", "01")
    page.select_option("[name=region]", "Астана")
    page.keyboard.press("Enter")
    page.wait_for_selector("#done")
    check("done")
    for path in ("/appeals/1", "/appeals"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        check(path)
    page = sit(CHIEF)
    unread_mail(desk)
    for path in (
        "/appeals/mail", "/appeals/free-months", "/appeals/free-months/exports", "/appeals/statistics?by=region",
    ):  # fmt: skip
        page.goto(path)
        assert ("Пришлите цены" in page.content()) == (path == "/appeals/mail")
        check(path)
    page = sit(SUPPLIER)
    check("supplier")
