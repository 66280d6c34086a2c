"""Several tickets at once: by keyboard, through live updates, against somebody else's change, without scripts."""

from playwright.sync_api import expect

from tests.browser.conftest import SECONDS, Enter
from tests.browser.test_ticket_life import alarm
from tests.contract.desk.conftest import Process

ROWS = "tbody tr"


def test_tickets_are_picked_by_key_keep_picked_through_a_live_update_and_are_taken(desk: Process, enter: Enter) -> None:
    for place in (1, 2, 3):
        alarm(desk, node=f"edge-{place}")
    page = enter()
    take = page.locator("#bulk [value=take]")
    expect(take).to_be_disabled()  # nothing is picked yet
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("#chosen")).to_contain_text("Отмечено: 2")
    alarm(desk, node="edge-4")  # the rows are put in again
    expect(page.locator(ROWS)).to_have_count(4, timeout=SECONDS)
    expect(page.locator("[name=pick]:checked")).to_have_count(2)
    expect(page.locator("[data-row]:focus")).to_have_text("edge-2 не отвечает")  # so has the focus
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("x")  # not this one
    page.keyboard.press("t")
    expect(page.locator(".results")).to_contain_text("Взято в работу 2 билета.", timeout=SECONDS)
    for place, owner in enumerate(("Aigerim", "Aigerim", "не назначен", "не назначен"), start=1):
        expect(page.locator(f"{ROWS}:has([href='/ticket/{place}'])")).to_contain_text(owner)


def test_what_changed_after_it_was_picked_is_refused_and_the_rest_is_resolved(desk: Process, enter: Enter) -> None:
    for place in (1, 2):
        alarm(desk, node=f"edge-{place}")
    page, other = enter("Aigerim"), enter("Daniyar")
    page.check("label:has([data-all]) input")
    expect(page.locator("#chosen")).to_contain_text("Отмечено: 2")
    other.goto("/ticket/1")
    other.keyboard.press("t")
    expect(page.locator("#chosen")).to_contain_text("изменились после отметки: 1", timeout=SECONDS)
    page.keyboard.press("r")
    page.keyboard.type("заменили коммутатор, t r x")  # letters in a field are letters
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    told = page.locator(".results")
    expect(told).to_contain_text("Решён 1 билет. 2", timeout=SECONDS)
    expect(told).to_contain_text("1: билет изменился, пока вы его смотрели")
    expect(page.locator(f"{ROWS}:has([href='/ticket/1'])")).to_contain_text("в работе")
    expect(page.locator(f"{ROWS}:has([href='/ticket/1'])")).to_contain_text("Daniyar")


def test_all_on_the_page_are_taken_without_scripts(desk: Process, enter: Enter) -> None:
    for place in (1, 2):
        alarm(desk, node=f"edge-{place}")
    page = enter(java_script_enabled=False)
    page.check("[name=all]")
    page.click("#bulk [value=take]")
    expect(page.locator(".results")).to_contain_text("Взято в работу 2 билета.")


def test_the_queue_goes_on_without_event_streams(desk: Process, enter: Enter) -> None:
    page = enter()
    page.add_init_script("delete window.EventSource")
    page.goto("/")
    assert page.evaluate("'EventSource' in window") is False
    alarm(desk)
    expect(page.locator("[data-row]")).to_have_text("edge-1 не отвечает", timeout=SECONDS)
