"""Windows of planned works: recurrence, clock changes, what is skipped, and who belongs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.desk.works.windows import covering, next_window, state_of, window_at, windows
from alerts.desk.works.works import Scope, State, Works, WorksError, checked


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - wall-clock time


NIGHT = Works(
    title="upgrade of agents",
    scope=Scope(elements=("edge-3",)),
    starts=wall(2026, 3, 27, 1, 30),
    ends=wall(2026, 3, 27, 4, 0),
    time_zone="Europe/Berlin",
    recurrence="FREQ=DAILY",
    approver="Aigerim",
)


def test_a_recurring_window_keeps_its_wall_clock_where_clocks_change() -> None:
    found = windows(NIGHT, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
    assert [(each.starts, each.ends) for each in found] == [
        (datetime(2026, 3, 28, 0, 30, tzinfo=UTC), datetime(2026, 3, 28, 3, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 23, 30, tzinfo=UTC), datetime(2026, 3, 30, 2, 0, tzinfo=UTC)),
        (datetime(2026, 3, 30, 23, 30, tzinfo=UTC), datetime(2026, 3, 31, 2, 0, tzinfo=UTC)),
    ]


def test_the_end_does_not_belong_to_the_window() -> None:
    starts, ends = datetime(2026, 3, 28, 0, 30, tzinfo=UTC), datetime(2026, 3, 28, 3, 0, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    assert [window_at(NIGHT, each) is not None for each in (starts - moment, starts, ends - moment, ends)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_skipped_window_does_not_take_place() -> None:
    skipping = replace(NIGHT, skipped=(wall(2026, 3, 28, 1, 30),))
    assert window_at(NIGHT, datetime(2026, 3, 28, 1, tzinfo=UTC))
    assert window_at(skipping, datetime(2026, 3, 28, 1, tzinfo=UTC)) is None
    assert window_at(skipping, datetime(2026, 3, 29, 1, tzinfo=UTC))


def test_until_in_utc_counts_in_the_works_own_time() -> None:
    ending = replace(NIGHT, recurrence="FREQ=DAILY;UNTIL=20260328T003000Z")
    assert window_at(ending, datetime(2026, 3, 28, 1, tzinfo=UTC))
    assert window_at(ending, datetime(2026, 3, 29, 1, tzinfo=UTC)) is None
    assert state_of(ending, datetime(2026, 4, 1, tzinfo=UTC)) is State.ENDED


@pytest.mark.parametrize(
    ("works", "state"),
    [
        (NIGHT, State.RUNNING),
        (replace(NIGHT, approver=""), State.PROPOSED),
        (replace(NIGHT, cancelled_at=datetime(2026, 3, 28, tzinfo=UTC)), State.CANCELLED),
        (replace(NIGHT, recurrence=""), State.ENDED),
        (replace(NIGHT, starts=wall(2026, 4, 1, 1), ends=wall(2026, 4, 1, 2)), State.PLANNED),
    ],
)
def test_the_state_of_works(works: Works, state: State) -> None:
    assert state_of(works, datetime(2026, 3, 28, 1, tzinfo=UTC)) is state


@pytest.mark.parametrize(
    ("labels", "belongs"),
    [
        ({"node": "edge-3", "layer": "node"}, True),
        ({"element": "uplink-astana"}, True),
        ({"node": "edge-9", "site": "astana"}, True),
        ({"channel": "sport-1", "node": "edge-1", "site": "almaty"}, True),
        ({"node": "edge-1", "site": "almaty"}, False),
        ({"alertname": "SessionsFell"}, False),
        ({"node": "edge-3", "layer": "self"}, False),
    ],
)
def test_the_scope(labels: dict[str, str], belongs: bool) -> None:
    scope = Scope(elements=("edge-3", "uplink-*"), sites=("astana",), channels=("sport-*",))
    assert scope.holds(labels) is belongs


def test_only_what_began_in_an_approved_running_window_belongs() -> None:
    labels, now = {"node": "edge-3"}, datetime(2026, 3, 28, 1, tzinfo=UTC)
    began = now - timedelta(minutes=5)
    assert covering([NIGHT], labels, began, now) is NIGHT
    assert covering([NIGHT], labels, datetime(2026, 3, 28, 0, 29, tzinfo=UTC), now) is None
    assert covering([NIGHT], labels, began, datetime(2026, 3, 28, 3, 0, tzinfo=UTC)) is None
    assert covering([replace(NIGHT, approver="")], labels, began, now) is None
    assert covering([replace(NIGHT, cancelled_at=now)], labels, began, now) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": " "}, "title: is empty"),
        ({"scope": Scope()}, "scope: is empty"),
        ({"scope": Scope(sites=("",))}, "scope: a name is empty"),
        ({"ends": NIGHT.starts}, "ends: is not after starts"),
        ({"ends": NIGHT.starts + timedelta(days=32)}, "ends: a window lasts 31 days at most"),
        ({"time_zone": "Asia/Nowhere"}, "time_zone: .*is not a time zone of the tz database"),
        ({"time_zone": ""}, "time_zone: .*is not a time zone of the tz database"),
        ({"starts": NIGHT.starts.replace(tzinfo=UTC), "ends": NIGHT.ends.replace(tzinfo=UTC)}, "without an offset"),
        ({"recurrence": "FREQ=NEVER"}, 'recurrence: "FREQ=NEVER" is no rule of RFC 5545; give an RRULE such as'),
        ({"recurrence": "BYDAY=TU"}, "recurrence: has no FREQ"),
        ({"recurrence": "FREQ=SECONDLY"}, "recurrence: repeats within a day"),
        ({"recurrence": "FREQ=DAILY;BYHOUR=1,2"}, "recurrence: repeats within a day"),
    ],
)
def test_each_mistake_names_its_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(WorksError, match=message):
        checked(replace(NIGHT, **change))  # type: ignore[arg-type]


def _since_midnight(moment: datetime) -> timedelta:
    return moment - moment.replace(hour=0, minute=0, second=0)


ZONES = st.sampled_from(["Asia/Almaty", "Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe"])


@settings(max_examples=100, deadline=None)
@given(
    zone=ZONES,
    begin=st.datetimes(wall(2026, 1, 1), wall(2027, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    minutes=st.integers(5, 60 * 30),
    every=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU,SU", "FREQ=MONTHLY"]),
    ahead=st.integers(0, 60 * 24 * 40),
)
def test_a_moment_is_in_a_window_exactly_where_its_wall_clock_is(
    zone: str, begin: datetime, minutes: int, every: str, ahead: int
) -> None:
    lasts = timedelta(minutes=minutes)
    works = Works("t", Scope(sites=("a",)), begin, begin + lasts, zone, every, approver="x")
    now = (begin + timedelta(minutes=ahead)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    all_windows = windows(works, now - timedelta(days=40), now + timedelta(days=3))
    assert (window_at(works, now) is not None) == any(each.starts <= now < each.ends for each in all_windows)
    following = next_window(works, now)
    assert following is None or following.ends > now
    for each in all_windows:
        start = each.starts.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert timedelta() <= _since_midnight(start) - _since_midnight(begin) <= timedelta(hours=1)
