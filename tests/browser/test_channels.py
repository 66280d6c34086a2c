"""The mosaic in a browser: pictures arrive in one answer, stay while the page renews itself, and bar nobody."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter, people
from tests.browser.test_accessibility import SIZES, violations
from tests.contract.desk.conftest import Process
from tests.support.mosaic import TOKEN, Platform, served, thumbnail

CHANNELS = 30


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    monkeypatch.setenv("AGENTS", TOKEN)
    platform = Platform()
    image = thumbnail(0)
    for number in range(CHANNELS):
        platform.channel(f"channel-{number}", number, image, time.time(), stream=1)
    platform.fault("channel-7", "PictureBlack", "major", delivery="stream")
    with served(platform) as address:
        process = Process(
            tmp_path, f'watchdog = ""\nprometheus = "{address}"\n[pictures]\ntoken = {{ env = "AGENTS" }}\n'
        )
        people(process)
        process.start()
        yield process
        if process.running:
            process.stop()


def until_loaded(page: Page) -> None:
    """Wait for the pictures; the page's policy forbids Playwright's own way to wait for an expression."""
    deadline = time.monotonic() + 60
    while not page.evaluate("[...document.querySelectorAll('.thumb img')].every((each) => each.naturalWidth === 320)"):
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_pictures_arrive_and_the_pages_bar_nobody(desk: Process, enter: Enter, axe: str) -> None:
    page = enter()
    page.goto("/channels")
    expect(page.locator(".thumb img")).to_have_count(CHANNELS, timeout=60_000)
    until_loaded(page)
    page.evaluate("document.querySelector('#live').dataset.old = 'yes'")
    expect(page.locator("#live[data-old]")).to_have_count(0, timeout=60_000)  # the part was replaced
    until_loaded(page)
    expect(page.locator("#wrong ~ ul li b")).to_contain_text("channel-7")
    for path in ("/channels", "/wall?views=channels", "/channels/one?name=channel-7"):
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path)
            assert violations(page, axe) == [], f"{path} {width}×{height}"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} {width}"
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto("/wall?views=channels")
    expect(page.locator(".large .thumb img")).to_have_count(1, timeout=60_000)
    words = "[...document.querySelectorAll('.screen b, .large .said')]"
    sizes = page.evaluate(f"{words}.map((each) => parseFloat(getComputedStyle(each).fontSize))")
    assert min(sizes) >= 24
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
