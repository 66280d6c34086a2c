"""A desk to which nothing happens asks its database the same again and again, and SQLAlchemy compiles that once.

A statement that looks new each time is compiled and kept each time: an alembic_version that was a new table at every
`/readyz` filled the cache of each engine and let the desk grow by a megabyte a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import CacheStats

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Plan
from alerts.desk.app.application import create_app
from alerts.desk.app.jobs import workers
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.appeals.appeals_desk import rules
from tests.contract.desk.payloads import alert, notification
from tests.unit.desk.console_desk import Caller


@contextmanager
def compiled() -> Iterator[list[str]]:
    """Collect the statements that had to be compiled."""
    found: list[str] = []

    def look(_c: Connection, _d: object, statement: str, _p: object, context: Any, _m: bool) -> None:
        if context is not None and context.compiled is not None and context.cache_hit is not CacheStats.CACHE_HIT:
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_no_round_and_no_look_at_its_state_compiles_a_statement_anew(database: Database) -> None:
    settings = Settings()
    runtime, appeals = Runtime(settings, database, policy_of(settings)), rules()
    with database.write() as connection:
        access.add_token(connection, "alertmanager", "machine", secrets.digest("token"), runtime.now())
    machine = Caller(create_app(runtime, appeals=appeals), {"Authorization": "Bearer token"})
    machine.post("/webhook/alertmanager", json=notification(alert(start=runtime.now()))).raise_for_status()
    crew = workers(runtime, Correlator(Plan(by_default=True)), appeals)
    for _ in range(3):  # the first opens the ticket, the second finds it open
        with compiled() as again:
            for path in ("/healthz", "/readyz", "/metrics"):
                machine.get(path).raise_for_status()
            for worker in crew:
                worker.job()
    assert again == []
