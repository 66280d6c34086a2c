"""A new kind of ticket is a folder and a line: one is added to a copy of the tree, and the copy's desk serves it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from alerts.desk.access import accounts, tokens
from alerts.desk.access.roles import Principal
from alerts.desk.access.trail import By
from demo.ports import free_port
from demo.processes import answers
from tests.conftest import ROOT
from tests.support.migrated import sqlite_database

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
SECONDS = 90.0
BY = By("tests")
PASSWORD = "a long password"

FOLDER = {
    "__init__.py": '''"""Inspections: somebody looks at a place within a day; the report is filed at once."""

from functools import partial

from alerts.desk.core.worker import Worker
from alerts.desk.kinds.inspection import inspections, routes
from alerts.desk.web.kind import TicketKind
from alerts.desk.web.render import Place

KIND = TicketKind(
    name="inspection",
    api=(routes.api,),
    pages=(routes.pages,),
    places=(Place("inspections", "/inspections"),),
    clocks={inspections.TYPE: inspections.clocks},
    clock_names=("inspect",),
    workers=lambda runtime, client: [Worker("inspections", 0.1, partial(inspections.file_reports, runtime))],
)
''',
    "inspections.py": '''"""What happens to inspections: they are asked for, done, and filed."""

import uuid

from sqlalchemy import select

from alerts.desk.core.actors import DESK
from alerts.desk.core.tables import ticket
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.actions import changing, move_along
from alerts.desk.tickets.calendars import Always
from alerts.desk.tickets.clock import clock_of
from alerts.desk.tickets.events import Opened
from alerts.desk.tickets.sla import intervals
from alerts.desk.tickets.states import WORKING, Status

TYPE = "inspection"
DAY = 86400.0


def clocks(events, policy, now):
    life = intervals(events)
    ends = [stretch.start for stretch in life if stretch.status not in WORKING]
    spans = [(life[0].start, ends[0] if ends else None)] if life else []
    return {"inspect": clock_of("inspect", spans, (DAY, Always()), events, now)}


def ask(runtime, place, actor):
    now = runtime.now()
    draft = tickets.fresh(
        problem_key=f"inspection {uuid.uuid4()}",
        names={"en": f"Look at {place}", "ru": f"Осмотреть: {place}"},
        descriptions={"en": place, "ru": place},
        severity="minor",
        priority="P3",
        ticket_type=TYPE,
        status_at=now,
        opened_at=now,
        updated_at=now,
    )
    draft.record(now, Opened("P3", "minor"), actor)
    draft.finish(runtime.policy, now)
    with runtime.database.write() as connection:
        tickets.insert(connection, [draft], runtime.policy.publish)
    return draft.id


def done(runtime, hand):
    with changing(runtime.desk, hand) as (draft, now):
        move_along(draft, Status.RESOLVED, "inspected", hand.actor, now)


def file_reports(runtime):
    with runtime.database.write() as connection:
        found = select(ticket.c.id).where(ticket.c.ticket_type == TYPE, ticket.c.status == Status.RESOLVED)
        for number in connection.scalars(found).all():
            draft = tickets.lock(connection, number)
            draft.move(Status.CLOSED, "filed", DESK, runtime.now())
            draft.finish(runtime.policy, runtime.now())
            tickets.save(connection, [draft], runtime.policy.publish)


def everything(runtime):
    columns = (ticket.c.id, ticket.c.names, ticket.c.status, ticket.c.deadline_at)
    with runtime.database.read() as connection:
        return connection.execute(select(*columns).where(ticket.c.ticket_type == TYPE)).all()
''',
    "routes.py": '''"""Where inspections are asked for, reported and shown."""

from fastapi import APIRouter, Request

from alerts.desk.kinds.inspection import inspections
from alerts.desk.tickets.actions import Hand
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import page
from alerts.desk.web.session import Actor, Running

api = APIRouter(prefix="/api/v1/inspections", tags=["inspections"])
pages = APIRouter(include_in_schema=False)


@api.post("/{place}", status_code=201)
def ask(runtime: Running, caller: Actor, place: str) -> dict[str, int]:
    return {"id": inspections.ask(runtime, place, caller.name)}


@api.post("/{number}/done", status_code=204)
def done(runtime: Running, caller: Actor, number: int) -> None:
    inspections.done(runtime, Hand(caller.name, number))


@pages.get("/inspections")
def every(request: Request, runtime: Running, found: Reading):
    return page(request, "kinds/inspection/inspections.html", found, rows=inspections.everything(runtime))
''',
    "inspections.html": """{% extends "web/base.html" %}
{% block main %}<h1>{{ t("inspection.title") }}</h1>
<ul>{% for row in rows %}
<li><a href="/ticket/{{ row.id }}">{{ t.text(row.names) }}</a> {{ t.of("status", row.status) }}</li>
{% endfor %}</ul>
{% endblock %}
""",
    "locale/en.toml": """[nav]
inspections = "Inspections"
[inspection]
title = "Places to look at"
[clockname]
inspect = "Inspection"
[reason]
inspected = "looked at"
filed = "report filed"
""",
    "locale/ru.toml": """[nav]
