"""The map and planned works in a browser: nothing bars anybody, and works are planned and extended by keyboard."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.test_accessibility import SIZES, violations
from tests.contract.desk.conftest import Process

TOPOLOGY = """
[[site]]
name = "almaty"

[[element]]
name = "uplink-almaty"
kind = "uplink"
site = "almaty"

[[feeds]]
from = "uplink-almaty"
to = ["site:almaty"]
"""


def test_map_and_works_bar_nobody_and_work_by_keyboard(desk: Process, enter: Enter, axe: str) -> None:
    desk.stop()
    (desk.folder / "topology.toml").write_text(TOPOLOGY, "utf-8")
    desk.config.write_text('topology = "topology.toml"\n' + desk.config.read_text("utf-8"), "utf-8")
    desk.start()
    page = enter(color_scheme="dark")

    page.goto("/works/new")
    begin = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    page.fill("[name=title]", "Замена линейной карты")
    page.select_option("[name=elements]", "uplink-almaty")
    page.fill("[name=time_zone]", "UTC")
    page.fill("[name=starts]", f"{begin:%Y-%m-%dT%H:%M}")
    page.fill("[name=ends]", f"{begin + timedelta(hours=9):%Y-%m-%dT%H:%M}")
    page.fill("[name=approver]", "Айгерим")
    page.keyboard.press("Enter")
    page.wait_for_url("**/works/1")
    expect(page.locator(".chips .state")).to_contain_text("идут")

    page.locator("#do-extend summary").focus()
    page.keyboard.press("Enter")
    page.fill("[name=ends]", f"{begin + timedelta(hours=12):%Y-%m-%dT%H:%M}")
    page.keyboard.press("Enter")
    expect(page.locator("#do-extend [name=ends]")).to_have_value(f"{begin + timedelta(hours=13):%Y-%m-%dT%H:%M}")

    page.goto("/map")
    box = page.locator("svg a[aria-label^='uplink-almaty']")
    expect(box).to_contain_text("плановые работы 1")
    box.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/works/1")

    for path in ("/map", "/map?site=almaty", "/works", "/works/1", "/works/new"):
        for name in ("desk", "phone"):
            width, height = SIZES[name]
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path)
            assert violations(page, axe) == [], f"{path} {name}"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} {name}"
