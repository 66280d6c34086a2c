"""A desk in this process with people who are logged in, for tests of the console's pages."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.app.application import create_app
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.settings import Language, Settings, VendorSettings
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.session import COOKIE
from tests.contract.desk.payloads import alert, notification
from tests.support.migrated import sqlite_database

NOON = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)  # in Almaty


class Caller:
    """Somebody who calls the application, without a server between."""

    def __init__(
        self, app: FastAPI, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None
    ) -> None:
        self.app = app
        self.headers = headers or {}
        self.cookies = httpx.Cookies(cookies)

    def get(self, path: str, *, follow: bool = True) -> httpx.Response:
        return self._call("GET", path, follow)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._call("POST", path, True, **body)

    def patch(self, path: str, **body: Any) -> httpx.Response:
        return self._call("PATCH", path, True, **body)

    def _call(self, method: str, path: str, follow: bool, **body: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app),
                base_url="http://desk",
                headers=self.headers,
                cookies=self.cookies,
                follow_redirects=follow,
            ) as client:
                answer = await client.request(method, path, **body)
                self.cookies = client.cookies
                return answer

        return asyncio.run(call())


@dataclass
class Hall:
    """A desk whose clock the test holds."""

    runtime: Runtime
    machine: Caller
    now: datetime = NOON
    people: list[str] = field(default_factory=list)

    def person(self, role: str = "engineer", language: str = "en", name: str = "") -> Caller:
        name = name or f"{role} {len(self.people) + 1}"
        with self.runtime.database.write() as connection:
            access.add_account(connection, Principal(name, role, language), "", self.now)
        return self.session(name)

    def session(self, name: str) -> Caller:
        self.people.append(name)
        secret = f"secret{len(self.people)}"
        with self.runtime.database.write() as connection:
            row = access.account_named(connection, name)
            assert row is not None
            access.open_session(connection, secrets.digest(secret), row.id, self.now, self.now + timedelta(days=1))
        return Caller(self.machine.app, cookies={COOKIE: secret})

    def alarm(self, *, title: str = "", title_ru: str = "", **labels: Any) -> None:
        each = alert(start=self.now, **labels)
        if title:
            each["annotations"] |= {"summary": title, "summary_ru": title_ru or title}
        self.machine.post("/webhook/alertmanager", json=notification(each)).raise_for_status()

    def recover(self, **labels: Any) -> None:
        each = alert(start=self.now, firing=False, **labels)
        self.machine.post("/webhook/alertmanager", json=notification(each)).raise_for_status()


@contextmanager
def hall(folder: Path, **settings: Any) -> Iterator[Hall]:
    database = sqlite_database(folder / "desk.db")
    vendor = VendorSettings("Edge Ltd", "support@edge.example")
    known = Settings(language=Language("en"), vendor=(vendor,), **settings)
    runtime = Runtime(known, database, policy_of(known))
    with database.write() as connection:
        access.add_token(connection, "alertmanager", "machine", secrets.digest("token"), NOON)
    machine = Caller(create_app(runtime), {"Authorization": "Bearer token"})
    result = Hall(runtime, machine)
    runtime.now = lambda: result.now
    yield result
    database.dispose()


def csrf(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found
    return found[1]
