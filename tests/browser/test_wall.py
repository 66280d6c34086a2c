"""The wall in a browser: it goes from view to view, and a dead desk is louder than everything on it."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.test_ticket_life import WEBHOOK
from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification

WALL = {"width": 1920, "height": 1080}
STEP = 2_000  # milliseconds of the page's time
REAL = 300  # milliseconds in which the page may come to it


def pass_until(page: Page, reached: Callable[[], None]) -> None:
    """Let the page's time pass, a step at a time: what it asks of the desk takes real time."""
    for _ in range(60):
        page.clock.run_for(STEP)
        try:
            return reached()
        except AssertionError:
            continue
    return reached()


def test_it_moves_on_by_itself_and_shows_a_new_ticket(desk: Process, enter: Enter) -> None:
    page = enter(viewport=WALL)
    page.clock.install()
    page.goto("/wall")
    for name in ("map", "tickets", "busy", "figures"):
        next_view = page.locator(f"#live.{name}")
        pass_until(page, lambda: expect(next_view).to_be_visible(timeout=REAL))  # noqa: B023 - called at once
    with desk.client() as machine:
        machine.post(WEBHOOK, json=notification(alert(severity="critical"))).raise_for_status()
    critical = page.locator(".open .critical")
    pass_until(page, lambda: expect(critical).to_be_visible(timeout=REAL))


def test_a_dead_desk_is_loud_and_counted_until_it_is_back(desk: Process, enter: Enter) -> None:
    page = enter(viewport=WALL, reduced_motion="reduce")
    page.clock.install()
    page.goto("/wall?views=tickets")
    lost = page.locator("#lost")
    expect(lost).to_be_hidden()
    desk.kill()
    pass_until(page, lambda: expect(lost).to_be_visible(timeout=REAL))
    expect(lost).to_contain_text(re.compile(r"НЕТ СВЯЗИ.* 00:00:[1-5]\d"))
    page.clock.run_for(120_000)
    expect(page.locator("#lost-for")).to_have_text(re.compile(r"00:0[2-4]:"))
    desk.start()
    pass_until(page, lambda: expect(lost).to_be_hidden(timeout=REAL))


def test_without_scripts_it_goes_on_as_well(desk: Process, enter: Enter) -> None:
    page = enter()
    cookies = page.context.storage_state()
    browser = page.context.browser
    assert browser
    context = browser.new_context(base_url=desk.url, java_script_enabled=False, storage_state=cookies)
    plain = context.new_page()
    plain.goto("/wall?views=tickets,map&seconds=5")
    plain.wait_for_url("**view=map**")
    plain.wait_for_selector(".view.map")
    context.close()


def test_everything_fits_the_screen(desk: Process, enter: Enter) -> None:
    with desk.client() as machine:
        for number in range(20):
            body = notification(alert(f"edge-{number}", severity="minor"))
            machine.post(WEBHOOK, json=body).raise_for_status()
    page = enter(viewport=WALL)
    for name in ("figures", "map", "tickets", "busy"):
        page.goto(f"/wall?view={name}")
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [WALL["width"], WALL["height"]], name
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('.view :is(b, h1, h2, .amount, .severity, .left)')]"
            ".filter((each) => each.offsetParent).map((each) => parseFloat(getComputedStyle(each).fontSize)))"
        )
        assert smallest >= 24, name
    hidden = page.locator(".urgent li").last
    page.goto("/wall?view=tickets")
    box = hidden.bounding_box()
    assert box
    assert box["y"] + box["height"] <= WALL["height"]
