"""The charts on a ticket's page: fetched after it, kept through live updates, a link without scripts, open to all."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SECONDS, Enter, people
from tests.browser.test_accessibility import SIZES, violations
from tests.browser.test_ticket_life import START, alarm, press, state
from tests.contract.desk.conftest import Process
from tests.contract.web import web


class Prometheus(BaseHTTPRequestHandler):
    """Says that the node was there until the alarm began."""

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        if "start" in asked:
            start, end = (int(float(asked[name][0])) for name in ("start", "end"))
            values = [[at, str(int(at < START.timestamp()))] for at in range(start, end + 1, 30)]
            data = {"resultType": "matrix", "result": [{"metric": {"node": "edge-1"}, "values": values}]}
        else:
            data = {"resultType": "vector", "result": []}
        answer = json.dumps({"status": "success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def prometheus() -> Iterator[str]:
    with web(Prometheus) as address:
        yield f"http://{address}"


@pytest.fixture
def desk(tmp_path: Path, prometheus: str) -> Iterator[Process]:
    process = Process(tmp_path, f'watchdog = ""\nprometheus = "{prometheus}"\n')
    people(process)
    process.start()
    yield process
    process.stop()


def test_charts_come_after_the_page_and_stay_through_a_live_update(desk: Process, enter: Enter) -> None:
    alarm(desk)
    page = enter()
    page.goto("/ticket/1")
    picture = page.locator("#charts svg")
    expect(picture).to_have_attribute("aria-label", "Значение, за которым следит правило: значение 0", timeout=SECONDS)
    expect(page.locator("#charts code")).to_have_text("up")
    picture.evaluate("each => { each.dataset.same = 'yes' }")
    press(page, "t")  # a new page, with a picture of its own
    state(page, "в работе")
    expect(picture).not_to_have_attribute("data-same", "yes", timeout=SECONDS)
    picture.evaluate("each => { each.dataset.same = 'yes' }")
    other = enter("Daniyar")
    other.goto("/ticket/1")
    press(other, "t")
    expect(page.locator(".chips")).to_contain_text("Daniyar", timeout=SECONDS)
    expect(picture).to_have_attribute("data-same", "yes")  # not fetched again, not gone


def test_without_scripts_a_link_leads_to_the_charts(desk: Process, enter: Enter) -> None:
    alarm(desk)
    page = enter(java_script_enabled=False)
    page.goto("/ticket/1")
    page.click("#charts a")
    expect(page.locator("#charts svg")).to_be_visible()
    page.click("main a >> text=Аварийный билет № 1")
    expect(page.locator("#status")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_charts(
    desk: Process, enter: Enter, axe: str, colours: Literal["light", "dark"]
) -> None:
    alarm(desk)
    page = enter(color_scheme=colours)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        for path in ("/ticket/1", "/ticket/1/charts"):
            page.goto(path)
            page.wait_for_selector("#charts svg")
            assert violations(page, axe) == [], f"{path} {width}×{height}"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} {width}"
