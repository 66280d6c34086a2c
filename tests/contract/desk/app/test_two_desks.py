"""Two desks on one PostgreSQL: each moment and each message is one desk's work, also when the other is killed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification
from tests.contract.desk.postgres import Postgres
from tests.contract.web import web

API = "/tmf-api/troubleTicket/v5"
TICKETS = f"{API}/troubleTicket"
PROBLEMS = 20
SECONDS = 90.0


@pytest.fixture
def listener() -> Iterator[tuple[list[dict[str, Any]], str]]:
    """A TMF621 listener that remembers every event."""
    events: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with web(Handler) as address:
        yield events, f"http://{address}"


@pytest.fixture
def desks(tmp_path: Path, postgresql: Postgres) -> Iterator[list[Process]]:
    database = postgresql.create_database()
    with ExitStack() as stack:
        yield [_started(tmp_path / name, name, database, stack) for name in ("one", "two")]


def _started(folder: Path, name: str, database: str, stack: ExitStack) -> Process:
    folder.mkdir()
    desk = Process(folder, 'confirmation = "10s"\nwatchdog = ""\n', database, token=name)
    desk.start()
    stack.callback(lambda: desk.kill() if desk.running else None)
    return desk


def test_a_killed_desk_leaves_its_work_to_the_other_and_nothing_happens_twice(
    desks: list[Process], listener: tuple[list[dict[str, Any]], str]
) -> None:
    heard, address = listener
    first, second = desks
    with first.client() as one, second.client() as two:
        assert one.post(f"{API}/hub", json={"callback": address}).status_code == 201

        def both(*, firing: bool) -> None:
            for number in range(PROBLEMS):
                body = notification(alert(f"edge-{number}", firing=firing))
                assert [each.post("/webhook/alertmanager", json=body).status_code for each in (one, two)] == [200, 200]

        def closed() -> int:
            return int(two.get(TICKETS, params={"status": "closed", "limit": 0}).headers["x-total-count"])

        both(firing=True)
        _wait(lambda: len(heard) >= PROBLEMS)
        both(firing=False)
        _wait(lambda: len(heard) >= 3 * PROBLEMS)
        first.kill()
        _wait(lambda: closed() == PROBLEMS)
        _wait(lambda: len(heard) >= 4 * PROBLEMS)
        history = [each["statusChangeHistory"] for each in two.get(TICKETS).json()]
    assert [[step["status"] for step in each] for each in history] == [
        ["acknowledged", "resolved", "closed"]
    ] * PROBLEMS
    assert len({each["eventId"] for each in heard}) == len(heard)
    assert Counter(each["eventType"] for each in heard) == {
        "TroubleTicketCreateEvent": PROBLEMS,
        "TroubleTicketStatusChangeEvent": 2 * PROBLEMS,
        "TroubleTicketResolvedEvent": PROBLEMS,
    }


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