inspections = "Осмотры"
[inspection]
title = "Что осмотреть"
[clockname]
inspect = "Осмотр"
[reason]
inspected = "осмотрено"
filed = "отчёт сдан"
""",
}


def digests(tree: Path) -> dict[str, str]:
    return {
        str(file.relative_to(tree)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in tree.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }


def run(tree: Path, *command: str | Path) -> str:
    done = subprocess.run(
        command, cwd=tree, env=_environment(tree), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the programs, of what says how they may import, and of the page of the packages."""
    for folder in ("agent", "alerts", "center", "dashboards", "service", "tests/golden"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs").mkdir()
    for file in ("docs/architecture.md", "pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


@pytest.fixture
def changed(tree: Path) -> set[str]:
    """Add the kind; return the shared files that changed."""
    before = digests(tree)
    for name, text in FOLDER.items():
        file = tree / "alerts/desk/kinds/inspection" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    kinds = tree / "alerts/desk/app/kinds.py"
    text = kinds.read_text("utf-8")
    line = "KINDS: tuple[TicketKind, ...] = (\n"
    assert line in text
    kinds.write_text(
        text.replace("kinds import appeals, billing", "kinds import appeals, billing, inspection").replace(
            line, f"{line}    inspection.KIND,\n"
        ),
        "utf-8",
    )
    page = (
        "from pathlib import Path; from tests.golden.architecture import PAGE, page; PAGE.write_text(page(), 'utf-8')"
    )
    run(tree, sys.executable, "-c", page)
    after = digests(tree)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.fixture
def desk(tree: Path, changed: set[str]) -> Iterator[tuple[httpx.Client, Callable[[], httpx.Client]]]:
    """The copy's desk: a machine's client, and what logs a person in on the console."""
    del changed
    port = free_port()
    config = tree / "desk.toml"
    config.write_text(f'listen = "127.0.0.1:{port}"\ndatabase = "sqlite:///{tree / "desk.db"}"\n', "utf-8")
    database, now = sqlite_database(tree / "desk.db"), datetime.now(UTC)
    token = tokens.create(database, BY, "m", "machine", now)
    accounts.create(database, BY, Principal("Timur", "engineer", "ru"), PASSWORD, now)
    database.dispose()
    url = f"http://127.0.0.1:{port}"

    def person() -> httpx.Client:
        client = httpx.Client(base_url=url, timeout=30, follow_redirects=True, verify=False)
        (key,) = set(re.findall(r'name="csrf" value="([^"]+)"', client.get("/login").text))
        client.post("/login", data={"name": "Timur", "password": PASSWORD, "csrf": key})
        return client

    with (tree / "desk.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "alerts.desk", "--log-format", "json", "serve", "--config", str(config)],
            cwd=tree,
            env=_environment(tree),
            stderr=log,
        )
        try:
            ready, deadline = answers(f"{url}/readyz"), time.monotonic() + SECONDS
            while not ready():
                assert running.poll() is None, (tree / "desk.log").read_text("utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.05)
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, headers=headers, timeout=30, verify=False) as client:
                yield client, person
        finally:
            running.terminate()
            running.wait(30)


def test_a_new_kind_of_ticket_touches_at_most_two_shared_files(
    tree: Path, changed: set[str], desk: tuple[httpx.Client, Callable[[], httpx.Client]]
) -> None:
    shared = {name for name in changed if not name.startswith("alerts/desk/kinds/inspection/")}
    assert shared == {"alerts/desk/app/kinds.py"}
    assert "KEPT" in run(tree, Path(sys.executable).with_name("lint-imports"), "--no-cache")

    machine, person = desk
    number = machine.post("/api/v1/inspections/mast-1").json()["id"]
    (shown,) = machine.get(TICKETS, params={"ticketType": "inspection"}).json()
    assert (shown["name"], shown["ticketType"], shown["status"]) == ("Осмотреть: mast-1", "inspection", "acknowledged")
    figures = machine.get("/metrics").text
    assert re.search(r'ott_desk_ticket_deadline_timestamp_seconds\{clock="inspect",[^}]*ticket="1"\}', figures)
    assert 'clock="restore"' not in re.sub("(?m)^ott_desk_sla_breaches_total.*$", "", figures), (
        "it has its own clock only"
    )
    assert 'ott_desk_sla_breaches_total{clock="inspect"} 0.0' in figures

    # A person takes it on the page that every ticket has, and sees it on the kind's own page.
    with closing(person()) as client:
        page = client.get(f"/ticket/{number}").text
        assert "Осмотр</th>" in page
        assert ">Осмотры</a>" in page
        key = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
        version = re.findall(r'name="version" value="(\d+)"', page)[0]
        client.post(f"/ticket/{number}/take", data={"csrf": key, "version": version})
        assert machine.get(f"{TICKETS}/{number}").json()["status"] == "inProgress"
        assert "Осмотреть: mast-1</a> в работе" in client.get("/inspections").text

        machine.post(f"/api/v1/inspections/{number}/done").raise_for_status()
        deadline = time.monotonic() + SECONDS
        while (ticket := machine.get(f"{TICKETS}/{number}").json())["status"] != "closed":
            assert time.monotonic() < deadline, ticket
            time.sleep(0.05)
        assert ticket["statusChangeReason"] == "filed"
        assert "отчёт сдан" in client.get(f"/ticket/{number}").text
    assert 'clock="inspect",' not in machine.get("/metrics").text, "no clock runs any more"
    assert '"level": "error"' not in (tree / "desk.log").read_text("utf-8")
