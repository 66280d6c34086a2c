"""Consoles hear of every change, whichever desk made it, and do not keep a desk from stopping."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Queue

import httpx
import pytest

from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.broadcast import PERIOD
from tests.contract.desk.conftest import Process, serving
from tests.contract.desk.payloads import alert, notification

PASSWORD = "correct horse battery"


def log_in(url: str) -> httpx.Client:
    browser = httpx.Client(base_url=url, follow_redirects=True, timeout=20)
    form = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)
    assert form
    answer = browser.post("/login", data={"csrf": form[1], "name": "Aigerim", "password": PASSWORD})
    assert answer.status_code == 200
    return browser


@contextmanager
def listening(browser: httpx.Client) -> Iterator[Queue[str]]:
    """Collect what the event stream says until the block ends."""
    said: Queue[str] = Queue()
    with browser.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")

        def read() -> None:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    said.put(line)
            said.put("end")

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        yield said
        thread.join(20)
        assert not thread.is_alive()


def test_a_new_ticket_is_told_at_once_and_sigterm_lets_everyone_go(desk: Process) -> None:
    desk.run("account", "create", "--role", "viewer", "--name", "Aigerim", stdin=f"{PASSWORD}\n")
    with desk.client() as machine, closing(log_in(desk.url)) as browser, listening(browser) as said:
        first = said.get(timeout=10)
        # A look takes milliseconds; the rest of the second that the manual promises is a machine's own delay.
        assert PERIOD <= 0.5
        machine.post("/webhook/alertmanager", json=notification(alert())).raise_for_status()
        assert said.get(timeout=10) != first
        desk.stop()
        assert said.get(timeout=10) == "end"
    # Listeners who had to be cut off when patience ended would be an error.
    assert '"level": "error"' not in desk.log


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_change_by_another_desk_on_the_same_database_is_told(database: Database, tmp_path: Path) -> None:
    runtime = Runtime(Settings(), database, policy_of(Settings()))
    url = database.url.render_as_string(hide_password=False)
    other = tmp_path / "other"
    other.mkdir()
    second = Process(other, database=url)
    second.run("account", "create", "--role", "viewer", "--name", "Aigerim", stdin=f"{PASSWORD}\n")
    second.start()
    try:
        with (
            serving(runtime) as first,
            second.client() as machine,
            closing(log_in(second.url)) as browser,
            listening(browser) as said,
        ):
            before = said.get(timeout=10)
            with httpx.Client(base_url=first, headers=machine.headers, timeout=60) as elsewhere:
                elsewhere.post("/webhook/alertmanager", json=notification(alert())).raise_for_status()
            assert said.get(timeout=10) != before
            second.stop()
    finally:
        if second.running:
            second.stop()
