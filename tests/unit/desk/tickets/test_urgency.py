"""Tickets whose priority changes, against an oracle that counts their minutes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.core.actors import DESK
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.settings import PRIORITIES
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.calendars import Always, Calendar, business_hours
from alerts.desk.tickets.events import Event, Opened, PriorityChanged, Warned
from alerts.desk.tickets.policy import Policy, Target
from alerts.desk.tickets.store import fresh
from alerts.desk.tickets.timers import pass_time
from tests.unit.desk.tickets.clocks import policy

START = datetime(2026, 3, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TARGETS = {"P1": 60, "P2": 150, "P3": 400, "P4": 900}  # minutes
LUNCH: Calendar = business_hours(CalendarSettings(hours=("09:00-13:00", "14:00-18:00")), ZoneInfo("Asia/Almaty"))


def rules(calendar: Calendar) -> Policy:
    targets = {name: Target(600.0, minutes * 60.0, calendar) for name, minutes in TARGETS.items()}
    return replace(policy(calendar), targets=targets)


def log(changes: list[tuple[int, str]]) -> list[Event]:
    """Return the events of a ticket with the priorities that it had, from minute 0 on."""
    first, *rest = changes
    events = [Event(START, DESK, Opened(first[1]))]
    return events + [Event(START + at * MINUTE, "A", PriorityChanged(to, "viewers")) for at, to in rest]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, str]]:
    moments = sorted(draw(st.sets(st.integers(1, 600), max_size=4)))
    return [(at, draw(st.sampled_from(PRIORITIES))) for at in (0, *moments)]


@cache
def worked(minute: int) -> bool:
    return LUNCH.working(START + minute * MINUTE, START + (minute + 1) * MINUTE) > 0


def counted(changes: list[tuple[int, str]], calendar: Calendar) -> datetime:
    """Return the deadline: each priority's target counts the minutes at that urgency or a greater one."""
    used = dict.fromkeys(PRIORITIES, 0)
    now = changes[-1][1]
    bound = [name for name in PRIORITIES if name >= now and name in {given for _, given in changes}]
    for minute in count():
        given = [name for since, name in changes if since <= minute][-1]
        if calendar is not LUNCH or worked(minute):
            for name in PRIORITIES:
                used[name] += given <= name
        if any(used[name] == TARGETS[name] for name in bound):
            return START + (minute + 1) * MINUTE
    raise AssertionError


@given(histories(), st.sampled_from([Always(), LUNCH]))
def test_the_deadline_is_that_of_counted_minutes(changes: list[tuple[int, str]], calendar: Calendar) -> None:
    now = START + changes[-1][0] * MINUTE
    found = clock.read(log(changes), changes[-1][1], rules(calendar), now)["restore"]
    assert found.deadline == counted(changes, calendar)


@given(histories(), st.sampled_from([Always(), LUNCH]), st.integers(1, 300))
def test_raising_neither_makes_overdue_nor_moves_a_deadline_later(
    changes: list[tuple[int, str]], calendar: Calendar, later: int
) -> None:
    at = changes[-1][0] + later
    before, after = (
        clock.read(log(each), each[-1][1], rules(calendar), START + at * MINUTE)["restore"]
        for each in (changes, [*changes, (at, "P1")])
    )
    assert before.deadline
    assert after.deadline
    assert after.deadline <= before.deadline
    if all(given >= changes[-1][1] for _, given in changes):
        assert after.breached == before.breached


def test_each_target_warns_by_itself_and_once() -> None:
    draft = fresh(priority="P3", ticket_type="incident", status_at=START)
    draft.log = [Event(START, DESK, Opened("P3"))]
    told = []
    for minute in (201, 230, 260, 275, 289, 290):
        now = START + minute * MINUTE
        if minute == 230:
            draft.priority = "P1"
            draft.record(now, PriorityChanged("P1", "alarm"), DESK)
        pass_time(draft, rules(Always()), now)
        told += [
            (minute, each.body.priority, each.body.percent)
            for each in draft.events
            if isinstance(each.body, Warned) and each.body.clock == "restore"
        ]
        draft.log, draft.events = [*draft.log, *draft.events], []
    assert told == [(201, "P3", 50), (260, "P1", 50), (275, "P1", 75), (289, "P1", 90), (290, "P1", 100)]
