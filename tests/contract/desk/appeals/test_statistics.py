"""Statistics of appeals: equal to a plain recount of the event log, before and after contacts are deleted."""

import math
from collections import defaultdict
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from alerts.desk.appeals import actions, billing_watch, compensations, statistics, timers
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.billing_watch import Seen
from alerts.desk.appeals.events import Event
from alerts.desk.appeals.states import AnswerBy, Entry, IllegalStepError, Status
from alerts.desk.appeals.statistics import CLOCKS, DIMENSIONS, FIGURES, Group
from alerts.desk.core.appeal_tables import appeal, appeal_contact
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import Bureau, rules

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
ENDED = {"closed", "rejected", "cancelled"}


def grow(bureau: Bureau, random: Random, steps: int) -> list[int]:
    """Let customers appeal and people act at random; what the state does not allow is not done."""
    numbers: list[int] = []
    for _ in range(steps):
        bureau.pass_(minutes=random.choice((1, 5, 20, 60, 600)))
        timers.run_due(bureau.database, bureau.rules, bureau.now)
        if len(numbers) < 3 or random.random() < 0.3:
            entry = random.choice((Entry.CALL_160, Entry.CABINET))
            said = bureau.say(
                entry=entry,
                broadband="works" if entry is Entry.CALL_160 else "unknown",
                number=f"8701234567{random.randrange(6)}",
                code=random.choice(("01", "02", "05")),
                region=random.choice(("Astana", "Almaty")),
                service=random.choice(("ott", "iptv")),
                answer_by=random.choice((AnswerBy.EMAIL, AnswerBy.MOBILE)),
                email="saule@example.kz",
                claim=random.random() < 0.2,
            )
            if said.number is not None and said.number not in numbers:
                numbers.append(said.number)
            continue
        with suppress(IllegalStepError):
            act(bureau, bureau.hand(random.choice(numbers[-6:])), random)
    return numbers


def act(bureau: Bureau, hand: Hand, random: Random) -> None:
    steps = (
        lambda: actions.take(hand),
        lambda: actions.forward(hand),
        lambda: actions.request_sent(hand, received=random.random() < 0.5),
        lambda: actions.find_fault(hand, random.choice(("supplier", "vendor")), random.choice(("", "V-1"))),
        lambda: actions.ask_customer(hand, "Which channel?"),
        lambda: actions.resume(hand),
        lambda: actions.answer(hand, "It works again"),
        lambda: answer_and_tell(hand),
        lambda: answer_and_tell(hand),
        lambda: actions.mailed(hand),
        lambda: actions.bounced(hand),
        lambda: actions.called(hand, reached=True),
        lambda: actions.called(hand, reached=False),
        lambda: actions.claim_answered(hand),
        lambda: actions.end(hand, random.choice((Status.REJECTED, Status.CANCELLED))),
        lambda: decide(bureau, random),
    )
    random.choice(steps)()


def answer_and_tell(hand: Hand) -> None:
    actions.answer(hand, "It works again")
    actions.called(hand, reached=True)


def decide(bureau: Bureau, random: Random) -> None:
    with bureau.database.read() as connection:
        open_ones = [each.id for each in compensations.listing(connection, "proposed")]
    if open_ones:
        new = random.choice(("approved", "refused"))
        compensations.move(
            bureau.database, bureau.rules, [random.choice(open_ones)], new, "Dana", bureau.now, "a reason"
        )
        if new == "approved":
            credit(bureau, bureau.export(), random)


def credit(bureau: Bureau, batch: int, random: Random) -> None:
    """Let a person, the agent, or first one and then the other say that the months of a batch were credited."""
    who = random.choice(("nobody", "a person", "the agent", "both"))
    with bureau.database.read() as connection:
        months = [each for each in compensations.listing(connection) if each.export_id == batch]
    if who in ("a person", "both"):
        numbers = [each.id for each in months]
        compensations.move(bureau.database, bureau.rules, numbers, "credited", "Dana", bureau.now)
        compensations.move(bureau.database, bureau.rules, numbers, "told", "Dana", bureau.now)
    if who in ("the agent", "both"):
        for each in months:
            found = {each.id: Seen.CREDITED}
            billing_watch.take_over(bureau.database, bureau.rules, each.service, bureau.now, found, bureau.now)


