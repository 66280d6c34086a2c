"""Whatever happens to an appeal in whatever order, its time is counted once and never backwards."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.desk.appeals import events as ev
from alerts.desk.appeals.clocks import read
from alerts.desk.appeals.events import Body, Event
from alerts.desk.appeals.states import AnswerBy, Queue, Status
from alerts.desk.appeals.terms import Terms
from alerts.desk.tickets.clock import State
from tests.unit.desk.appeals.clock_cases import CALENDARS, MONDAY

TERMS = Terms()
BODIES: list[Body] = [
    *(ev.Moved(status) for status in (Status.PENDING, Status.IN_PROGRESS, Status.HELD, Status.RESOLVED, Status.CLOSED)),
    *(ev.Queued(queue) for queue in (Queue.BRANCH, Queue.SUPPLIER)),
    *(ev.Taken(), ev.RequestSent(), ev.RequestReceived(), ev.SupplierReplied(), ev.Repeated(), ev.CallFailed()),
    *(ev.FaultFound("vendor", "7"), ev.FaultFound("vendor"), ev.FaultFound("supplier")),
    *(ev.AnswerSent(AnswerBy.EMAIL), ev.AnswerBounced(), ev.ClaimReceived(), ev.ClaimAnswered()),
    *(ev.CompensationMoved("proposed"), ev.CompensationMoved("told")),
]
MINUTES = st.integers(-600, 6000)


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Return up to 12 events at any moments, also backwards, after a registration."""
    result = [Event(MONDAY, "desk", ev.Registered(MONDAY - timedelta(minutes=draw(st.integers(0, 300)))))]
    for _ in range(draw(st.integers(0, 11))):
        moment = MONDAY + timedelta(minutes=draw(MINUTES))
        since = moment - timedelta(minutes=draw(st.integers(0, 60)))
        body = draw(st.sampled_from([*BODIES, ev.AnswerDelivered(since)]))
        result.append(Event(moment, "desk", body))
    return result


def by_the_minute(log: list[Event], until: int) -> int:
    """Count the minutes without an answer, one by one: what a person with a stopwatch would write down."""
    start = min(log[0].body.appealed_at, log[0].at) if isinstance(log[0].body, ev.Registered) else log[0].at
    first = int((start - MONDAY).total_seconds()) // 60
    counted = set(range(first, until))
    answered: set[int] | None = None
    latest = 0
    runs, stopped = True, first
    for event in log:
        latest = max(latest, int((event.at - MONDAY).total_seconds()) // 60)
        body = event.body
        if isinstance(body, ev.AnswerDelivered) and runs:
            since = min(int((body.since - MONDAY).total_seconds()) // 60, latest)
            answered = set(counted)
            counted = {minute for minute in counted if minute < max(since, stopped)}
            runs = False
        elif isinstance(body, ev.AnswerBounced) and answered is not None:
            counted, answered, runs = answered, None, True
        elif isinstance(body, ev.Moved) and body.new is Status.PENDING and runs:
            counted = {minute for minute in counted if minute < latest}
            runs, answered = False, None
        elif isinstance(body, ev.Moved) and body.new in (Status.IN_PROGRESS, Status.HELD) and not runs:
            counted |= set(range(latest, until))
            runs, answered, stopped = True, None, latest
    return len({minute for minute in counted if minute < until})


@given(logs(), st.integers(-700, 9000))
@settings(max_examples=150)
def test_used_and_left_make_the_target(log: list[Event], asked: int) -> None:
    now = MONDAY + timedelta(minutes=asked)
    for clock in read(log, TERMS, CALENDARS, now).values():
        assert clock.used >= 0
        assert clock.used + clock.left == clock.target
        assert (clock.deadline is not None) == (clock.state is State.RUNNING)
        if clock.deadline is not None and clock.name != "law":
            assert clock.late == (clock.used >= clock.target)
        later = read(log, TERMS, CALENDARS, now + timedelta(hours=1)).get(clock.name)
        # A clock of another moment is the same one, and no time is given back.
        assert later is None or later.used >= clock.used


@given(logs())
@settings(max_examples=150)
def test_pauses_are_what_a_stopwatch_shows(log: list[Event]) -> None:
    only_answer = [event for event in log if not isinstance(event.body, ev.FaultFound)]
    until = 7000  # after every event
    found = read(only_answer, TERMS, CALENDARS, MONDAY + timedelta(minutes=until))["answer"]
    assert found.used == by_the_minute(only_answer, until) * 60
