"""Agent and desk are restarted twenty times, by lot, while a case is corrected: no number differs."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from agent.sources.billing.cases.count import Cases
from agent.sources.billing.settings import BillingSettings
from alerts.desk.app.wiring import policy_of
from alerts.desk.billing import actions, rounds
from alerts.desk.billing.actions import Hand
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.billing_tables import billing_case, billing_count, billing_event, billing_scope
from alerts.desk.core.database import Database
from alerts.desk.tickets.runtime import Runtime
from service.prometheus import Sample
from tests.contract.agent.billing.asked import PRESET, billing, settings
from tests.contract.agent.billing.cases import KEY
from tests.contract.agent.billing.december import TARIFFS, December
from tests.contract.agent.billing.schema import Store, moment
from tests.contract.agent.billing.test_cases import SINCE, UNTIL, charge, outside, refund, spend, tell
from tests.contract.agent.databases import postgresql
from tests.unit.desk.console_desk import Hall, hall

SETTINGS = BillingCaseSettings()
ROUNDS, RESTARTS = 24, 20
FIRST = moment("2017-12-03 00:00")
CASE = {
    "id": "1",
    "service": "mobile",
    "kind": "missing",
    "opened": "2017-12-01T00:04:00+06:00",
    "since": SINCE,
    "until": UNTIL,
    "reference": "case-17",
    "key": KEY,
    "stages": ["charged", "refunded", "told"],
    "compensation": None,
}


def test_restarts_change_no_number(tmp_path: Path) -> None:
    lot = random.Random(17)
    restarts = set(lot.sample(range(1, ROUNDS), RESTARTS))
    book = tmp_path / "cases.json"
    book.write_text(json.dumps({"cases": [CASE]}), "utf-8")
    for name in "ab":
        (tmp_path / name).mkdir()
    with (
        postgresql() as url,
        hall(tmp_path / "a", billing=SETTINGS) as steady,
        hall(tmp_path / "b", billing=SETTINGS) as restarted,
    ):
        store = Store(url)
        truth = December(store, accounts=1_000, silent=TARIFFS[:4])
        truth.fill()
        truth.charge_until("2017-12-02 10:00")
        spend(store)
        affected = truth.due_before("2017-12-02 00:00")
        of = settings("mobile", url, cases=str(book))
        agents = [Cases(of, PRESET), Cases(of, PRESET)]
        for number in range(ROUNDS):
            now = FIRST + timedelta(minutes=number)
            correct(store, affected[number::ROUNDS], last=number == ROUNDS - 1)
            if number in restarts:
                agents[1] = Cases(of, PRESET)
                restart(restarted)
            seen = [count(each, of, now) for each in agents]
            assert sorted(map(str, seen[0])) == sorted(map(str, seen[1]))
            for each, samples in zip((steady, restarted), seen, strict=True):
                take_over(each, samples, now)
        kept = rows(steady)
        assert rows(restarted) == kept
        assert len(kept["billing_count"]) == ROUNDS
        assert kept["billing_count"][-1]["stages"]["charged"]["done"] == len(affected)


def correct(store: Store, late: list[int], *, last: bool) -> None:
    """Charge, refund and tell some accounts; the last of them with a double refund and a wrong one."""
    owed = {account: outside(account) for account in late if outside(account)}
    people = sorted(owed)
    charge(store, late, [], [], [])
    refund(store, owed, people[:1] if last else [], people[1:2] if last else [], [])
    tell(store, late, [])


def count(cases: Cases, of: BillingSettings, now: datetime) -> list[Sample]:
    source = billing(of, now)
    with source.session(source.slow, 60.0) as asking:
        return [
            Sample({"__name__": s.metric.name, **dict(zip(s.metric.labels, s.labels, strict=True))}, float(s.value))  # type: ignore[arg-type]
            for s in cases.collect(asking)
        ]


def take_over(of: Hall, samples: list[Sample], now: datetime) -> None:
    of.now = now
    if not of.people:
        of.people.append("first")
        of.alarm(alertname="BillingIncomplete", service="mobile", severity="critical")
        assert rounds.open_cases(of.runtime.desk) == 1
        actions.contain(of.runtime.desk, Hand("ivanov", 1), moment("2017-12-02 10:00"))

    class Prometheus:
        def query(self, _expression: str) -> list[Sample]:
            return samples

    rounds.take_over(of.runtime.desk, SETTINGS, Prometheus)  # type: ignore[arg-type]


def restart(of: Hall) -> None:
    """Let another process of the desk take the database over."""
    old = of.runtime
    old.database.dispose()
    of.runtime = Runtime(old.settings, Database(str(old.database.url)), policy_of(old.settings))
    of.runtime.now = lambda: of.now


def rows(of: Hall) -> dict[str, list[dict[str, Any]]]:
    own = {"reference", "key"}  # each desk's, by lot
    with of.runtime.database.read() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in own}
                for row in connection.execute(select(table).order_by(table.c.id)).mappings()
            ]
            for table in (billing_case, billing_scope, billing_count, billing_event)
        }