def recount(bureau: Bureau, numbers: list[int], month: date, dimension: str) -> dict[str, dict[str, Any]]:
    """Count again from nothing but the log and what never changes of an appeal."""
    groups: dict[str, dict[str, Any]] = defaultdict(lambda: {"times": [], "repeats": 0, "appeals": defaultdict(list)})
    for number in numbers:
        log = bureau.log(number)
        (registered,) = [event for event in log if isinstance(event.body, ev.Registered)]
        local = registered.at.astimezone(bureau.rules.calendars.zone)
        if local.date().replace(day=1) != month:
            continue
        row = bureau.appeal(number)
        faults = [event.body.fault for event in log if isinstance(event.body, ev.FaultFound)]
        value = (faults or [""])[-1] if dimension == "fault" else str(getattr(row, dimension))
        status = [event.body.new for event in log if isinstance(event.body, ev.Moved)]
        missed = {event.body.clock for event in log if isinstance(event.body, ev.Late)}
        moves = [event.body.state for event in log if isinstance(event.body, ev.CompensationMoved)]
        by = {(event.actor, event.body.state) for event in log if isinstance(event.body, ev.CompensationMoved)}
        repeats = sum(isinstance(event.body, ev.Repeated) for event in log)
        since = told(log)
        last = str(status[-1]) if status else "acknowledged"
        late = bool(missed & {"answer", "vendor_answer"})
        belongs = {
            "registered": True,
            "open": last not in ENDED,
            **{name: last == name for name in ENDED},
            "answered": since is not None,
            "in_time": since is not None and not late,
            "late": late,
            "repeated": repeats > 0,
            "free_months": bool(moves) and moves[-1] not in ("covered", "refused"),
            "credited": bool({"credited", "told"} & set(moves)),
            "verified": ("billing watch", "credited") in by or "verified" in moves,
            **{f"missed_{clock}": clock in missed for clock in CLOCKS},
        }
        group = groups[value]
        group["repeats"] += repeats
        for name, counted in belongs.items():
            if counted:
                group["appeals"][name].append(number)
        if since is not None and isinstance(registered.body, ev.Registered):
            group["times"].append((since - registered.body.appealed_at).total_seconds())
    return groups


def told(log: list[Event]) -> Any:
    since = None
    for event in log:
        match event.body:
            case ev.AnswerDelivered(moment):
                since = min(moment, event.at)
            case ev.AnswerBounced():
                since = None
            case ev.Moved(new) if new in ("inProgress", "held", "pending"):
                since = None
    return since


def figures(group: Group) -> dict[str, Any]:
    found = {name: numbers for name, numbers in group.appeals.items() if numbers}
    return {"times": sorted(group.resolution), "repeats": group.repeats, "appeals": found}


@pytest.mark.parametrize("seed", range(4))
def test_statistics_equal_a_recount_of_the_log_with_and_without_contacts(quick: Database, seed: int) -> None:
    bureau = Bureau(quick, rules())
    bureau.now += timedelta(days=20)
    numbers = grow(bureau, Random(seed), 120)

    def agree() -> None:
        for month in (MARCH, APRIL):
            with quick.read() as connection:
                cases = statistics.read(connection, month, bureau.rules.calendars.zone)
            for dimension in DIMENSIONS:
                expected = recount(bureau, numbers, month, dimension)
                found = {group.value: figures(group) for group in statistics.grouped(cases, dimension)}
                for group in expected.values():
                    group["times"].sort()
                assert found == expected, (month, dimension)
            whole = statistics.total(cases)
            assert whole.count("registered") == len(cases) == sum(whole.count(name) for name in ("open", *ENDED))

    agree()
    with quick.write() as connection:
        connection.execute(appeal_contact.update().values(delete_after=bureau.now))
    assert timers.forget_contacts(quick, bureau.now) > 0
    agree()


