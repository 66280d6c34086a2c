"""Engineers at work: a ticket appears by itself and goes through its life, by mouse, by keyboard, in both languages."""

from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from tests.browser.conftest import SECONDS, Enter
from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification

START = datetime.now(UTC)
WEBHOOK = "/webhook/alertmanager"


def alarm(desk: Process, *, firing: bool = True, node: str = "edge-1") -> None:
    with desk.client() as machine:
        machine.post(WEBHOOK, json=notification(alert(node, firing=firing, start=START))).raise_for_status()


def state(page: Page, text: str) -> None:
    expect(page.locator("#status")).to_contain_text(text, timeout=SECONDS)


def press(page: Page, *keys: str) -> None:
    """Press keys once the page hears them: its script starts after its text is there."""
    expect(page.locator("#keys")).to_be_visible(timeout=SECONDS)
    for key in keys:
        page.keyboard.press(key)


def act(page: Page, name: str, **fields: str) -> None:
    page.click(f"#do-{name} summary")
    form = page.locator(f"#do-{name} form")
    for field, value in fields.items():
        form.locator(f"[name={field}]:not([type=hidden])").fill(value)
    form.locator("button").click()


def test_a_ticket_appears_without_reload_and_is_worked_on_in_russian(desk: Process, enter: Enter) -> None:
    page = enter()
    expect(page.locator(".calm")).to_contain_text("Открытых билетов нет")
    page.evaluate("window.same = true")
    alarm(desk)
    row = page.locator("[data-row]")
    expect(row).to_have_text("edge-1 не отвечает", timeout=SECONDS)
    expect(page).to_have_title("(1) ▲ 1 открытый билет · ottwatch")
    assert page.evaluate("document.body.dataset.rang") == "1"  # the bell rang
    assert page.evaluate("window.same") is True  # and the page was not loaded again
    row.click()
    page.click("text=Взять в работу")
    state(page, "в работе")
    act(page, "hold", text="ждём деталь")
    state(page, "приостановлен (ждём деталь)")
    act(page, "resume")
    state(page, "в работе")
    page.click("#do-hand_over summary")
    page.click("#do-hand_over button")
    state(page, "приостановлен (у вендора)")
    act(page, "accept", text="VN-77")
    expect(page.locator(".timeline")).to_contain_text("Номер обращения у Edge Ltd: VN-77")
    page.evaluate("window.same = true")
    alarm(desk, firing=False)  # it repairs itself: the page says so
    state(page, "решён (авария снята)")
    assert page.evaluate("window.same") is True
    act(page, "close", text="проверено")
    state(page, "закрыт")


def test_the_keyboard_alone_is_enough(desk: Process, enter: Enter) -> None:
    alarm(desk, node="edge-1")
    alarm(desk, node="edge-2")
    page = enter(language="en")
    press(page, "j", "j", "Enter")
    page.wait_for_url("**/ticket/2")
    press(page, "t")
    state(page, "in progress")
    press(page, "h")
    page.keyboard.type("waiting for a part, t r x")  # letters in a field are letters
    press(page, "Tab", "Enter")
    state(page, "held (waiting for a part, t r x)")
    press(page, "e")
    press(page, "Tab", "Enter")
    state(page, "in progress")
    press(page, "r")
    page.keyboard.type("replaced")
    press(page, "Tab", "Enter")
    state(page, "resolved (replaced)")
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("#help")).to_be_hidden()
    press(page, "q")
    page.wait_for_url("**/")


def fill_in(page: Page, key: str, text: str = "") -> None:
    """Open a form by its key, write, and send it by Tab and Enter."""
    press(page, key)
    page.keyboard.type(text)
    press(page, "Tab", "Enter")


