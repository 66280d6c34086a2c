"""The pages of billing, with a case that is being corrected and a month with late days: they bar nobody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Route

from alerts.desk.billing import rounds
from alerts.desk.console.billing.today import Billings, Today
from alerts.desk.console.shared import Shared
from alerts.desk.tickets.runtime import Runtime
from tests.browser.test_accessibility import SIZES, violations
from tests.unit.desk.billing.counted import Agent
from tests.unit.desk.console.test_billing import DAYS, FIGURES, SETTINGS
from tests.unit.desk.console.test_billing_report import Prometheus
from tests.unit.desk.console_desk import NOON, Hall, hall

ADDRESS = "http://desk.invalid"
PAGES = ("/billing", "/billing/case/1", "/billing/report")


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """A thread for the desk of this process: the browser's driver has this thread's event loop."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: ThreadPoolExecutor) -> Iterator[Hall]:
    with hall(tmp_path, billing=SETTINGS) as result:
        answers = Prometheus(result.runtime.settings.zone)
        monkeypatch.setattr(Runtime, "prometheus", lambda _runtime, _http: answers)
        elsewhere.submit(fill, result).result()
        yield result


def fill(desk: Hall) -> None:
    """Let a billing be incomplete, and its case be corrected for an hour and a half."""
    known = Billings([Today("mobile", FIGURES)], {"mobile": DAYS}, [("mobile", "twins", "view_missing")])
    desk.machine.app.state.billings = Shared(lambda: known, 15.0, 120.0)
    desk.alarm(alertname="BillingIncomplete", service="mobile")
    rounds.open_cases(desk.runtime.desk)
    for minutes, done in ((5, 0), (60, 960), (90, 1162)):
        desk.now = NOON + timedelta(minutes=minutes)
        stages = {name: {"required": 1200, "done": done, "twice": 37} for name in ("charged", "refunded")}
        agent = Agent(desk.now, NOON - timedelta(minutes=30), stages=stages)
        rounds.take_over(desk.runtime.desk, SETTINGS, lambda agent=agent: agent)  # type: ignore[misc]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious(
    desk: Hall, chromium: Browser, axe: str, elsewhere: ThreadPoolExecutor, colours: Literal["light", "dark"]
) -> None:
    who = desk.person("administrator", language="ru")

    def answer(route: Route) -> None:
        got = elsewhere.submit(who.get, route.request.url.removeprefix(ADDRESS)).result()
        route.fulfill(status=got.status_code, body=got.content, content_type=got.headers.get("content-type", ""))

    with closing(chromium.new_context(base_url=ADDRESS, color_scheme=colours)) as context:
        context.route("**/*", answer)
        page = context.new_page()
        for path in PAGES:
            opened = page.goto(path)
            assert opened
            assert opened.status == 200, path
            assert page.evaluate("document.styleSheets.length") > 0, path
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            for width, height in SIZES.values():
                page.set_viewport_size({"width": width, "height": height})
                assert violations(page, axe) == [], f"{path} {width}×{height}"
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} {width}"
