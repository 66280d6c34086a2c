"""A real desk, a real browser, and the engine that finds what bars people from a page."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.core.database import Database
from tests.conftest import ROOT
from tests.contract.desk.conftest import Process

PASSWORD = "correct horse battery"
HASH = secrets.hash_password(PASSWORD)
PEOPLE = ("Aigerim", "Daniyar")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = Path(__file__).parent
SECONDS = 10_000  # milliseconds that an expectation may take


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=program, args=ARGUMENTS)) as browser,
    ):
        yield browser


def people(desk: Process) -> None:
    """Add the engineers of this desk."""
    database = Database(f"sqlite:///{desk.folder / 'desk.db'}")
    with database.write() as connection:
        for name in PEOPLE:
            access.add_account(connection, Principal(name, "engineer", "ru"), HASH, datetime.now(UTC))
    database.dispose()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    vendor = '[[vendor]]\nname = "Edge Ltd"\nmail = "support@edge.example"\n'
    process = Process(tmp_path, f'watchdog = ""\n{vendor}')
    people(process)
    process.start()
    yield process
    if process.running:
        process.stop()
    assert '"level": "error"' not in process.log


def log_in(page: Page, name: str, password: str) -> None:
    """Log a person in and wait for the queue."""
    page.goto("/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_selector("#live")


def add_administrator(desk: Process, name: str = "Dana") -> None:
    """Add somebody who may see every page of the settings."""
    database = Database(f"sqlite:///{desk.folder / 'desk.db'}")
    with database.write() as connection:
        access.add_account(connection, Principal(name, "administrator", "ru"), HASH, datetime.now(UTC))
    database.dispose()


Enter = Callable[..., Page]


@pytest.fixture
def enter(chromium: Browser, desk: Process) -> Iterator[Enter]:
    """Open a browser of its own for a person who is logged in; a script error there fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_(name: str = PEOPLE[0], language: str = "ru", **options: object) -> Page:
        context = chromium.new_context(base_url=desk.url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(SECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, name, PASSWORD)
        if language == "en":
            page.click("text=English")
            page.wait_for_selector("html[lang=en]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, installed once for its lock file."""
    folder = ROOT / ".run" / "axe"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / "package-lock.json").read_bytes()
        copy = folder / "package-lock.json"
        source = folder / "node_modules" / "axe-core" / "axe.min.js"
        if not source.is_file() or copy.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, folder / name)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stderr
        return source.read_text("utf-8")