def test_a_whole_life_by_keys_alone_in_russian(desk: Process, enter: Enter) -> None:
    page = enter()
    alarm(desk)
    expect(page.locator("[data-row]")).to_have_text("edge-1 не отвечает", timeout=SECONDS)
    press(page, "j", "Enter")
    page.wait_for_url("**/ticket/1")
    press(page, "t")
    state(page, "в работе")
    fill_in(page, "h", "ждём деталь")
    state(page, "приостановлен (ждём деталь)")
    fill_in(page, "e")
    state(page, "в работе")
    fill_in(page, "n", "питание есть, порт мёртв")
    expect(page.locator(".timeline")).to_contain_text("питание есть, порт мёртв")
    press(page, "v")
    expect(page.locator("#do-hand_over select")).to_be_focused()
    press(page, "Tab", "Tab", "Enter")  # past the vendor and the note
    state(page, "приостановлен (у вендора)")
    fill_in(page, "a", "VN-77")
    expect(page.locator(".timeline")).to_contain_text("Номер обращения у Edge Ltd: VN-77")
    fill_in(page, "b", "порт заменён")
    state(page, "в работе (возвращён от вендора)")
    fill_in(page, "r", "порт заменён")  # while the alarm still fires: this is the stated reason
    state(page, "решён (порт заменён)")
    fill_in(page, "o", "зрители жалуются")
    state(page, "в работе (зрители жалуются)")
    alarm(desk, firing=False)
    state(page, "решён (авария снята)")
    fill_in(page, "c", "проверено")
    state(page, "закрыт")
    press(page, "q")
    expect(page.locator(".calm")).to_contain_text("Открытых билетов нет")


def test_two_work_on_one_ticket_by_keys_and_see_every_step_of_the_other(desk: Process, enter: Enter) -> None:
    alarm(desk)
    first, second = enter("Aigerim"), enter("Daniyar")
    for page in (first, second):
        page.goto("/ticket/1")
    press(first, "t")
    state(first, "в работе")
    state(second, "в работе")
    expect(second.locator(".chips")).to_contain_text("Aigerim")
    press(second, "t")  # takes it over, having seen whose it was
    expect(first.locator(".chips")).to_contain_text("Daniyar", timeout=SECONDS)
    fill_in(first, "n", "я на площадке")
    for page in (first, second):
        expect(page.locator(".timeline")).to_contain_text("я на площадке", timeout=SECONDS)
    press(first, "h")
    first.keyboard.type("жду пропуск")
    fill_in(second, "r", "заменён блок питания")
    state(second, "решён")
    state(first, "решён")  # while the form stands open
    expect(first.locator("#changed")).to_be_visible()
    press(first, "Tab", "Enter")
    expect(first.locator("[role=alert]")).to_contain_text("Билет изменился")
    state(second, "решён (заменён блок питания)")
    fill_in(first, "c", "согласен")  # the page shows it as it is: what can be done now can be done at once
    state(first, "закрыт")
    state(second, "закрыт")
    expect(second.locator("#actions")).not_to_contain_text("Закрыть")


def refused(first: Page, second: Page, text: str) -> None:
    """The second writes while the first takes the ticket: the second is told, and nothing is overwritten."""
    press(second, "r")
    second.keyboard.type(text)
    press(first, "t")
    state(first, "в работе")
    state(second, "в работе")
    expect(second.locator("#changed")).to_be_visible()
    press(second, "Tab", "Enter")
    expect(second.locator("[role=alert]")).to_contain_text("Билет изменился")
    state(first, "в работе")
    assert text not in first.inner_text(".timeline")


def test_two_engineers_on_one_ticket_see_each_other(desk: Process, enter: Enter) -> None:
    alarm(desk)
    first, second = enter("Aigerim"), enter("Daniyar")
    for page in (first, second):
        page.goto("/ticket/1")
    refused(first, second, "перезапустил")


def test_everything_works_without_scripts(desk: Process, enter: Enter) -> None:
    alarm(desk)
    page = enter(java_script_enabled=False)
    page.click("[data-row]")
    page.click("text=Взять в работу")
    state(page, "в работе")
    act(page, "resolve", text="заменил блок питания")
    state(page, "решён")
