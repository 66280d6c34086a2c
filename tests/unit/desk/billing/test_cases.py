"""A case from its ticket to its end: what is frozen, what keeps the ticket open, and what people may decide."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.desk.alarms import recovery
from alerts.desk.billing import actions, rounds, store
from alerts.desk.billing.actions import Hand, UnfitStepError
from alerts.desk.billing.case import Case, blockers
from alerts.desk.billing.measures import clocks, measures
from alerts.desk.core.billing_settings import BillingCaseSettings
from tests.contract.desk.payloads import alert, notification
from tests.unit.desk.billing.counted import Agent
from tests.unit.desk.console_desk import NOON, Hall, hall

SETTINGS = BillingCaseSettings()
ALERT = {"alertname": "BillingIncomplete", "service": "mobile", "severity": "critical"}
DONE = {"required": 1200, "done": 1200}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path, billing=SETTINGS) as result:
        result.alarm(**ALERT)
        assert rounds.open_cases(result.runtime.desk) == 1
        yield result


def agent(of: Hall, **figures: Any) -> Agent:
    return Agent(of.now, NOON - timedelta(minutes=30), **figures)


def take_over(of: Hall, counted: Agent) -> Case:
    rounds.take_over(of.runtime.desk, SETTINGS, lambda: counted)  # type: ignore[arg-type, return-value]
    return case(of)


def case(of: Hall) -> Case:
    with of.runtime.database.read() as connection:
        found = store.find(connection, 1)
    assert found is not None
    return found


def words(of: Hall) -> set[str]:
    with of.runtime.database.read() as connection:
        versions = store.scopes(connection, 1)
    final = next((each for each in versions if each.final), None)
    return {f"{each.word} {each.stage} {each.number}" for each in blockers(case(of), final, SETTINGS, of.now)}


def patch(of: Hall, status: str) -> int:
    body = {"status": status, "statusChangeReason": "corrected"}
    return of.machine.patch("/tmf-api/troubleTicket/v5/troubleTicket/1", json=body).status_code


def recover(of: Hall) -> None:
    ended = alert(start=NOON, firing=False, **ALERT)
    of.machine.post("/webhook/alertmanager", json=notification(ended)).raise_for_status()


def corrected(of: Hall, **changes: Any) -> Agent:
    """Return the figures of a case in which nothing is left to do, but for `changes`."""
    stages = {name: DONE | changes.pop(name, {}) for name in ("charged", "refunded", "told")}
    return agent(of, stages=stages, settled=True, **changes)


def contained(of: Hall) -> None:
    """Contain the fault and leave out the compensation."""
    take_over(of, agent(of))
    actions.contain(of.runtime.desk, Hand("ivanov", 1))
    actions.waive(of.runtime.desk, Hand("ivanov", 1), "compensated", "no compensation was decided")
    of.now += timedelta(minutes=31)
    assert patch(of, "inProgress") == 200


def test_one_case_for_a_service_and_kind_whoever_looks(desk: Hall) -> None:
    desk.alarm(**ALERT | {"alertname": "BillingLeftOver"})
    assert rounds.open_cases(desk.runtime.desk) == 0
    desk.alarm(**ALERT | {"alertname": "BillingDoubled"})
    assert rounds.open_cases(desk.runtime.desk) == 1
    answer = desk.machine.get("/billing/cases").json()["cases"]
    assert [(each["id"], each["kind"], each["since"]) for each in answer] == [
        ("1", "missing", None),
        ("2", "doubled", None),
    ]
    assert answer[0]["stages"] == ["charged", "refunded", "told", "compensated"]
    assert len({each["key"] for each in answer}) == len({each["reference"] for each in answer}) == 2


def test_the_scope_is_frozen_and_each_version_kept(desk: Hall) -> None:
    assert words(desk) >= {"stale  0", "not_contained  0"}
    first = take_over(desk, agent(desk))
    assert first.since == NOON - timedelta(minutes=30)
    desk.now += timedelta(minutes=1)
    take_over(desk, agent(desk))  # nothing new: no version
    desk.now += timedelta(minutes=1)
    grown = agent(desk, accounts={"alga": 2000}, fingerprint=5)
    grown.since = NOON  # the beginning stays
    assert take_over(desk, grown).since == first.since
    with desk.runtime.database.read() as connection:
        versions = store.scopes(connection, 1)
    assert [(each.version, each.final, each.scope.total) for each in versions] == [(1, False, 1200), (2, False, 2000)]
    assert versions[0].scope.fingerprint == 2**48 - 1
    assert versions[0].scope.sum_of("not_charged") == 1200 * 99000
    assert versions[0].scope.sum_of("outside_bundle") is None


def test_half_of_a_scrape_is_no_count(desk: Hall) -> None:
    half = agent(desk)
    half.left_out = "ott_billing_case_fingerprint"
    assert take_over(desk, half).counted_at is None
    stage = corrected(desk)
    stage.stages["told"] = {}
    stage.left_out = "ott_billing_case_accounts"
    assert take_over(desk, stage).stages == {}


@pytest.mark.parametrize(
    ("figures", "word"),
    [
        ({"charged": {"done": 1199}}, "open charged 1"),
        ({"refunded": {"done": 1163, "twice": 37}}, "twice refunded 37"),
        ({"refunded": {"done": 1189, "wrong": 11}}, "wrong refunded 11"),
        ({"refunded": {"outside": 5}}, "outside refunded 5"),
        ({"fingerprint": 4}, "changed  0"),
    ],
)
def test_resolving_is_refused_while_anything_is_open(desk: Hall, figures: dict[str, Any], word: str) -> None:
    contained(desk)
    if "fingerprint" in figures:
        take_over(desk, corrected(desk))
        desk.now += timedelta(minutes=1)
    take_over(desk, corrected(desk, **figures))
    assert word in words(desk)
    assert patch(desk, "resolved") == 409


def test_a_source_that_is_stale_keeps_the_ticket_open(desk: Hall) -> None:
    contained(desk)
    old = corrected(desk)
    assert take_over(desk, old).state == "watched"
    desk.now += timedelta(minutes=6)
    assert take_over(desk, old).state == "open"
    assert words(desk) == {"stale  0"}
    assert patch(desk, "resolved") == 409


def test_zeros_and_a_clean_run_close_it(desk: Hall) -> None:
    contained(desk)
    assert take_over(desk, corrected(desk)).state == "watched"
    recover(desk)
    assert ticket(desk)["status"] == "resolved"
    for hours, clean, state in ((23, True, "watched"), (25, False, "watched"), (26, True, "closed")):
        desk.now = NOON + timedelta(hours=hours)
        pass_time(desk)
        assert take_over(desk, corrected(desk, clean=clean)).state == state
        assert ticket(desk)["status"] == "resolved"
    desk.now += timedelta(minutes=11)
    pass_time(desk)
    assert ticket(desk)["status"] == "closed"


def test_what_comes_back_takes_the_ticket_up_again(desk: Hall) -> None:
    contained(desk)
    take_over(desk, corrected(desk))
    recover(desk)
    desk.now += timedelta(minutes=2)
    assert take_over(desk, corrected(desk, refunded={"outside": 1})).state == "open"
    assert ticket(desk)["status"] == "inProgress"


def test_a_recovered_alarm_does_not_end_the_ticket_of_an_open_case(desk: Hall) -> None:
    take_over(desk, agent(desk))
    recover(desk)
    desk.now += timedelta(hours=1)
    pass_time(desk)
    assert ticket(desk)["status"] == "acknowledged"


def test_an_override_needs_a_reason_and_is_kept(desk: Hall) -> None:
    with pytest.raises(UnfitStepError, match="reason"):
        actions.override(desk.runtime.desk, Hand("chief", 1), " ")
    actions.override(desk.runtime.desk, Hand("chief", 1), "the vendor corrects by hand")
    assert case(desk).state == "closed"
    with pytest.raises(UnfitStepError, match="closed"):
        actions.contain(desk.runtime.desk, Hand("chief", 1))
    with desk.runtime.database.read() as connection:
        log = store.log_of(connection, 1)
    assert (log[0].kind, log[0].data) == ("overridden", {"reason": "the vendor corrects by hand"})


def test_what_people_decide_is_checked(desk: Hall) -> None:
    act = desk.runtime.desk
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("stage", lambda: actions.waive(act, Hand("a", 1), "adjusted", "why")),
        ("reason", lambda: actions.waive(act, Hand("a", 1), "told", "")),
        ("compensation", lambda: actions.compensate(act, Hand("a", 1), ["a|b"], "gift", 5)),
        ("compensation", lambda: actions.compensate(act, Hand("a", 1), ["alga"], "gift", 0)),
        ("moment", lambda: actions.contain(act, Hand("a", 1), desk.now + timedelta(hours=1))),
    )
    for word, step in steps:
        with pytest.raises(UnfitStepError, match=word):
            step()
    actions.compensate(act, Hand("a", 1, 0), ["alga", " alga"], "gift", 5)
    with pytest.raises(store.StaleCaseError):
        actions.waive(act, Hand("b", 1, 0), "told", "why")
    (sent,) = desk.machine.get("/billing/cases").json()["cases"]
    assert sent["compensation"] == {"tariffs": ["alga"], "bucket": "gift", "amountMinor": 5}


def test_the_times_follow_from_the_rows(desk: Hall) -> None:
    contained(desk)
    for minutes, done in ((32, 1000), (40, 1199), (50, 1200), (55, 1199), (60, 1200)):
        desk.now = NOON + timedelta(minutes=minutes)
        take_over(desk, corrected(desk, charged={"done": done}))
    with desk.runtime.database.read() as connection:
        rows = (case(desk), store.scopes(connection, 1), store.counts(connection, 1))
    found = measures(*rows)
    assert (found.noticed, found.scoped) == (1800, 1800)
    assert found.corrected == {80: 3720, 95: 4200, 100: 5400}  # 100 % was lost again in between
    times = {clock.name: clock.left(desk.now) for clock in clocks(*rows, SETTINGS)}
    assert times == {"scoped": 1800, "contained": 7200, "corrected": 82800, "told": 86400 + 28 * 60}


def ticket(of: Hall) -> dict[str, Any]:
    answer: dict[str, Any] = of.machine.get("/tmf-api/troubleTicket/v5/troubleTicket/1").json()
    return answer


def pass_time(of: Hall) -> None:
    """Let the timers look at the tickets."""
    recovery.run_due(of.runtime.desk)
