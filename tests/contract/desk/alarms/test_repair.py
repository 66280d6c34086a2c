"""What lost webhooks, vanished series and a silent Alertmanager leave, and how it is repaired; on both databases."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from alerts.desk.alarms import alertmanager, heartbeats, recovery, watchdog
from alerts.desk.alarms import recovery as verify
from alerts.desk.alarms.alertmanager import Group, State
from alerts.desk.alarms.reconcile import Memory, held_now, reconcile
from alerts.desk.alarms.webhook import parse
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings, Url
from alerts.desk.core.tables import alarm, event, ticket
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Desk, Hand
from tests.contract.desk.alarms.test_ingest import POLICY, Time, send, states
from tests.contract.desk.payloads import START, alert, notification
from tests.support.prometheus import prometheus_where, refusal

LONG_AGO = START - timedelta(days=1)


@pytest.fixture
def time() -> Time:
    return Time()


def group(*alerts: Mapping[str, object], suppressed: bool = False) -> Group:
    found = parse(json.dumps(notification(*map(dict, alerts))).encode())
    return Group(found.group_labels, () if suppressed else found.alerts, found.alerts if suppressed else ())


def test_a_lost_firing_webhook_is_repaired_once_though_two_alertmanagers_tell_of_it(
    database: Database, time: Time
) -> None:
    memory = Memory()
    both = [State((group(alert(), alert(device="sdb")),), LONG_AGO)] * 2
    assert reconcile(database, both, POLICY, time(), memory) == {"new": 2}
    assert states(database) == [("acknowledged", "", 2)]
    assert reconcile(database, both, POLICY, time(), memory) == {}


def test_an_alert_that_comes_by_two_routes_is_said_once(
    database: Database, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    memory, both = Memory(), (group(alert()), replace(group(alert()), labels={"alertname": "NodeDown"}))
    for _ in range(2):
        reconcile(database, [State(both, LONG_AGO)] * 2, POLICY, time(), memory)
    said = [each for each in caplog.records if "two routes" in each.message]
    assert [vars(each)["rules"] for each in said] == [["NodeDown"]]
    reconcile(database, [State(both[:1], LONG_AGO)], POLICY, time(), memory)
    reconcile(database, [State(both, LONG_AGO)], POLICY, time(), memory)
    assert len([each for each in caplog.records if "two routes" in each.message]) == 2


def test_an_occurrence_whose_end_was_lost_ends_with_the_next_one_and_hides_nothing_later(
    database: Database, time: Time
) -> None:
    begins = [START + timedelta(minutes=minutes) for minutes in (0, 10, 20)]
    for start in begins[:2]:
        time.now = start + timedelta(seconds=10)
        assert send(database, notification(alert(start=start)), time()) == {"new": 1}
    with database.read() as connection:
        assert connection.scalars(select(alarm.c.ends_at).order_by(alarm.c.id)).all() == [begins[1], None]
    time.pass_(minutes=5)
    assert send(database, notification(alert(start=begins[1], firing=False)), time()) == {"recovered": 1}
    assert held_now(database) == {}
    time.now = begins[2] + timedelta(seconds=10)
    lost = [State((group(alert(start=begins[2])),), LONG_AGO)]
    assert reconcile(database, lost, POLICY, time(), Memory()) == {"new": 1}
    assert [firing for _, _, firing in states(database)][-1] == 1


def test_a_lost_end_is_repaired_when_it_is_missing_twice(database: Database, time: Time) -> None:
    memory = Memory()
    send(database, notification(alert(), alert(device="sdb")), time())
    one_left = [State((group(alert()),), LONG_AGO)]
    assert reconcile(database, one_left, POLICY, time(), memory) == {}
    assert reconcile(database, one_left, POLICY, time(), memory) == {"recovered": 1}
    assert reconcile(database, [State((), LONG_AGO)], POLICY, time(), memory) == {}
    assert reconcile(database, [State((), LONG_AGO)], POLICY, time(), memory) == {"recovered": 1}
    assert states(database) == [("resolved", "recovered", 0)]


def test_a_fresh_alertmanager_ends_nothing_and_a_suppressed_alert_is_still_there(
    database: Database, time: Time
) -> None:
    memory = Memory()
    send(database, notification(alert()), time())
    for state in (State((), time()), State((group(alert(), suppressed=True),), LONG_AGO)):
        for _ in range(3):
            assert reconcile(database, [state], POLICY, time(), memory) == {}
    assert reconcile(database, [State((), time()), State((group(alert()),), LONG_AGO)], POLICY, time(), memory) == {}
    assert states(database) == [("acknowledged", "", 1)]


def full(percent: int, seconds: int = 0) -> dict[str, object]:
    """Return an alert whose rule puts the measured value into its text."""
    return alert(start=START + timedelta(seconds=seconds)) | {
        "annotations": {"summary": f"The disk is {percent}% full"}
    }


def test_an_alarm_that_goes_on_gets_its_latest_texts(database: Database, time: Time) -> None:
    def title() -> object:
        with database.read() as connection:
            return connection.execute(select(ticket.c.names, alarm.c.starts_at).join(alarm)).all()

    send(database, notification(full(91)), time())
    latest, other = (State((group(each),), LONG_AGO) for each in (full(97, seconds=5), full(96)))
    assert reconcile(database, [latest], POLICY, time(), Memory()) == {}
    assert title() == [({"en": "The disk is 97% full", "ru": "The disk is 97% full"}, START)]
    # Of two Prometheus servers each measures its own value: the text does not change back and forth.
    reconcile(database, [other, latest], POLICY, time(), Memory())
    assert title() == [({"en": "The disk is 97% full", "ru": "The disk is 97% full"}, START)]
    assert states(database) == [("acknowledged", "", 1)]


def test_a_suppressed_alert_opens_nothing(database: Database, time: Time) -> None:
    state = State((group(alert(), suppressed=True),), LONG_AGO)
    assert reconcile(database, [state], POLICY, time(), Memory()) == {}


def test_what_ended_while_an_alertmanager_was_asked_does_not_begin_again(database: Database, time: Time) -> None:
    send(database, notification(alert()), time())
    memory = Memory(before=held_now(database).keys())
    asked = [State((group(alert()),), LONG_AGO)]
    send(database, notification(alert(firing=False)), time())
    for _ in range(3):
        assert reconcile(database, asked, POLICY, time(), memory) == {}
    assert states(database) == [("resolved", "recovered", 0)]
    with database.read() as connection:
        assert connection.scalar(select(alarm.c.late)) == 0


def test_an_alarm_in_the_groups_of_several_receivers_counts_once(database: Database, time: Time, shared: Path) -> None:
    text = (shared / "data" / "alertmanager" / "karma" / "0.22.0" / "alerts_groups.json").read_text("utf-8")
    raw = json.loads(text)
    everything = [alert for group in raw for alert in group["alerts"]]
    assert (len(everything), len({alert["fingerprint"] for alert in everything})) == (24, 12)
    seen = set()
    for receiver in {group["receiver"]["name"] for group in raw}:
        state = alertmanager.parse(raw, receiver, LONG_AGO)
        groups = state.groups
        found = [each.fingerprint for group in groups for each in (*group.active, *group.suppressed)]
        assert len(found) == len(set(found)), "one receiver has each alert once"
        assert state.elsewhere.keys() == {each["fingerprint"] for each in everything} - set(found)
        seen |= set(found)
    assert len(seen) == 12


@pytest.fixture
def verifying(database: Database, time: Time) -> Desk:
    return Desk(database, policy_of(Settings(prometheus=Url("http://prometheus"))), time)


def recover(desk: Desk) -> list[int]:
    now = desk.now()
    send(desk.database, notification(alert()), now, desk.policy)
    send(desk.database, notification(alert(firing=False)), now, desk.policy)
    return recovery.run_due(desk).to_verify


def test_a_condition_that_is_false_confirms_the_recovery(verifying: Desk) -> None:
    (number,) = recover(verifying)
    assert states(verifying.database) == [("acknowledged", "", 0)]
    verify.verify(verifying, [number], prometheus_where(lambda _: True))
    assert states(verifying.database) == [("resolved", "recovered", 0)]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_gateway_that_lets_queries_pass_and_no_rules_holds_up_nothing(verifying: Desk, status: int) -> None:
    (number,) = recover(verifying)
    verify.verify(verifying, [number], prometheus_where(lambda _: True, status))
    assert states(verifying.database) == [("resolved", "recovered", 0)]


def test_missing_data_leave_the_ticket_open_until_they_are_back(verifying: Desk, time: Time) -> None:
    (number,) = recover(verifying)
    verify.verify(verifying, [number], prometheus_where(lambda _: False))
    with verifying.database.read() as connection:
        assert connection.execute(select(ticket.c.status, ticket.c.unverified)).one() == ("acknowledged", True)
    assert recovery.run_due(verifying).to_verify == []
    for _ in range(2):
        time.pass_(seconds=6)
        assert recovery.run_due(verifying).to_verify == [number]
        verify.verify(verifying, [number], prometheus_where(lambda _: False))
    time.pass_(minutes=10)
    assert recovery.run_due(verifying).to_verify == [number]
    verify.verify(verifying, [number], prometheus_where(lambda _: False))
    time.pass_(seconds=59)
    assert recovery.run_due(verifying).to_verify == []
    time.pass_(seconds=2)
    assert recovery.run_due(verifying).to_verify == [number]
    verify.verify(verifying, [number], prometheus_where(lambda _: True))
    assert states(verifying.database) == [("resolved", "recovered", 0)]
    with verifying.database.read() as connection:
        kinds = list(connection.scalars(select(event.c.kind).where(event.c.kind.in_(["unverified", "verified"]))))
    assert kinds == ["unverified", "verified"]


def test_samples_from_before_the_end_are_no_recovery_and_are_told_after_a_minute(verifying: Desk, time: Time) -> None:
    def kinds() -> list[str]:
        with verifying.database.read() as connection:
            return list(connection.scalars(select(event.c.kind).where(event.c.kind.in_(["unverified", "verified"]))))

    (number,) = recover(verifying)
    old = prometheus_where(lambda _: True, newest=lambda: 0)
    for _ in range(3):  # the next sample is on its way
        verify.verify(verifying, [number], old)
        assert states(verifying.database) == [("acknowledged", "", 0)]
        time.pass_(seconds=2)
        assert recovery.run_due(verifying).to_verify == [number]
    assert kinds() == []
    time.pass_(minutes=10)
    verify.verify(verifying, [number], old)
    assert kinds() == ["unverified"]
    time.pass_(minutes=1)
    assert recovery.run_due(verifying).to_verify == [number]
    verify.verify(verifying, [number], prometheus_where(lambda _: True))
    assert states(verifying.database) == [("resolved", "recovered", 0)]
    assert kinds() == ["unverified", "verified"]


def test_who_takes_a_ticket_does_not_end_the_doubt_about_its_recovery(verifying: Desk, time: Time) -> None:
    (number,) = recover(verifying)
    verify.verify(verifying, [number], prometheus_where(lambda _: False))
    actions.take(verifying, Hand("Aigerim", number))
    with verifying.database.read() as connection:
        assert connection.execute(select(ticket.c.status, ticket.c.unverified)).one() == ("inProgress", True)
    time.pass_(minutes=2)
    assert recovery.run_due(verifying).to_verify == [number]
    verify.verify(verifying, [number], prometheus_where(lambda _: True))
    assert states(verifying.database) == [("resolved", "recovered", 0)]


def test_a_prometheus_that_does_not_answer_is_asked_again(verifying: Desk, time: Time) -> None:
    def nobody(_: str) -> bool:
        raise OSError("no route")

    (number,) = recover(verifying)
    with pytest.raises(OSError, match="no connection"):
        verify.verify(verifying, [number], prometheus_where(nobody))
    assert states(verifying.database) == [("acknowledged", "", 0)]
    time.pass_(seconds=6)
    assert recovery.run_due(verifying).to_verify == [number]


def test_a_recovery_that_waits_is_recorded_once_for_each_end_of_the_alarm(verifying: Desk, time: Time) -> None:
    def nobody(_: str) -> bool:
        raise OSError("no route")

    (number,) = recover(verifying)
    for minute in range(4):
        if minute == 2:  # it begins and ends once more
            for firing in (True, False):
                again = alert(firing=firing, start=time())
                send(verifying.database, notification(again), time(), verifying.policy)
        time.pass_(minutes=1)
        assert recovery.run_due(verifying).to_verify == [number]
        with pytest.raises(OSError, match="no connection"):
            verify.verify(verifying, [number], prometheus_where(nobody))
    with verifying.database.read() as connection:
        kinds = list(connection.scalars(select(event.c.kind).order_by(event.c.id)))
    assert kinds == ["opened", "alarms", "alarms", "verifying", "alarms", "alarms", "verifying"]


def test_a_prometheus_that_does_not_answer_is_waited_for_once_whatever_waits(verifying: Desk, time: Time) -> None:
    asked = []

    def nobody(query: str) -> bool:
        asked.append(query)
        if len(asked) <= 2:  # of the first ticket: whether the condition is met, and of when the newest sample is
            return True
        raise OSError("no route")

    for name in ("edge-1", "edge-2", "edge-3", "edge-4"):
        send(verifying.database, notification(alert(name)), time(), verifying.policy)
        send(verifying.database, notification(alert(name, firing=False)), time(), verifying.policy)
    numbers = recovery.run_due(verifying).to_verify
    with pytest.raises(OSError, match="no connection"):
        verify.verify(verifying, numbers, prometheus_where(nobody))
    assert asked[3:] == ["1"], "after a failure, one question whether it answers at all"
    assert sorted(status for status, _, _ in states(verifying.database)) == ["acknowledged"] * 3 + ["resolved"]
    time.pass_(seconds=6)
    assert recovery.run_due(verifying).to_verify == numbers[1:]


NODES = ("edge-0", "edge-1", "edge-2", "edge-3", "edge-4")


def recovered(desk: Desk, *nodes: str) -> list[int]:
    """Open a ticket for each node and let all recover; return those that wait to be verified."""
    for name in nodes:
        send(desk.database, notification(alert(name)), desk.now(), desk.policy)
        send(desk.database, notification(alert(name, firing=False)), desk.now(), desk.policy)
    return recovery.run_due(desk).to_verify


def test_a_query_that_prometheus_rejects_concerns_its_own_ticket_only(verifying: Desk) -> None:
    def exists(query: str) -> bool | httpx.Response:
        return refusal(400, "parse error: unexpected character") if "edge-0" in query else True

    numbers = recovered(verifying, *NODES)
    assert len(numbers) == 5
    verify.verify(verifying, numbers, prometheus_where(exists))
    assert sorted(status for status, _, _ in states(verifying.database)) == ["acknowledged"] + ["resolved"] * 4
    with verifying.database.read() as connection:
        data = connection.execute(select(event.c.data).where(event.c.kind == "unverified")).scalar_one()
    assert data["why"] == "rejected"
    assert "parse error: unexpected character" in data["what"]


def test_a_query_that_is_too_slow_concerns_its_own_ticket_only(verifying: Desk, time: Time) -> None:
    def exists(query: str) -> bool:
        if "edge-0" in query:
            raise OSError("timed out")
        return True

    numbers = recovered(verifying, *NODES)
    verify.verify(verifying, numbers, prometheus_where(exists))
    assert sorted(status for status, _, _ in states(verifying.database)) == ["acknowledged"] + ["resolved"] * 4
    time.pass_(seconds=6)
    assert recovery.run_due(verifying).to_verify == [], "each attempt costs seconds: it waits longer"
    time.pass_(seconds=55)
    assert recovery.run_due(verifying).to_verify == numbers[:1]


def test_a_label_with_a_dot_is_left_out_of_the_question(verifying: Desk) -> None:
    asked: list[str] = []

    def exists(query: str) -> bool | httpx.Response:
        asked.append(query)
        return refusal(400, "parse error: unexpected string") if '"service.name"' in query else True

    for firing in (True, False):
        dotted = alert(firing=firing)
        dotted["labels"]["service.name"] = "iptv"
        send(verifying.database, notification(dotted), verifying.now(), verifying.policy)
    verify.verify(verifying, recovery.run_due(verifying).to_verify, prometheus_where(exists))
    assert states(verifying.database) == [("resolved", "recovered", 0)]
    assert not any("service.name" in query for query in asked)


def test_without_a_prometheus_in_the_settings_any_more_the_recovery_is_believed(verifying: Desk, time: Time) -> None:
    assert recover(verifying) == [1]
    time.pass_(seconds=31)
    assert recovery.run_due(Desk(verifying.database, POLICY, time)).to_verify == []
    assert states(verifying.database) == [("resolved", "recovered", 0)]


def test_no_more_is_claimed_than_there_is_room_for_and_the_rest_comes_up_again(verifying: Desk, time: Time) -> None:
    for name in ("edge-1", "edge-2", "edge-3"):
        send(verifying.database, notification(alert(name)), time(), verifying.policy)
        send(verifying.database, notification(alert(name, firing=False)), time(), verifying.policy)
    waiting = verify.Waiting()
    waiting.add(recovery.run_due(verifying, room=2).to_verify)
    waiting.add([1])
    assert waiting.room == verify.ROOM - 2
    assert waiting.take() == [1, 2]
    assert waiting.take() == []
    time.pass_(seconds=6)
    assert recovery.run_due(verifying, room=2).to_verify == [3]


def test_a_claim_that_its_desk_did_not_live_to_use_comes_up_again(verifying: Desk, time: Time) -> None:
    assert recover(verifying) == [1]
    assert recovery.run_due(verifying).to_verify == []
    time.pass_(seconds=31)
    assert recovery.run_due(verifying).to_verify == [1]


def test_an_alarm_that_fires_again_meanwhile_wins(verifying: Desk, time: Time) -> None:
    (number,) = recover(verifying)
    send(verifying.database, notification(alert(start=START + timedelta(hours=1))), time(), verifying.policy)
    verify.verify(verifying, [number], prometheus_where(lambda _: True))
    assert states(verifying.database) == [("acknowledged", "", 1)]


def test_a_missing_watchdog_opens_a_ticket_and_its_return_resolves_it(database: Database, time: Time) -> None:
    assert watchdog.watch(database, POLICY, time()) is None
    time.pass_(minutes=5, seconds=1)
    done = watchdog.watch(database, POLICY, time())
    assert done is not None
    assert done.opened == 1
    assert watchdog.watch(database, POLICY, time()) is None
    # The reconciler knows that no Alertmanager has this alarm.
    memory = Memory()
    for _ in range(3):
        assert reconcile(database, [State((), LONG_AGO)], POLICY, time(), memory) == {}
    watch = {**alert(), "labels": {"alertname": "Watchdog", "severity": "none"}}
    assert send(database, notification(watch, alertname="Watchdog"), time()) == {"watchdog": 1}
    assert watchdog.watch(database, POLICY, time()) is not None
    assert states(database) == [("resolved", "recovered", 0)]
    with database.read() as connection:
        assert heartbeats.last(connection, "Watchdog") == time()