def test_what_random_histories_hold(quick: Database) -> None:
    """The recount proves nothing about figures that no history has."""
    bureau = Bureau(quick, rules())
    grow(bureau, Random(1), 200)
    with quick.read() as connection:
        cases = [
            case for month in (MARCH, APRIL) for case in statistics.read(connection, month, bureau.rules.calendars.zone)
        ]
    whole = statistics.total(cases)
    never = {name for name in FIGURES if not whole.count(name)}
    assert never <= {"missed_vendor_answer", "missed_free_month"}


def test_fastest_share_and_share_in_time(quick: Database) -> None:
    group = Group("")
    assert (group.fastest(0.8), group.share_in_time) == (None, None)
    group.resolution = [float(number) for number in range(20, 0, -1)]
    assert (group.fastest(0.8), group.fastest(0.95)) == (16, 19)
    group.resolution = [7.0]
    assert (group.fastest(0.8), group.fastest(0.95)) == (7, 7)
    for size in range(1, 60):
        group.resolution = [float(number) for number in range(1, size + 1)]
        assert group.fastest(0.8) == -(-size * 8 // 10) == math.ceil(size * 8 / 10)
    bureau = Bureau(quick, rules())
    for place in range(4):
        bureau.registered(number=f"8701234567{place}")
    for number in (1, 2, 3):
        actions.answer(bureau.hand(number), "It works again")
        actions.called(bureau.hand(number), reached=True)
    bureau.pass_(hours=25)
    timers.run_due(bureau.database, bureau.rules, bureau.now)
    with quick.read() as connection:
        whole = statistics.total(statistics.read(connection, MARCH, bureau.rules.calendars.zone))
    assert whole.share_in_time == 0.75


def test_an_appeal_without_a_term_is_neither_in_time_nor_late(quick: Database) -> None:
    bureau = Bureau(quick, rules(scheme1_terms="none"))
    number = bureau.registered()
    bureau.pass_(hours=30)
    actions.answer(bureau.hand(number), "It works again")
    actions.called(bureau.hand(number), reached=True)
    with quick.read() as connection:
        whole = statistics.total(statistics.read(connection, MARCH, bureau.rules.calendars.zone))
    assert (whole.count("answered"), whole.count("in_time"), whole.count("late")) == (1, 0, 0)
    assert (whole.share_in_time, whole.fastest(0.8)) == (None, 30 * 3600)


def test_a_month_is_a_local_one_and_months_tile(quick: Database) -> None:
    bureau = Bureau(quick, rules())
    edge = bureau.now.replace(month=4, day=1, hour=0)
    placed = {edge - timedelta(seconds=1): MARCH, edge: APRIL}
    for place, moment in enumerate(placed):
        bureau.now = moment
        bureau.registered(number=f"8701234567{place}")
    for number, month in enumerate(placed.values(), 1):
        with quick.read() as connection:
            found = statistics.read(connection, month, bureau.rules.calendars.zone)
        assert [case.number for case in found] == [number]
    months = [statistics.month_before(date(2028, 3, 1), back) for back in range(40)]
    assert all(statistics.month_before(later) == earlier for later, earlier in pairwise(months))
    for text in ("2026-13", "2026-00", "26-01", "2026-3", "", "2026-03-01", "２０２６-03"):
        assert statistics.month_of(text) is None
    assert statistics.month_of("2026-03") == MARCH


def test_an_appeal_from_before_routes_were_recorded_is_counted_apart(quick: Database) -> None:
    bureau = Bureau(quick, rules())
    old, new = bureau.registered(), bureau.registered(number="87012345670")
    with quick.write() as connection:
        connection.execute(appeal.update().where(appeal.c.id == old).values(route=None))
    with quick.read() as connection:
        cases = statistics.read(connection, MARCH, bureau.rules.calendars.zone)
    groups = {group.value: group.appeals["registered"] for group in statistics.grouped(cases, "route")}
    assert groups == {"": [old], "RT3": [new]}
