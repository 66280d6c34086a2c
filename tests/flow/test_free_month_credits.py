"""Free months from a late answer to their credit in the billing; a real desk and a real agent, which are restarted."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from agent.sources.billing.settings import CHECKS
from alerts.desk.access import tokens
from alerts.desk.access.trail import By
from alerts.desk.appeals import compensations
from alerts.desk.core.appeal_tables import appeal_event
from alerts.desk.core.database import Database
from tests.contract.agent.billing.schema import Store
from tests.contract.agent.databases import postgresql
from tests.contract.agent.program import agent
from tests.contract.desk.appeals.appeals_desk import rules
from tests.contract.desk.conftest import Process

SECRET, FEE = "k" * 40, 99_000
RESTARTS = 20
EXPORTS = "/api/v1/appeals/free-months/exports"
# What billing makes of each month: the account's letter and the sum of each movement, entered as one, and the truth.
ENTERED: list[tuple[list[tuple[str, int]], str, str]] = [
    *[([("a", FEE)], "credited", "credited")] * 10,
    ([("a", FEE), ("a", FEE)], "exported", "twice"),
    ([("a", FEE), ("b", FEE)], "exported", "twice"),
    ([("a", FEE - 100)], "exported", "wrong"),
    ([("b", FEE), ("b", -FEE), ("a", FEE)], "credited", "credited"),
    ([("a", FEE), ("a", -FEE)], "exported", "waiting"),
    ([], "exported", "waiting"),
]
LOOKED_FOR = """
[[billing]]
service = "ott"
database = "{database}"
cases = "{desk}/billing/cases"
cases_token = {{ file = "{token}" }}
without = {without}
interval = "2s"
"""


def within(seconds: float, condition: Callable[[], bool], said: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, said()
        time.sleep(0.1)


@contextmanager
def desk_of(folder: Path) -> Iterator[Process]:
    folder.mkdir()
    key = folder / "appeals.key"
    key.write_text(SECRET, "utf-8")
    key.chmod(0o600)
    desk = Process(folder, f'watchdog = ""\n[appeals]\nkeys = [{{ file = "{key}" }}]\nregions = ["Astana"]\n')
    desk.start()
    try:
        yield desk
    finally:
        if desk.running:
            desk.kill()


def appeal(desk: Process, database: Database, many: int) -> None:
    """Let the answers to so many customers be late, and approve their free months."""
    with desk.client() as client:
        for place in range(many):
            said = {"number": f"+7701{2_000_000 + place}", "service": "ott", "code": "18", "region": "Astana"}
            more = {"answerBy": "mobile", "appealedAt": (datetime.now(UTC) - timedelta(hours=25)).isoformat()}
            client.post("/api/v1/appeals", json=said | more).raise_for_status()
    proposed: list[int] = []

    def all_of_them() -> bool:
        with database.read() as connection:
            proposed[:] = [each.id for each in compensations.listing(connection, "proposed")]
        return len(proposed) == many

    within(60, all_of_them, lambda: (proposed, desk.log))
    compensations.move(database, rules((SECRET,)), proposed, "approved", "Dana", datetime.now(UTC))


def export(desk: Process, database: Database) -> list[str]:
    """Take the months over as billing does; return what it writes into `case_ref` of each."""
    token = tokens.create(database, By("tests"), "billing", "billing", datetime.now(UTC))
    with httpx.Client(base_url=desk.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        batch = client.post(EXPORTS).raise_for_status().json()
        client.post(f"{batch['href']}/confirm").raise_for_status()
    return [month["reference"] for month in batch["items"]]


def enter(store: Store, references: list[str], number: int) -> None:
    """Credit a month, in one transaction."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    rows, _, _ = ENTERED[number]
    store.insert({
        "movement": [
            (f"{letter}{number}-acct", "ott", "alga", "main", "bonus", sum_, None, None, at, references[number])
            for letter, sum_ in rows
        ]
    })  # fmt: skip


def states(database: Database) -> list[tuple[str, str | None]]:
    with database.read() as connection:
        return [(each.state, each.watch) for each in compensations.listing(connection)]


def credits_in(database: Database) -> Counter[str]:
    """Return how often each actor credited a month, by the log."""
    with database.read() as connection:
        rows = connection.execute(select(appeal_event.c.actor, appeal_event.c.kind, appeal_event.c.data))
        return Counter(
            actor for actor, kind, data in rows if kind == "CompensationMoved" and data["state"] == "credited"
        )


@pytest.mark.timeout(600)
def test_restarts_of_agent_and_desk_change_no_credit(tmp_path: Path) -> None:
    lot = random.Random(21)
    truth = [(state, watch) for _, state, watch in ENTERED]
    with postgresql() as url, desk_of(tmp_path / "desk") as desk, ExitStack() as stack:
        database = Database(f"sqlite:///{tmp_path / 'desk' / 'desk.db'}")
        store = Store(url)
        store.create()
        appeal(desk, database, len(ENTERED))
        references = export(desk, database)
        subscription = ("alga", FEE, 1, "active", datetime.now(UTC) + timedelta(days=20), None)
        accounts = [f"{letter}{number}-acct" for number in range(len(ENTERED)) for letter in "ab"]
        store.insert({"subscription": [(f"s-{key}", "ott", *subscription, key, None) for key in accounts]})
        (tmp_path / "token").write_text(desk.token, "utf-8")
        (tmp_path / "token").chmod(0o600)
        settings = LOOKED_FOR.format(
            database=url.replace("+psycopg", ""), desk=desk.url, token=tmp_path / "token",
            without=json.dumps([name for name in CHECKS if name != "free_months"]),
        )  # fmt: skip
        running = stack.enter_context(ExitStack())
        program = running.enter_context(agent(tmp_path, settings))
        within(60, lambda: {watch for _, watch in states(database)} == {"waiting"}, lambda: (program.log, desk.log))
        order = lot.sample(range(len(ENTERED)), len(ENTERED))
        for number in range(RESTARTS):
            if number < len(order):
                enter(store, references, order[number])
            time.sleep(lot.random() * 2)
            if lot.random() < 0.5:
                desk.kill()
                desk.start()
            else:
                running.close()
                program = running.enter_context(agent(tmp_path, settings))
        within(60, lambda: states(database) == truth, lambda: (states(database), program.log))
        credited = sum(state == "credited" for state, _ in truth)
        for _ in range(3):
            time.sleep(2)
            assert states(database) == truth
            assert credits_in(database) == {"billing watch": credited}
        with desk.client() as client:
            metrics = client.get("/metrics").raise_for_status().text
        counted = Counter(watch for _, watch in truth)
        for state in ("waiting", "unseen", "credited", "twice", "wrong"):
            assert f'ott_desk_free_month_credits{{service="ott",state="{state}"}} {counted[state]}.0' in metrics
        kept = [file.read_bytes() for file in (tmp_path / "desk").iterdir() if file.is_file()]
        assert not any(b"-acct" in content for content in (*kept, metrics.encode(), program.log.encode()))
        database.dispose()
