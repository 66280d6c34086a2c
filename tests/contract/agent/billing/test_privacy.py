"""A thousand identifiers are planted in a billing: the real agent and the desk tell its figures and none of them."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.desk.billing import rounds
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.settings import TargetSettings
from alerts.desk.notify.deliver import Pace, deliver_target
from alerts.desk.notify.vendors import deliver_vendors
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.runtime import Runtime
from service.mail import Smtp
from service.prometheus import Sample, Series, Window
from tests.contract.agent.billing.offered import offer, offered
from tests.contract.agent.billing.schema import Store
from tests.contract.agent.databases import postgresql
from tests.contract.agent.program import Agent, agent, wait_until
from tests.contract.mailbox import Box, taking_mail
from tests.unit.desk.console_desk import hall

SERVICE, ZONE = "mobile", ZoneInfo("Asia/Almaty")
PEOPLE = 200
CASES = (("1", "missing"), ("2", "doubled"))
SETTINGS = """
[[billing]]
service = "mobile"
database = "{url}"
cases = "{cases}"
interval = "10s"
"""


class Person:
    """Five identifiers of somebody, each of them somewhere in the rows."""

    def __init__(self, number: int) -> None:
        self.account = f"acct-5{number:06}"
        self.number = f"7701555{number:04}"
        self.citizen = f"900101{number:06}"
        self.mail = f"person{number:04}@example.kz"
        self.invoice = f"INV-2026-{number:06}"

    @property
    def identifiers(self) -> tuple[str, ...]:
        return (self.account, self.number, self.citizen, self.mail, self.invoice)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with postgresql() as url:
        result = Store(url)
        result.create()
        result.execute(f"SET TIME ZONE '{ZONE.key}'")
        yield result


def day_of(now: datetime) -> datetime:
    """Return the beginning of the day on which the fees are due: the day before, since none of today's is late yet."""
    return (now.astimezone(ZONE) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def plant(store: Store, people: list[Person], now: datetime) -> None:
    """Give every person a fee that is doubled or missing, a refund, a message, and words where somebody may write.

    A tariff of one's own bears the e-mail address, a reason the citizen's number.
    """
    day = day_of(now)
    month = timedelta(days=31)
    first, last = day.date().isoformat(), (day + month).date().isoformat()
    rows: dict[str, list[tuple[object, ...]]] = {
        name: [] for name in ("subscription", "charge", "outcome", "movement", "notice")
    }
    for n, person in enumerate(people):
        doubled, tariff = n % 2 == 0, "alga" if n % 10 else f"for {person.mail}"
        following = day + month if doubled else day
        rows["subscription"].append(
            (person.number, SERVICE, tariff, 500, day.day, "active", following, None, person.account, None)
        )
        for copy in ("", "/2") if doubled else ():
            period = ("recurringCharge", first, last)
            charge = (person.invoice + copy, person.number, SERVICE, tariff, *period)
            rows["charge"].append((*charge, 500, now, None, person.invoice))
        if n % 20 == 1:
            rows["outcome"].append((person.number, SERVICE, tariff, first, f"asked by {person.citizen}", now))
        rows["movement"] += [
            (person.account, SERVICE, tariff, "main", "nonIncludedUsage", -7, 0, -7, now, None),
            (person.account, SERVICE, tariff, "main", "refund", 9, 0, 9, now, "case-1" if n % 2 else "case-2"),
        ]
        status = ("unreachable", f"{person.mail} bounced") if n % 3 else ("delivered", None)
        rows["notice"].append((person.account, "case-1" if n % 2 else "case-2", "sms", *status, now))
    store.insert({**rows, "source": [(now + timedelta(days=1),)]})


def book(file: Path, now: datetime) -> None:
    stages = ["charged", "refunded", "told"]
    common = {"service": SERVICE, "opened": now.isoformat(), "since": day_of(now).isoformat(), "until": None}
    cases = [
        {**common, "id": id_, "kind": kind, "reference": f"case-{id_}", "key": "k" * 32, "stages": stages}
        for id_, kind in CASES
    ]
    file.write_text(json.dumps({"cases": cases}), "utf-8")


def counted(running: Agent) -> bool:
    return running.get("/metrics").text.count("\nott_billing_case_counted_timestamp_seconds{") == len(CASES)


def test_a_thousand_identifiers_are_in_nothing_that_agent_and_desk_write(store: Store, tmp_path: Path) -> None:
    people = [Person(number) for number in range(PEOPLE)]
    identifiers = {each for person in people for each in person.identifiers}
    assert len(identifiers) == 1000
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)  # rows of this second are not counted yet
    plant(store, people, now)
    book(tmp_path / "cases.json", now)
    url = store.url.replace("+psycopg", "")
    texts: dict[str, str] = {}
    with agent(tmp_path, SETTINGS.format(url=url, cases=tmp_path / "cases.json")) as running:
        wait_until(lambda: counted(running), running, 120)
        texts["metrics"] = running.get("/metrics").text
        # Every statement about movements fails from now on, and the server's sentence quotes an account.
        store.execute(
            "ALTER TABLE billing_movement RENAME TO movement",
            "CREATE VIEW billing_movement AS SELECT account_key, service, tariff, bucket, kind,"
            " amount_minor + CAST(account_key AS BIGINT) AS amount_minor, before_minor, after_minor,"
            " at + CAST(account_key AS INTERVAL) AS at, case_ref FROM movement",
        )
        wait_until(lambda: "the database refused" in running.log, running, 120)
        texts["metrics while it fails"] = running.get("/metrics").text
        texts["first page"] = running.get("/").text
    samples = [
        Sample({"__name__": sample.name, "instance": "agent", **sample.labels}, sample.value)
        for family in text_string_to_metric_families(texts["metrics"])
        for sample in family.samples
    ]
    scope = {
        (s.labels["case"], s.value) for s in samples if s.labels["__name__"] == "ott_billing_case_scope_subscriptions"
    }
    assert dict(scope)["2"] == PEOPLE / 2
    texts |= of_the_desk(tmp_path, samples)
    for file in tmp_path.rglob("*"):  # logs, state, the desk's database and its copy: tickets, cases, mails
        if file.is_file():
            texts[str(file.relative_to(tmp_path))] = file.read_bytes().decode("utf-8", "replace")
    assert any(name.endswith(".log") for name in texts)
    assert "desk/copy.db" in texts
    assert [name for name in texts if name.startswith("mail ")]
    found = {(name, each) for name, text in texts.items() for each in identifiers if each in text}
    assert found == set()


