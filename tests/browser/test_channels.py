"""The mosaic in a browser: pictures arrive in one answer, stay while the page renews itself, and bar nobody."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

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
    side_by_side(platform, "channel-8", time.time())
    with served(platform) as address:
        process = Process(
            tmp_path, f'watchdog = ""\nprometheus = "{address}"\n[pictures]\ntoken = {{ env = "AGENTS" }}\n'
        )
        people(process)
        process.start()
        yield process
        if process.running:
            process.stop()


def side_by_side(platform: Platform, channel: str, now: float) -> None:
    """Let a channel come by multicast and in three renditions, of which the second has stood still for three hours."""
    platform.measured(channel, "ott_ts_up", 1)
    platform.measured(channel, "ott_ts_bit_rate_bits_per_second", 8.1e6)
    for prefix, age, up, labels in (
        ("ott_stream_", 3, 1, {}),
        ("ott_stream_rendition_", 3, 1, {"rendition": "variant 1 (800000 bit/s, 640x360)"}),
        ("ott_stream_rendition_", 3 * 3600, 0, {"rendition": "variant 2 (2500000 bit/s, 1280x720)"}),
        ("ott_stream_rendition_", 4, 1, {"rendition": "variant 3 (5000000 bit/s, 1920x1080)"}),
    ):
        platform.measured(channel, f"{prefix}up", up, **labels)
        platform.measured(channel, f"{prefix}advanced_timestamp_seconds", now - age, **labels)
        platform.measured(channel, f"{prefix}segment_download_seconds", 0.4, **labels)
        platform.measured(channel, f"{prefix}segment_duration_seconds", 6, **labels)


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


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_channels_page_shows_which_rendition_breaks(
    desk: Process, enter: Enter, axe: str, colours: Literal["light", "dark"]
) -> None:
    page = enter(language="en", color_scheme=colours)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/channels/one?name=channel-8")
        ways = page.locator("table.ways")
        expect(ways.locator("thead th")).to_have_count(5, timeout=60_000)
        heads = ways.locator("thead th").all_inner_texts()
        assert [head.split("\n")[-1].partition(" (")[0] for head in heads] == [
            "probe-1",
            "probe-1",
            "variant 1",
            "variant 2",
            "variant 3",
        ]
        arrives = ways.locator("tbody tr").filter(has=page.get_by_role("rowheader", name="Arrives")).locator("td")
        assert [cell.get_attribute("class") for cell in arrives.all()] == ["well", "well", "well", "bad", "well"]
        assert [text[0] for text in arrives.all_inner_texts()] == ["✓", "✓", "✓", "✕", "✓"]  # not by colour alone
        segment = ways.locator("tbody tr").filter(has=page.get_by_role("rowheader", name="New segment")).locator("td")
        assert [text.startswith("3 h") for text in segment.all_inner_texts()] == [False, False, False, True, False]
        # What is wider than the window scrolls by itself, and the broken column can be brought into view.
        arrives.nth(3).scroll_into_view_if_needed()
        box = arrives.nth(3).bounding_box()
        assert box is not None
        assert 0 <= box["x"] < width
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{width}×{height}"
        assert violations(page, axe) == [], f"{width}×{height}"
