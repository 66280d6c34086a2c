"""Alarms of one cause make one ticket, on both databases: through the webhook's own path, with time passing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alerts.desk.alarms.alertmanager import Group, State
from alerts.desk.alarms.correlation import by_hand, store, topology
from alerts.desk.alarms.correlation.correlator import NODES as NODES_QUERY
from alerts.desk.alarms.correlation.correlator import QUIET, Correlator
from alerts.desk.alarms.correlation.grouping import AFTERMATH, WAIT
from alerts.desk.alarms.correlation.lineup import QUERY
from alerts.desk.alarms.correlation.topology import Link, Node, Plan
from alerts.desk.alarms.ingest import ingest
from alerts.desk.alarms.reconcile import Memory, reconcile
from alerts.desk.alarms.release import pass_time
from alerts.desk.alarms.settle import settle_down
from alerts.desk.alarms.webhook import parse
from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm, ticket
from alerts.desk.tickets import queries
from alerts.desk.tickets.events import NoteAdded
from service.prometheus import Sample
from tests.contract.desk.alarms.test_ingest import POLICY, Time
from tests.contract.desk.payloads import START, alert, notification

NODES = [Node("origin-1", "almaty", "origin"), *(Node(f"edge-{number}", "almaty", "edge") for number in range(1, 6))]
CHANNELS = 20


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def correlator() -> Correlator:
    return correlator_of_the_platform()


def correlator_of_the_platform() -> Correlator:
    """Return one that knows the nodes as Prometheus names them."""
    made = Correlator(Plan(by_default=True))
    channels = [Sample({"channel": f"ch{number:02d}", "site": "almaty"}, 5.0) for number in range(1, CHANNELS + 1)]
    nodes = [Sample({"node": node.name, "site": node.site, "role": node.role}, 1.0) for node in NODES]
    made.learn(lambda query: {NODES_QUERY: nodes, QUERY: channels}.get(query, []))
    return made


def told(database: Database, correlator: Correlator, time: Time, *alerts: dict[str, Any]) -> None:
    """Send each alert as a notification of its own, as Alertmanager's groups are."""
    for each in alerts:
        labels = each["labels"]
        group = {name: labels[name] for name in ("alertname", "site", "node", "channel") if name in labels}
        ingest(database, parse(json.dumps(notification(each, **group)).encode()), POLICY, time(), correlator)


def stale(channel: str, node: str, *, firing: bool = True) -> dict[str, Any]:
    return alert(node, firing=firing, alertname="StreamStale", channel=channel, layer="stream", component="stream")


def packager(*, firing: bool = True) -> dict[str, Any]:
    return alert("origin-1", firing=firing, alertname="NodeProcessMissing", layer="service", severity="major")


def errors_on(node: str, *, firing: bool = True) -> dict[str, Any]:
    return alert(node, firing=firing, alertname="EdgeErrorRatioHigh", layer="service", component="edge", service="ott")


def settled(database: Database, correlator: Correlator, time: Time) -> int:
    time.pass_(seconds=QUIET.total_seconds() + 1)
    return settle_down(database, correlator, POLICY, time())


def rows(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(ticket).order_by(ticket.c.id)).mappings())


def causes(database: Database) -> dict[int, int]:
    with database.read() as connection:
        found = store.causes_of(connection, [row["id"] for row in rows(database)])
    return {number: cause for number, (cause, _) in found.items()}


def effects(database: Database) -> dict[int, tuple[int, int]]:
    """Return, by ticket, how many alarms it has, and how many of them are effects."""
    with database.read() as connection:
        found = connection.execute(select(alarm.c.ticket_id, alarm.c.effect)).all()
    numbers = {number for number, _ in found}
    return {one: (sum(t == one for t, _ in found), sum(t == one and e for t, e in found)) for one in numbers}


def later(database: Database, correlator: Correlator, time: Time, span: timedelta) -> int:
    time.pass_(seconds=span.total_seconds() + 1)
    return pass_time(database, correlator, POLICY, time())


