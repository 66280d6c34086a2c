"""The mosaic of two hundred channels: when a browser paints it, and what twenty watchers cost the desk.

A real desk in its own process; Prometheus and an agent whose pictures of some 10 kB are new at every round are
stand-ins in this one. Chromium opens the page a few times; then so many watchers ask for the page's part and for the
pictures at the page's own rhythm, and the desk's processor time is taken as a share of one core, less what the same
desk took just before with nobody watching. Prints one JSON object; exit status 1 past the bounds.

    python -m bench.mosaic [--channels 200] [--watchers 20] [--seconds 60]
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
import psutil
from playwright.sync_api import sync_playwright

from agent.sources.picture.kept import Kept, Picture
from alerts.desk.console.channels.album import PERIOD
from alerts.desk.console.channels.routes import PAGE_PERIOD
from bench.console_load import log_in
from bench.desk_delay import NAME, PASSWORD
from tests.browser.conftest import ARGUMENTS
from tests.contract.desk.conftest import Process
from tests.support.mosaic import TOKEN, Platform, served, thumbnail

PAINT_BOUND, SHARE_BOUND = 1.0, 0.02  # seconds; of one core
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_LOADED = "[...document.querySelectorAll('.thumb img')].filter((each) => each.naturalWidth).length === {}"


def platform(channels: int) -> Platform:
    """Return a platform of so many channels, of which every twentieth is faulty."""
    found = Platform()
    images = [thumbnail(shade) for shade in range(0, 200, 10)]
    noise = np.random.default_rng(7)
    for number in range(channels):
        # As large as a picture of a film: the agent's own are 8 to 14 kB.
        image = images[number % len(images)] + noise.bytes(8000)
        found.channel(f"channel-{number:03}", 1000 / (number + 1), image, time.time(), stream=1, multicast=1)
        if number % 20 == 0:
            found.fault(f"channel-{number:03}", "PictureBlack", "major", delivery="stream")
    return found


def moving(found: Platform, stopped: threading.Event) -> None:
    """Give every channel a new picture now and then, as channels do."""
    while not stopped.wait(2.0):
        for way, kept in list(found.kept.items()):
            found.kept[way] = Kept([Picture(time.time(), kept.last[-1].image)], kept.faults)


def painted(desk: Process, channels: int, times: int) -> dict[str, float]:
    """Return the seconds to the first paint, and until every picture is there."""
    firsts, alls = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        context = browser.new_context(base_url=desk.url, viewport={"width": 1920, "height": 1080})
        page = context.new_page()
        page.goto("/login")
        page.fill("[name=name]", NAME)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#live")
        for _ in range(times):
            began = time.monotonic()
            page.goto("/channels")
            while not page.evaluate(_LOADED.format(channels)):  # the page's policy forbids Playwright's own waiting
                page.wait_for_timeout(10)
            alls.append(time.monotonic() - began)
            firsts.append(page.evaluate(_PAINTED) / 1000)
        browser.close()
    return {"first_paint_seconds": median(firsts), "worst": max(firsts), "all_pictures_seconds": median(alls)}


async def watch(url: str, cookie: str, phase: float, ends: float, received: list[int]) -> None:
    """Ask as one page does: for its part and for the pictures, each at its own rhythm."""

    async def rhythm(period: float, ask: Callable[[], Awaitable[None]]) -> None:
        due = time.monotonic() + phase * period
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await ask()
            due += period

    async with httpx.AsyncClient(base_url=url, headers={"Cookie": cookie}, timeout=30) as client:
        mark = ""

        async def part() -> None:
            answer = await client.get("/channels/part")
            answer.raise_for_status()
            received[0] += len(answer.content)

        async def pictures() -> None:
            nonlocal mark
            answer = await client.get("/channels/pictures", params={"mark": mark})
            received[1] += len(answer.content)
            mark = answer.headers.get("X-Pictures-Mark", mark)

        await asyncio.gather(rhythm(PAGE_PERIOD, part), rhythm(PERIOD, pictures))


async def watchers(url: str, cookie: str, number: int, ends: float, received: list[int] | None = None) -> None:
    """Let so many watch; add the bytes of parts and of pictures to `received`."""
    received = [0, 0] if received is None else received
    await asyncio.gather(*(watch(url, cookie, place / number, ends, received) for place in range(number)))


def share(process: psutil.Process, what: Callable[[], object]) -> float:
    """Return the share of a core that a process takes while something is done."""
    before, began = process.cpu_times(), time.monotonic()
    what()
    after, passed = process.cpu_times(), time.monotonic() - began
    return (after.user + after.system - before.user - before.system) / passed


def measure(channels: int, number: int, seconds: float) -> dict[str, Any]:
    """Return the figures."""
    os.environ["AGENTS"] = TOKEN
    found, stopped = platform(channels), threading.Event()
    thread = threading.Thread(target=moving, args=[found, stopped], daemon=True)
    thread.start()
    with tempfile.TemporaryDirectory() as folder, served(found) as address:
        settings = f'watchdog = ""\nprometheus = "{address}"\n[pictures]\ntoken = {{ env = "AGENTS" }}\n'
        desk = Process(Path(folder), settings)
        desk.run("account", "create", "--role", "viewer", "--name", NAME, stdin=f"{PASSWORD}\n")
        desk.start()
        try:
            result: dict[str, Any] = {"channels": channels, "watchers": number} | painted(desk, channels, 5)
            cookie, process = log_in(desk.url), psutil.Process(desk.running.pid if desk.running else None)
            time.sleep(5)
            idle = share(process, lambda: time.sleep(seconds / 2))
            asyncio.run(watchers(desk.url, cookie, number, time.monotonic() + 10))
            received = [0, 0]
            whole = share(
                process,
                lambda: asyncio.run(watchers(desk.url, cookie, number, time.monotonic() + seconds, received)),
            )
        finally:
            desk.stop()
            stopped.set()
    result["share_of_a_core"], result["share_with_nobody_watching"] = round(whole - idle, 4), round(idle, 4)
    result["megabytes_of_parts"], result["megabytes_of_pictures"] = (size / 1e6 for size in received)
    return result


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    result = measure(options.channels, options.watchers, options.seconds)
    print(json.dumps(result, indent=2))
    return int(result["first_paint_seconds"] > PAINT_BOUND or result["share_of_a_core"] > SHARE_BOUND)


if __name__ == "__main__":
    sys.exit(main())
