"""Random lives of tickets: time is never negative, never counted twice, and pausing never shortens a deadline."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.core.actors import DESK
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.calendars import Always, BusinessHours, Calendar, business_hours
from alerts.desk.tickets.clock import State
from alerts.desk.tickets.event_json import from_json, to_json
from alerts.desk.tickets.events import Accepted, Event, EventBody, HandedOver, Opened, Returned, Warned
from alerts.desk.tickets.states import MOVES, TERMINAL, VENDOR, Status
from tests.unit.desk.tickets.clocks import log, policy, status

START = datetime(2026, 3, 27, 6, 0, tzinfo=UTC)  # two days before Europe's clocks go forward
ZONES = ("Asia/Almaty", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
WEEKENDS = CalendarSettings(days=("saturday", "sunday"), opens="01:00", closes="04:00", holidays="")
CALENDARS: list[Calendar] = [
    Always(),
    *(business_hours(CalendarSettings(holidays=""), ZoneInfo(zone)) for zone in ZONES),
    business_hours(
        CalendarSettings(days=("saturday", "sunday"), opens="01:00", closes="04:00", holidays=""),
        ZoneInfo("Europe/Berlin"),
    ),
]


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """A life that the life cycle allows, with gaps of seconds to days; some machine clocks run back a little."""
    at, state, vendor = START, Status.ACKNOWLEDGED, ""
    events = [Event(at, DESK, Opened())]
    for _ in range(draw(st.integers(0, 12))):
        at += timedelta(seconds=draw(st.integers(-5, 200_000)))
        choices = sorted(MOVES[state])
        if not choices:
            break
        to = draw(st.sampled_from(choices))
        reason = draw(st.sampled_from(["spares", VENDOR])) if to is Status.HELD else ""
        if to is Status.HELD and reason == VENDOR:
            vendor = draw(st.sampled_from(["Strict", "Lenient"]))
            events.append(Event(at, "A", HandedOver(vendor)))
        events.append(status(at, to, reason))
        if vendor and draw(st.booleans()):
            answers: list[EventBody] = [Accepted(vendor), Returned(vendor)]
            events.append(Event(at, "A", draw(st.sampled_from(answers))))
        state = to
    return events


calendars = st.sampled_from(CALENDARS)
later = st.timedeltas(timedelta(0), timedelta(days=40))


def end_of(events: list[Event]) -> datetime:
    return max(event.at for event in events)


@given(lives(), calendars, later, later)
def test_used_time_never_runs_back_and_never_exceeds_real_time(
    events: list[Event], calendar: Calendar, one: timedelta, two: timedelta
) -> None:
    moments = sorted((end_of(events) + one, end_of(events) + one + two))
    before, after = (clock.read(events, "P1", policy(calendar), now) for now in moments)
    for name, each in after.items():
        elapsed = calendar.working(START - timedelta(seconds=100), moments[1])
        assert 0 <= before[name].used <= each.used <= elapsed + 1e-6


@given(lives(), calendars, later)
def test_spans_do_not_overlap(events: list[Event], calendar: Calendar, wait: timedelta) -> None:
    for each in clock.read(events, "P1", policy(calendar), end_of(events) + wait).values():
        for (start, end), (next_start, _) in pairwise(each.spans):
            assert end is not None
            assert start <= end <= next_start


@given(lives(), calendars, later)
def test_recomputing_from_the_log_gives_the_same_answer(
    events: list[Event], calendar: Calendar, wait: timedelta
) -> None:
    now = end_of(events) + wait
    copied = [
        Event(e.at.astimezone(ZoneInfo("Asia/Almaty")).astimezone(UTC), e.actor, from_json(e.kind, to_json(e.body)))
        for e in events
    ]
    assert clock.read(events, "P1", policy(calendar), now) == clock.read(copied, "P1", policy(calendar), now)


@given(lives(), calendars, later)
def test_the_deadline_is_when_the_target_is_used_up(events: list[Event], calendar: Calendar, wait: timedelta) -> None:
    rules = policy(calendar)
    for name, each in clock.read(events, "P1", rules, end_of(events) + wait).items():
        if each.deadline is None:
            assert each.state is not State.RUNNING
            continue
        if each.deadline >= end_of(events):
            assert abs(clock.read(events, "P1", rules, each.deadline)[name].used - each.target) < 1e-3


@given(calendars, st.integers(0, 14_000), st.integers(0, 500_000), st.integers(0, 14_000))
def test_pausing_never_shortens_a_deadline(calendar: Calendar, before: int, pause: int, after: int) -> None:
    def deadline(*steps: tuple[int, str]) -> datetime | None:
        moments = [(START + timedelta(seconds=seconds), step) for seconds, step in steps]
        return clock.read(log(moments), "P1", policy(calendar), moments[-1][0])["restore"].deadline

    plain = deadline((0, "open"), (0, "take"), (before + pause + after, "held spares"))
    paused = deadline(
        (0, "open"),
        (0, "take"),
        (before, "pending"),
        (before + pause, "resume"),
        (before + pause + after, "held spares"),
    )
    assert plain is not None
    assert paused is not None
    assert paused >= plain


@given(lives(), calendars, st.lists(later, max_size=8))
def test_each_warning_is_told_once_however_often_somebody_looks(
    events: list[Event], calendar: Calendar, looks: list[timedelta]
) -> None:
    log_, told = list(events), []
    for look in sorted(looks):
        now = end_of(events) + look
        for name, each in clock.read(log_, "P1", policy(calendar), now).items():
            if name == "accept":
                continue  # each hand-over asks for its own acceptance
            for percent in each.warnings():
                vendor = ""
                if name == "vendor":
                    vendor = next(e.body.vendor for e in reversed(log_) if isinstance(e.body, HandedOver))
                log_.append(Event(now, DESK, Warned(name, percent, vendor)))
                told.append((name, percent))
    assert len(told) == len(set(told))


@given(lives())
def test_no_clock_runs_after_the_end(events: list[Event]) -> None:
    now = end_of(events) + timedelta(days=1)
    last = clock.intervals(events)[-1].status
    if last in TERMINAL or last is Status.RESOLVED:
        assert all(each.state is State.STOPPED for each in clock.read(events, "P1", policy(Always()), now).values())


@given(
    st.sampled_from([each for each in CALENDARS if isinstance(each, BusinessHours)]),
    st.integers(0, 10**7),
    st.integers(1, 10**6),
)
def test_after_and_working_are_each_others_inverse(calendar: BusinessHours, offset: int, span: int) -> None:
    start = START + timedelta(seconds=offset)
    end = calendar.after(start, span)
    assert abs(calendar.working(start, end) - span) < 1e-3