def test_effects_that_come_after_their_cause_are_its_alarms(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, packager(), *(stale("ch01", f"edge-{number}") for number in range(1, 6)))
    (row,) = rows(database)
    assert (row["firing"], row["priority"]) == (1, "P1")  # as urgent as its worst effect
    assert effects(database) == {row["id"]: (6, 5)}


def test_effects_that_come_first_wait_and_go_to_the_cause(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, *(stale("ch01", f"edge-{number}") for number in range(1, 6)))
    assert rows(database) == []
    time.pass_(seconds=5)
    told(database, correlator, time, packager())
    (row,) = rows(database)
    assert effects(database) == {row["id"]: (6, 5)}
    assert later(database, correlator, time, WAIT) == 0


def test_effects_without_a_cause_become_one_ticket_that_says_what_is_inferred(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, *(stale("ch07", f"edge-{number}") for number in range(1, 6)))
    assert later(database, correlator, time, WAIT) == 1
    (row,) = rows(database)
    assert row["names"]["en"] == "Channel ch07 fails on 5 nodes: its source is suspected"
    assert row["firing"] == 5
    told(database, correlator, time, *(stale("ch07", f"edge-{number}", firing=False) for number in range(1, 5)))
    assert rows(database)[0]["firing"] == 1  # members count: it is not repaired yet


def test_a_ticket_is_folded_under_a_later_cause_and_resolves_with_its_own_alarms(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, stale("ch01", "edge-1"))
    later(database, correlator, time, WAIT)
    told(database, correlator, time, packager())
    first, second = rows(database)
    assert (first["status"], first["status_reason"]) == ("held", "cause")
    assert causes(database) == {first["id"]: second["id"]}
    told(database, correlator, time, stale("ch01", "edge-1", firing=False), packager(firing=False))
    assert [row["status"] for row in rows(database)] == ["resolved", "resolved"]


def test_an_effect_of_two_causes_goes_to_the_deeper_one_and_back_when_that_has_ended(
    database: Database, correlator: Correlator, time: Time
) -> None:
    channel = stale("ch01", "edge-1")
    told(database, correlator, time, packager(), channel, stale("ch01", "edge-2"))
    time.pass_(seconds=20)
    dead = alert("edge-1", alertname="NodeDown", layer="node", severity="critical")
    told(database, correlator, time, dead)
    first, second = rows(database)
    assert effects(database) == {first["id"]: (2, 1), second["id"]: (2, 1)}
    told(database, correlator, time, channel)  # a repeat is heard by the ticket that has it now
    assert effects(database) == {first["id"]: (2, 1), second["id"]: (2, 1)}
    told(database, correlator, time, alert("edge-1", firing=False, alertname="NodeDown", layer="node"))
    assert later(database, correlator, time, AFTERMATH) == 0  # the packager is still down
    assert effects(database) == {first["id"]: (3, 2), second["id"]: (1, 0)}
    with database.read() as connection:
        notes = [body.text for each in queries.timeline(connection, [first["id"]])[first["id"]]
                 if isinstance(body := each.body, NoteAdded)]  # fmt: skip
    assert [note.split(":")[0] for note in notes] == [
        f"Problems moved to ticket {second['id']}, whose cause explains them better",
        f"Problems moved here from ticket {second['id']}, as this cause explains them better",
    ]


def test_what_outlives_its_cause_comes_out_again(database: Database, correlator: Correlator, time: Time) -> None:
    told(database, correlator, time, stale("ch01", "edge-1"))
    later(database, correlator, time, WAIT)
    told(database, correlator, time, packager(), stale("ch02", "edge-2"), packager(firing=False))
    assert later(database, correlator, time, AFTERMATH) == 1
    folded, cause, released = rows(database)
    assert (folded["status"], cause["status"]) == ("inProgress", "resolved")
    assert (released["labels"]["channel"], released["firing"]) == ("ch02", 1)
    assert causes(database) == {}
    assert effects(database)[cause["id"]] == (1, 0)