def test_they_are_in_nothing_that_the_agent_writes_of_views_over_http(store: Store, tmp_path: Path) -> None:
    """Right rows, rows that cannot be understood, and answers of all kinds that have them in it."""
    people = [Person(number) for number in range(PEOPLE)]
    identifiers = {each for person in people for each in person.identifiers}
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    store.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    store.create()
    plant(store, people, now)
    book(tmp_path / "cases.json", now)
    with offered() as views:
        offer(views, store.url)
        settings = SETTINGS.replace("database =", "url =").format(url=views.url, cases=tmp_path / "cases.json")
        with agent(tmp_path, f'{settings}deadline = "5s"\n') as running:
            wait_until(lambda: counted(running), running, 120)
            texts = {"metrics": running.get("/metrics").text}
            views.instead = damaged(people[0])
            for word in ("cannot be read", "not whole JSON", "answered 500", "came before"):
                wait_until(lambda word=word: word in running.log, running, 120)
            texts |= {"metrics of damaged views": running.get("/metrics").text, "page": running.get("/").text}
            texts["log"] = running.log
    for file in (tmp_path / "state").rglob("*"):
        texts[str(file)] = file.read_bytes().decode("utf-8", "replace") if file.is_file() else ""
    assert {(name, each) for name, text in texts.items() for each in identifiers if each in text} == set()


