"""All pictures of the documentation, taken from one running demo: the console's pages and the dashboards.

`python -m demo.screenshots [FOLDER]` starts a demo of its own, lets its channels stand still for a while, breaks an
edge, works a little on its ticket as an engineer would, and takes the pictures. It needs what the tests need: Debian's
chromium, Node.js with npm, and the development environment.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from demo.layout import ORIGIN, REPOSITORY
from demo.processes import DemoError
from demo.stack import OPERATOR, Stack

IMAGES = REPOSITORY / "docs" / "images"
SETTLED = 150.0  # seconds after which rates, sessions and probes have something to say
GATHERED = 60.0  # seconds after which the effects of a cause are under it
STALLED, BROKEN = "packager", "edge-2"  # the first is repaired again, so the queue has both kinds of tickets
LAPTOP, WALL, PHONE = (1280, 800), (1920, 1080), (390, 844)
PICTURE = 1440  # pixels, the width of a dashboard's picture
TICKET = 60_000  # milliseconds

Colours = Literal["light", "dark"]


def take(stack: Stack, browser: Browser, folder: Path) -> Iterator[Path]:
    """Take every picture and yield where it is."""
    with _person(stack, browser, LAPTOP) as page:
        stack.break_(STALLED)
        page.locator("tr", has_text=ORIGIN.name).first.wait_for(timeout=TICKET)
        time.sleep(GATHERED)
        cause = page.locator("tr", has_text="Процесс").locator("[data-row]").first.get_attribute("href") or "/"
        yield _shot(page, "/map", folder / "console-map-ru.png", whole=True)
        page.set_viewport_size({"width": LAPTOP[0], "height": 1400})
        yield _shot(page, cause, folder / "console-cause-ru.png", ready=".chart svg")
        page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
        page.goto("/")
        stack.repair(STALLED)
        page.locator("tr", has_text=ORIGIN.name).locator("text=решён").first.wait_for(timeout=TICKET)
        stack.break_(BROKEN)
        row = page.locator("tr", has_text=f"Узел {BROKEN}").locator("[data-row]").first
        row.wait_for(timeout=TICKET)
        row.click()
        page.wait_for_url("**/ticket/*")  # keys work once the page has loaded
        page.keyboard.press("t")
        page.wait_for_selector("text=в работе")
        page.keyboard.press("n")
        page.keyboard.type("Питание стойки пропало, дежурная бригада выехала.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Питание стойки пропало")
        ticket = page.url
        yield _shot(page, "/", folder / "console-queue-ru.png")
        yield _shot(page, "/overview", folder / "console-overview-ru.png", whole=True)
        yield _shot(page, "/busy-hour", folder / "console-busy-hour-ru.png")
        page.set_viewport_size({"width": LAPTOP[0], "height": 1100})
        yield _shot(page, ticket, folder / "console-ticket-ru.png", ready=".chart svg")
    with _person(stack, browser, LAPTOP, "dark", "en") as page:
        yield _shot(page, "/overview", folder / "console-overview-en-dark.png", whole=True)
    with _person(stack, browser, WALL, "dark") as page:
        yield _shot(page, "/wall", folder / "console-wall-ru.png")
    with _person(stack, browser, PHONE, "dark") as page:
        yield _shot(page, "/", folder / "console-phone-ru.png")


def _shot(page: Page, address: str, file: Path, *, whole: bool = False, ready: str = "main") -> Path:
    answer = page.goto(address)
    if answer is None or not answer.ok:
        raise DemoError(f"{address} cannot be shown: {answer.status if answer else 'no answer'}")
    page.wait_for_selector(ready)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=file, full_page=whole)
    return file


@contextmanager
def _person(
    stack: Stack, browser: Browser, size: tuple[int, int], colours: Colours = "light", language: str = "ru"
) -> Iterator[Page]:
    width, height = size
    opened = browser.new_context(
        base_url=stack.layout.url("desk"),
        viewport={"width": width, "height": height},
        color_scheme=colours,
        timezone_id="Asia/Almaty",
        reduced_motion="reduce",
    )
    with closing(opened) as context:
        page = context.new_page()
        page.goto("/login")
        page.fill("[name=name]", OPERATOR)
        page.fill("[name=password]", stack.password)
        page.keyboard.press("Enter")
        page.wait_for_selector("#live")
        if page.get_attribute("html", "lang") != language:
            page.click("button[name=language]")
            page.wait_for_selector(f"html[lang={language}]")
        yield page


def main() -> int:
    """Start a demo, take the pictures, stop it."""
    parser = argparse.ArgumentParser("python -m demo.screenshots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium")
    if program is None:
        print("demo: chromium is missing; apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home, Stack(Path(home) / "stack") as stack, sync_playwright() as playwright:
        print(f"· {SETTLED:.0f} s until every figure is there", flush=True)
        time.sleep(SETTLED)
        with closing(playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])) as browser:
            for file in take(stack, browser, folder):
                print(file, flush=True)
        return dashboards(stack, folder)


def dashboards(stack: Stack, folder: Path) -> int:
    """Draw every dashboard in English, and in Russian what the documentation shows in Russian; 1 if one has a fault."""
    english, russian = ["--language", "en"], ["--language", "ru", "--dashboard", "platform"]
    command = [
        sys.executable,
        "-m",
        "dashboards.preview",
        str(folder),
        "--prometheus-url",
        stack.layout.url("prometheus"),
    ]
    status = 0
    for chosen in (english, russian):  # a program of its own, because this one runs the browser's other driver
        drawn = subprocess.run([*command, *chosen, "--since", "10m", "--width", str(PICTURE)], check=False, timeout=600)
        status = status or drawn.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