def test_what_outlives_its_cause_together_is_one_ticket_again(
    database: Database, correlator: Correlator, time: Time
) -> None:
    channels = [stale("ch05", f"edge-{number}") for number in range(1, 6)]
    told(database, correlator, time, packager(), *channels, packager(firing=False))
    assert later(database, correlator, time, AFTERMATH) == 1
    cause, released = rows(database)
    assert (cause["status"], released["firing"]) == ("resolved", 5)
    assert released["names"]["en"] == "Channel ch05 fails on 5 nodes: its source is suspected"
    assert effects(database) == {cause["id"]: (1, 0), released["id"]: (5, 0)}
    told(database, correlator, time, *channels)  # a repeat is heard by the ticket that has it now
    assert effects(database) == {cause["id"]: (1, 0), released["id"]: (5, 0)}
    told(database, correlator, time, *(stale("ch05", f"edge-{number}", firing=False) for number in range(1, 6)))
    assert [row["status"] for row in rows(database)] == ["resolved", "resolved"]


def test_an_effect_that_comes_back_in_the_aftermath_is_given_as_long_again_and_not_longer(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, stale("ch03", "edge-3"))
    later(database, correlator, time, WAIT)  # has a ticket of its own, which is folded
    told(database, correlator, time, packager(), stale("ch01", "edge-1"))
    repaired = [packager(firing=False), stale("ch01", "edge-1", firing=False), stale("ch03", "edge-3", firing=False)]
    told(database, correlator, time, *(each | {"endsAt": time().isoformat()} for each in repaired))
    time.pass_(seconds=AFTERMATH.total_seconds() - 20)
    begun = [stale("ch01", "edge-1"), stale("ch03", "edge-3"), stale("ch02", "edge-2")]
    told(database, correlator, time, *(each | {"startsAt": time().isoformat()} for each in begun))
    assert later(database, correlator, time, timedelta(seconds=30)) == 1
    folded, cause, new = rows(database)
    assert (new["labels"]["channel"], cause["status"]) == ("ch02", "resolved")  # it was never there before
    assert causes(database) == {folded["id"]: cause["id"]}
    assert later(database, correlator, time, AFTERMATH) == 1
    assert rows(database)[-1]["labels"]["channel"] == "ch01"
    assert causes(database) == {}


def test_a_member_of_an_inferred_cause_goes_to_the_cause_of_its_own_once_it_is_quiet(
    database: Database, correlator: Correlator, time: Time
) -> None:
    errors = [errors_on(f"edge-{number}") for number in range(1, 6)]
    told(database, correlator, time, *errors)
    later(database, correlator, time, WAIT)
    ended = alert("edge-5", alertname="NodeProcessMissing", layer="service", severity="major")
    told(database, correlator, time, ended)
    inferred, cause = rows(database)
    assert (inferred["firing"], cause["firing"]) == (5, 1)
    assert settled(database, correlator, time) == 0
    assert [row["firing"] for row in rows(database)] == [4, 1]
    assert effects(database) == {inferred["id"]: (4, 0), cause["id"]: (2, 1)}
    assert "the same on 4 nodes" in rows(database)[0]["names"]["en"]
    told(database, correlator, time, *errors)  # a repeat is heard by the ticket that has it now
    assert effects(database) == {inferred["id"]: (4, 0), cause["id"]: (2, 1)}
    told(database, correlator, time, *(errors_on(f"edge-{number}", firing=False) for number in range(1, 5)))
    assert [row["status"] for row in rows(database)] == ["resolved", "acknowledged"]


def test_the_ticket_whose_first_alarm_has_a_cause_of_its_own_is_folded_and_the_others_get_one(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, *(errors_on(f"edge-{number}") for number in range(1, 6)))
    later(database, correlator, time, WAIT)
    (inferred,) = rows(database)
    first = inferred["labels"]["node"]
    told(database, correlator, time, alert(first, alertname="NodeProcessMissing", layer="service", severity="major"))
    assert settled(database, correlator, time) == 1
    folded, cause, new = rows(database)
    assert (folded["status"], folded["firing"], new["firing"]) == ("held", 1, 4)
    assert causes(database) == {folded["id"]: cause["id"]}
    assert "the same on 4 nodes" in new["names"]["en"]
    assert settled(database, correlator, time) == 0


