"""A desk that serves, and its clock."""

from collections.abc import Iterator

import httpx
import pytest

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.alarms.test_ingest import POLICY, Time
from tests.contract.desk.conftest import serving


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def api(database: Database, time: Time) -> Iterator[httpx.Client]:
    with database.write() as connection:
        access.add_token(connection, "planner", "engineer", secrets.digest("key"), time())
    headers = {"Authorization": "Bearer key"}
    with (
        serving(Runtime(Settings(), database, POLICY, time)) as url,
        httpx.Client(base_url=url, headers=headers, timeout=30) as client,
    ):
        yield client
