"""Dashboards drawn in a headless Chromium, side by side."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, Route, async_playwright

from dashboards.preview.bundle import PreviewError, bundle

Json = dict[str, Any]
Colours = Literal["dark", "light"]

# Served from nowhere but here: a page with an address may use the browser's storage, as Grafana's components do.
_ADDRESS = "http://preview.invalid/"
_HTML = """<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="preview.css"></head>
<body><div id="page"></div><script src="preview.js"></script></body></html>"""
_ICONS = "public/build/img/icons/"  # where Grafana's components look for them
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]
_SCREEN, _HEAD, _ROW = 1080, 80, 38  # pixels: a screen, what is above the grid, a row of it
_PATIENCE = 60_000  # milliseconds for one page


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture to draw: a dashboard, what a Prometheus answered, and how it is shown."""

    board: Json
    recording: Json
    colours: Colours = "dark"
    width: int = 1920
    picture: Path | None = None

    @property
    def name(self) -> str:
        """Return the uid with what distinguishes this picture of the dashboard from its others."""
        return f"{self.board['uid']} ({self.colours}, {self.width} wide)"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with what is drawn, and what to do about it."""

    sheet: str
    panel: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.sheet}: {self.panel}: {self.fault}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of one sheet."""

    sheet: Sheet
    panels: Sequence[Json]  # id, type and by what each was drawn
    findings: Sequence[Finding]


def draw(sheets: Iterable[Sheet], *, side_by_side: int = 2) -> list[Drawn]:
    """Draw every sheet and return what was found; write the picture of each that names a file."""
    return asyncio.run(_draw(list(sheets), side_by_side))


async def _draw(sheets: list[Sheet], side_by_side: int) -> list[Drawn]:
    script = bundle()
    waiting = iter(enumerate(sheets))
    results: dict[int, Drawn] = {}

    async def work(browser: Browser) -> None:
        async with _page(browser, script) as page:
            for at, sheet in waiting:
                results[at] = await _one(page, sheet)

    async with async_playwright() as playwright:
        program = shutil.which("chromium")
        if program is None:
            raise PreviewError("chromium is missing: apt-get install chromium")
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            await asyncio.gather(*(work(browser) for _ in range(side_by_side)))
        finally:
            await browser.close()
    return [results[at] for at in sorted(results)]


@asynccontextmanager
async def _page(browser: Browser, script: Path) -> AsyncIterator[Page]:
    context = await browser.new_context(reduced_motion="reduce", locale="en-GB")
    errors: list[str] = []

    async def serve(route: Route) -> None:
        name = route.request.url.removeprefix(_ADDRESS)
        if name in {"preview.js", "preview.css"}:
            await route.fulfill(path=script / name)
        elif name.startswith(_ICONS):
            await route.fulfill(path=script / "icons" / name.removeprefix(_ICONS), content_type="image/svg+xml")
        elif name:
            await route.abort()
        else:
            await route.fulfill(body=_HTML, content_type="text/html")

    try:
        await context.route("**/*", serve)
        page = await context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(_ADDRESS)
        if errors:
            raise PreviewError(f"the bundle does not run: {errors[0]}")
        yield page
    finally:
        await context.close()


async def _one(page: Page, sheet: Sheet) -> Drawn:
    # As high as the page, because a table draws only the rows that are in view.
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in sheet.board["panels"])
    await page.set_viewport_size({"width": sheet.width, "height": max(_SCREEN, _HEAD + rows * _ROW)})
    asked = {"board": sheet.board, "recording": sheet.recording, "colours": sheet.colours, "width": sheet.width}
    # As one text: the driver takes far longer over every number by itself.
    panels = await page.evaluate("asked => window.preview.draw(JSON.parse(asked))", json.dumps(asked))
    found = await page.evaluate("() => window.preview.findings()")
    if sheet.picture:
        await page.screenshot(path=sheet.picture, full_page=True)
    return Drawn(sheet, panels, [Finding(sheet.name, one["panel"], one["fault"], one["remedy"]) for one in found])