def test_both_members_of_a_group_explain_what_stood_before_the_second_one_failed(
    database: Database, time: Time
) -> None:
    links = (Link("origins", "role:edge"),)
    correlator = Correlator(Plan(feeds=links, groups=(topology.Group("origins", ("origin-1", "origin-2"), 1),)))
    nodes = [*NODES, Node("origin-2", "almaty", "origin")]
    samples = [Sample({"node": node.name, "site": node.site, "role": node.role}, 1.0) for node in nodes]
    correlator.learn(lambda query: {NODES_QUERY: samples}.get(query, []))
    told(database, correlator, time, alert("origin-1", layer="node"), stale("ch01", "edge-1"))
    later(database, correlator, time, WAIT)
    first, channel = rows(database)
    told(database, correlator, time, alert("origin-2", layer="node"))
    settled(database, correlator, time)
    assert causes(database) == {channel["id"]: first["id"]}


def test_a_folded_ticket_keeps_its_alarms(database: Database, correlator: Correlator, time: Time) -> None:
    told(database, correlator, time, *(stale("ch07", f"edge-{number}") for number in range(1, 6)))
    later(database, correlator, time, WAIT)
    told(database, correlator, time, packager())
    inferred, cause = rows(database)
    assert causes(database) == {inferred["id"]: cause["id"]}
    assert settled(database, correlator, time) == 0
    assert effects(database) == {inferred["id"]: (5, 0), cause["id"]: (1, 0)}
    assert causes(database) == {inferred["id"]: cause["id"]}


def test_nothing_is_settled_while_alarms_come_and_nothing_that_engineers_grouped(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, *(errors_on(f"edge-{number}") for number in range(1, 6)))
    later(database, correlator, time, WAIT)
    told(database, correlator, time, alert("edge-5", alertname="NodeProcessMissing", layer="service"))
    assert settle_down(database, correlator, POLICY, time()) == 0
    with database.write() as connection:
        by_hand.decide(connection, rows(database)[0]["id"], ["any problem"], together=True)
    settled(database, correlator, time)
    assert [row["firing"] for row in rows(database)] == [5, 1]


def test_an_alarm_that_comes_and_goes_while_it_waits_is_not_lost(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, stale("ch01", "edge-1"), stale("ch01", "edge-1", firing=False))
    assert rows(database) == []
    later(database, correlator, time, WAIT)
    (row,) = rows(database)
    assert (row["firing"], row["status"]) == (0, "resolved")


def test_an_alert_that_comes_again_without_its_time_while_it_waits_keeps_the_time_that_was_told(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, stale("ch01", "edge-1"))
    time.pass_(seconds=5)
    again = stale("ch01", "edge-1")
    del again["startsAt"]
    told(database, correlator, time, again)
    assert later(database, correlator, time, WAIT) == 1
    with database.read() as connection:
        assert list(connection.scalars(select(alarm.c.starts_at))) == [START]


def test_alarms_without_a_layer_open_tickets_as_ever(database: Database, correlator: Correlator, time: Time) -> None:
    told(database, correlator, time, alert("edge-1"), alert("edge-2"))
    assert len(rows(database)) == 2


def test_what_waits_is_there_after_a_restart(database: Database, correlator: Correlator, time: Time) -> None:
    told(database, correlator, time, stale("ch01", "edge-1"))
    again = Correlator(Plan(by_default=True))
    assert later(database, again, time, WAIT) == 1
    assert time() > START


def test_the_reconciler_does_not_repair_what_waits(database: Database, correlator: Correlator, time: Time) -> None:
    one = stale("ch01", "edge-1")
    told(database, correlator, time, one)
    group = {name: one["labels"][name] for name in ("alertname", "site", "node", "channel")}
    active = parse(json.dumps(notification(one, **group)).encode()).alerts
    state = State((Group(group, active, ()),), START - timedelta(hours=1))
    assert not reconcile(database, [state], POLICY, time(), Memory(), correlator)
    assert rows(database) == []
