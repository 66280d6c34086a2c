"""Webhooks that pile up keep nobody else waiting, and those whose sender gave up are left to its next attempt."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select, text

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import ticket
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.limiter import WIDTH
from tests.contract.desk.alarms.test_ingest import Time
from tests.contract.desk.conftest import serving
from tests.contract.desk.payloads import alert, notification

WEBHOOK = "/webhook/alertmanager"
PILE = 60  # more than all requests together have threads


@pytest.fixture
def runtime(database: Database) -> Runtime:
    settings = Settings()
    return Runtime(settings, database, policy_of(settings), Time())


@pytest.fixture
def desk(runtime: Runtime) -> Iterator[httpx.Client]:
    token = secrets.new_token()
    with runtime.database.write() as connection:
        access.add_token(connection, "alertmanager", "machine", secrets.digest(token), runtime.now())
    headers = {"Authorization": f"Bearer {token}"}
    with serving(runtime) as url, httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        yield client


def test_a_pile_of_webhooks_delays_nobody_else_and_given_up_ones_are_not_stored(
    desk: httpx.Client, runtime: Runtime
) -> None:
    def impatient(number: int) -> bool:
        with httpx.Client(base_url=desk.base_url, headers=desk.headers, timeout=2) as sender:
            try:
                sender.post(WEBHOOK, json=notification(alert(f"edge-{number}")))
            except httpx.TimeoutException:
                return False
        return True

    desk.get("/openapi.json")  # the token's first use is noted, which is a write of its own
    with ThreadPoolExecutor(PILE) as senders:
        with runtime.database.write() as connection:
            if not runtime.database.sqlite:
                connection.execute(text("LOCK TABLE ticket IN ACCESS EXCLUSIVE MODE"))
            answered = senders.map(impatient, range(PILE))
            assert desk.get("/readyz", timeout=10).status_code == 200
            assert desk.get("/openapi.json", timeout=10).status_code == 200
            assert list(answered) == [False] * PILE
        assert desk.post(WEBHOOK, json=notification(alert("patient"))).json()["opened"] == 1
    with runtime.database.read() as connection:
        nodes = set(connection.scalars(select(ticket.c.node)))
    assert "patient" in nodes
    assert len(nodes) <= WIDTH + 1, "only those whose turn had come before their senders gave up"