def damaged(person: Person) -> Callable[[str, dict[str, str]], tuple[int, bytes] | None]:
    """Return answers that have somebody's identifiers where none should be."""
    told = " ".join(person.identifiers)
    rows = [{"id": person.number, "service": person.mail, "tariff": person.account, "price_minor": told}]
    answers = {
        "subscription": (200, json.dumps({"rows": rows, "next": None})),
        "charge": (200, f'{{"rows": [{{"id": "{told}"'),
        "movement": (500, told),
        "notice": (200, json.dumps({"rows": [NOTICE | {"account_key": person.account}], "next": person.citizen})),
    }
    return lambda view, _asked: (answers[view][0], answers[view][1].encode()) if view in answers else None


NOTICE = {
    "case_ref": "case-1",
    "channel": "sms",
    "status": "delivered",
    "reason": None,
    "at": "2026-03-05T00:00:00Z",
}


def of_the_desk(folder: Path, samples: list[Sample]) -> dict[str, str]:
    """Return what a desk shows, sends and copies of the agent's figures; its own files lie in the folder."""

    class Prometheus:
        def query(self, expression: str) -> list[Sample]:
            return samples

        def query_range(self, expression: str, window: Window) -> list[Series]:
            return []

    settings = BillingCaseSettings()
    place = folder / "desk"
    place.mkdir()
    box = Box()
    duty = TargetSettings("duty", "mail", to=("noc@example.org",))
    with taking_mail(box) as port, httpx.Client() as client:
        smtp = Smtp("127.0.0.1", "desk@example.org", port, security="none")
        with hall(place, billing=settings, smtp=smtp, target=(duty,)) as desk, pytest.MonkeyPatch.context() as patch:
            patch.setattr(Runtime, "prometheus", lambda _runtime, _http: Prometheus())
            for name in ("BillingIncomplete", "BillingDoubled"):
                desk.alarm(alertname=name, service=SERVICE, severity="critical", title=f"{name}: {PEOPLE / 2:g}")
            assert rounds.open_cases(desk.runtime.desk) == len(CASES)
            desk.now = datetime.fromtimestamp(time.time(), UTC)
            rounds.take_over(desk.runtime.desk, settings, Prometheus)  # type: ignore[arg-type]
            actions.hand_over(desk.runtime.desk, Hand("Aigerim", 1), "Edge Ltd", "the run was not repeated")
            deliver_target(desk.runtime, client, duty, Pace(30))
            deliver_vendors(desk.runtime, client)
            person = desk.person("administrator")
            month = f"{desk.now.astimezone(ZONE):%Y-%m}"
            paths = (
                *("/billing", "/billing/case/1", "/billing/case/2", "/wall", "/reports", "/ticket/1", "/ticket/2"),
                *(f"/billing/report{kind}?month={month}" for kind in ("", ".csv", "/cases.csv")),
                *("/reports.csv", "/reports/tickets.csv"),
            )
            pages = {path: person.get(path).text for path in paths}
            assert "alga" in pages["/billing/case/1"] + pages["/billing/case/2"]
            tickets = desk.machine.get("/tmf-api/troubleTicket/v5/troubleTicket").text
            cases = desk.machine.get("/billing/cases").text
        (place / "desk.toml").write_text(f'database = "sqlite:///{place}/desk.db"\n')
        command = ["-m", "alerts.desk", "backup", "--config", str(place / "desk.toml"), "--to", str(place / "copy.db")]
        subprocess.run([sys.executable, *command], check=True)
    with closing(sqlite3.connect(place / "copy.db")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM billing_scope").fetchone()[0] >= len(CASES)
    letters = {
        f"mail {number} to {mail.to}": f"{mail.letter.as_string()}\n{mail.letter.get_body().get_content()}"  # type: ignore[union-attr]
        for number, mail in enumerate(box.mails)
    }
    assert {mail.to[0] for mail in box.mails} == {"noc@example.org", "support@edge.example"}
    return {**pages, **letters, "tickets": tickets, "cases": cases}
