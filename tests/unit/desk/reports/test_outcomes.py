"""Reports: a table worked out by hand, and what holds for any tickets."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.reports import outcomes as reports
from alerts.desk.reports.outcomes import OTHERS, Case, Fact, Figures, Outcome, Stay, Times, report, times
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.events import Event, HandedOver, StatusChanged, Taken
from alerts.desk.tickets.policy import Target
from alerts.desk.tickets.states import Status
from tests.unit.desk.reports.report_cases import NOW, POLICY, cases
from tests.unit.desk.tickets.clocks import log

MADE = report(cases(), POLICY, NOW)
HOUR = 3600.0


def outcomes(each: Figures) -> tuple[int, ...]:
    return each.opened, *(each.outcomes[outcome] for outcome in Outcome)


def test_every_ticket_has_the_outcome_worked_out_by_hand() -> None:
    told = "in_time breached in_time in_time in_time in_time in_time in_time breached withdrawn breached open open"
    assert [each.outcome.value for each in MADE.facts] == told.split()


def test_every_ticket_has_the_times_worked_out_by_hand() -> None:
    minutes = [
        (4, 120, 120), (20, 300, 300), (10, 180, 360), (None, 3, 3), (10, 120, 120), (5, 120, 120), (5, 120, 120),
        (5, 65, 300), (5, 290, 300), (None, None, None), (5, None, None), (None, None, None), (5, None, None),
    ]  # fmt: skip
    seconds = [tuple(None if value is None else value * 60.0 for value in each) for each in minutes]
    assert [(each.acknowledged, each.restored, each.elapsed) for each in MADE.facts] == seconds
    assert [each.case.number for each in MADE.facts if each.acknowledged_late] == [2, 10, 12]


def test_the_whole() -> None:
    total = MADE.total
    assert outcomes(total) == (13, 7, 3, 1, 2)
    assert total.share == 0.7
    assert total.acknowledged_late == 3
    assert total.acknowledge == Times(10, 444.0, 300.0, 600.0)
    assert total.restore == Times(9, 79080 / 9, 7200.0, 18000.0)
    assert total.elapsed == Times(9, 11620.0, 7200.0, 21600.0)


def test_months_are_those_of_the_local_clock() -> None:
    assert {name: outcomes(each) for name, each in MADE.months.items()} == {
        "2026-10": (5, 4, 1, 0, 0),
        "2026-11": (8, 3, 2, 1, 2),
    }
    assert MADE.months["2026-10"].restore == Times(5, 8676.0, 7200.0, 18000.0)


def test_sites_priorities_severities() -> None:
    assert {name: outcomes(each) for name, each in MADE.sites.items()} == {
        "": (1, 0, 0, 1, 0),
        "almaty": (5, 3, 2, 0, 0),
        "astana": (5, 3, 1, 0, 1),
        "oskemen": (2, 1, 0, 0, 1),
    }
    assert [(name, each.opened) for name, each in MADE.priorities.items()] == [("P1", 6), ("P2", 4), ("P3", 3)]
    assert [name for name, _ in MADE.severities.items()] == ["critical", "major", "minor"]
    assert MADE.sites[""].share is None  # nothing to judge is no share, not none in time
    assert MADE.sites[""].restore == Times(0, None, None, None)


def test_vendors() -> None:
    assert {name: each.opened for name, each in MADE.vendors.items()} == {"": 10, "Lenient": 2, "Strict": 2}
    strict, lenient = MADE.contracts["Strict"], MADE.contracts["Lenient"]
    assert (strict.handed_over, strict.accepted_late, strict.late) == (2, 0, 0)
    assert strict.work == Times(2, HOUR, HOUR, 1.5 * HOUR)
    assert (lenient.handed_over, lenient.accepted_late, lenient.late) == (2, 2, 1)
    assert lenient.work == Times(2, 2.25 * HOUR, 2.25 * HOUR, 3 * HOUR)


def test_a_vendor_that_left_the_settings_has_its_tickets_and_no_times() -> None:
    start = NOW - timedelta(hours=2)
    events = log([(start, "open"), (start + timedelta(minutes=5), "to Gone")])
    case = Case(1, start.astimezone(UTC), Status.HELD, "P1", "critical", "almaty", "n", "{}")
    made = report([(case, events)], POLICY, NOW)
    assert made.vendors["Gone"].opened == 1
    assert made.contracts["Gone"].work == Times(0, None, None, None)


def test_a_breached_ticket_that_was_cancelled_stays_breached() -> None:
    start = NOW - timedelta(days=1)
    events = log([(start, "open"), (start + timedelta(minutes=5), "take")])
    case = Case(1, start.astimezone(UTC), Status.CANCELLED, "P1", "critical", "almaty", "n", "{}")
    assert report([(case, events)], POLICY, NOW).facts[0].outcome is Outcome.BREACHED


def test_too_many_sites_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MAX_NAMES", 2)
    made = report(cases(), POLICY, NOW)
    assert [(name, each.opened) for name, each in made.sites.items()] == [("almaty", 5), ("astana", 5), (OTHERS, 3)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Times(0, None, None, None)),
        ([None, 5.0], Times(1, 5.0, 5.0, 5.0)),
        ([float(value) for value in range(10, 0, -1)], Times(10, 5.5, 5.5, 9.0)),
        ([float(value) for value in range(1, 12)], Times(11, 6.0, 6.0, 10.0)),
    ],
)
def test_mean_median_and_nearest_rank(values: list[float | None], expected: Times) -> None:
    assert times(values) == expected


STEPS = st.sampled_from(
    ["take", "pending", "held spares", "resume", "resolve", "close", "reopen", "to Strict", "to Lenient", "accept"]
)
OPENED = datetime(2026, 10, 31, 12, tzinfo=UTC)


@given(st.lists(st.lists(st.tuples(st.integers(0, 300), STEPS), max_size=8)))
def test_the_outcomes_always_add_up_and_every_table_has_every_ticket(told: list[list[tuple[int, str]]]) -> None:
    made = []
    for number, steps in enumerate(told):
        at, moments = OPENED + timedelta(hours=number), []
        opened = at
        for minutes, word in steps:
            at += timedelta(minutes=minutes)
            moments.append((at, word))
        events = log([(opened, "open"), *moments])
        state = clock.intervals(events)[-1].status
        made.append((Case(number, opened, state, "P1", "major", f"site-{number % 3}", "n", "{}"), events))
    found = report(made, POLICY, OPENED + timedelta(days=40))
    assert found.total.opened == sum(found.total.outcomes.values()) == len(told)
    for table in (found.months, found.sites, found.priorities, found.severities):
        assert sum(each.opened for each in table.values()) == len(told)
    assert sum(each.opened for each in found.vendors.values()) >= len(told)
    for each in found.facts:
        if each.case.status is Status.RESOLVED:
            assert each.restored is not None
            assert each.elapsed is not None
            assert each.restored <= each.elapsed + 1e-6
        if each.outcome is Outcome.IN_TIME:
            assert each.restored is not None


def by_clocks(case: Case, events: list[Event]) -> Fact:
    """Say of a ticket what its own clocks say, one by one."""
    acknowledge, restore = clock.of_ncc(events, case.priority, POLICY, NOW).values()
    ended = [each.at for each in events if isinstance(each.body, (Taken, HandedOver))]
    resolved = [each.at for each in events if isinstance(each.body, StatusChanged) and each.body.new is Status.RESOLVED]
    restored = case.status in (Status.RESOLVED, Status.CLOSED)
    stays = []
    for name in dict.fromkeys(each.body.vendor for each in events if isinstance(each.body, HandedOver)):
        accept, work = clock.of_vendor(events, POLICY.vendors[name], NOW).values()
        stays.append(Stay(name, work.used, work.breached, accept.breached))
    return Fact(
        case=case,
        month=date(2026, 10, 1),
        outcome=Outcome.BREACHED if restore.breached else Outcome.IN_TIME if restored else Outcome.OPEN,
        acknowledged=acknowledge.used if acknowledge.spans[0][1] in [max(OPENED, at) for at in ended] else None,
        acknowledged_late=acknowledge.breached,
        restored=restore.used if restored else None,
        elapsed=max(0.0, (resolved[-1] - OPENED).total_seconds()) if restored and resolved else None,
        stays=tuple(stays),
    )


@given(st.lists(st.lists(st.tuples(st.integers(-1, 3), STEPS), max_size=6), min_size=1))
def test_tickets_that_went_the_same_way_have_their_own_times(told: list[list[tuple[int, str]]]) -> None:
    """Steps fall on one moment and machine clocks run back; each life is told once more, later, at another pace."""
    made: list[tuple[Case, list[Event]]] = []
    for steps in told:
        for pace in (50, 7):
            at, moments = OPENED, [(OPENED, "open")]
            for length, word in steps:
                at += timedelta(minutes=length * pace)
                moments.append((at, word))
            events = log(moments)
            state = clock.intervals(events)[-1].status
            made.append((Case(len(made), OPENED, state, "P1", "major", "", "n", "{}"), events))
    assert report(made, POLICY, NOW).facts == [by_clocks(case, events) for case, events in made]


@pytest.mark.parametrize(("resolved", "outcome"), [(14, Outcome.IN_TIME), (15, Outcome.BREACHED)])
def test_a_raised_ticket_is_judged_from_the_raise_and_its_time_told_from_the_opening(
    resolved: int, outcome: Outcome
) -> None:
    relaxed = Target(2 * HOUR, 24 * HOUR, POLICY.targets["P3"].calendar)
    rules = replace(POLICY, targets={**POLICY.targets, "P3": relaxed})
    steps = ((0, "open P3"), (1, "take"), (10, "priority P1"), (resolved, "resolve"))
    events = log([(OPENED + timedelta(hours=hour), step) for hour, step in steps])
    found = reports.fact(Case(1, OPENED, Status.RESOLVED, "P1", "critical", "", "", "{}"), events, rules, NOW)
    assert found.outcome is outcome, "P1 has four hours, from ten o'clock on"
    assert not found.acknowledged_late, "it was taken within P3's two hours"
    assert (found.acknowledged, found.restored) == (HOUR, resolved * HOUR)
