"""No page bars anybody: axe-core finds nothing serious, by day and by night, on a desk and on a phone."""

from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from alerts.desk.console.wall.routes import VIEWS
from tests.browser.conftest import Enter, add_administrator
from tests.browser.test_ticket_life import WEBHOOK
from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification

WALL = [f"/wall?view={view}" for view in VIEWS]
SIZES = {"desk": (1280, 720), "wall": (1920, 1080), "phone": (390, 844)}


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def fill(desk: Process) -> None:
    with desk.client() as machine:
        for severity in ("critical", "major", "minor", "unheard-of"):
            body = notification(alert(severity, severity=severity))
            machine.post(WEBHOOK, json=body).raise_for_status()


def test_axe_finds_what_is_planted(desk: Process, enter: Enter, axe: str) -> None:
    page = enter()
    page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert "label" in violations(page, axe)[0]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious(desk: Process, enter: Enter, axe: str, colours: Literal["light", "dark"]) -> None:
    fill(desk)
    page = enter(color_scheme=colours)
    for path in ("/", "/ticket/1", "/?site=nowhere", "/ticket/999", "/overview", *WALL):
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path)
            if path == "/ticket/1":
                page.keyboard.press("h")
            assert violations(page, axe) == [], f"{path} {width}×{height}"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} {width}"
    page.goto("/")
    page.keyboard.press("?")
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    page.click("text=Выйти")
    page.wait_for_url("**/login")
    assert violations(page, axe) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_settings(
    desk: Process, enter: Enter, axe: str, colours: Literal["light", "dark"]
) -> None:
    add_administrator(desk)
    page = enter("Dana", color_scheme=colours)
    for path in ("", "/roles", "/policies", "/accounts", "/accounts/1", "/tokens", "/targets", "/audit"):
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"/settings{path}")
            for closed in page.query_selector_all("details"):
                closed.evaluate("each => { each.open = true; }")
            assert violations(page, axe) == [], f"{path} {width}×{height}"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} {width}"
