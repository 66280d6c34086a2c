from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.sessions.table import Interval, SessionTable, Who

IDLE = 30.0


def who(viewer: int, channel: str = "a") -> Who:
    return Who(b"%08d" % viewer, channel, "hls")


def enter(table: SessionTable, key: int, moment: float) -> None:
    """What the engine does, without its short cut for the usual case."""
    if key in table.by_key:
        table.touch(table.by_key[key], moment)
    else:
        table.begin(key, moment, who(key))


def truth(moments: Sequence[float]) -> list[Interval]:
    result: list[Interval] = []
    for moment in sorted(moments):
        if result and moment <= result[-1].last + IDLE:
            result[-1] = Interval(result[-1].first, moment)
        else:
            result.append(Interval(moment, moment))
    return result


def test_active_until_just_before_the_timeout_ends() -> None:
    table = SessionTable(IDLE)
    enter(table, 1, 100.0)
    assert [table.active(moment).total for moment in (99.9, 100.0, 129.9, 130.0)] == [0, 1, 1, 0]


def test_a_request_at_the_very_end_continues_and_one_after_it_begins_anew() -> None:
    table = SessionTable(IDLE)
    for moment in (100.0, 130.0):
        enter(table, 1, moment)
    assert table.started == 1
    enter(table, 1, 160.1)
    assert table.started == 2


def test_viewers_are_distinct_over_channels() -> None:
    table = SessionTable(IDLE)
    table.begin(1, 100.0, who(7, "a"))
    table.begin(2, 100.0, who(7, "b"))
    table.begin(3, 100.0, who(8, "b"))
    activity = table.active(110.0)
    assert activity.sessions == {("a", "hls"): 1, ("b", "hls"): 2}
    assert (activity.total, activity.viewers) == (3, 2)


def test_a_late_line_joins_what_was_counted_as_two() -> None:
    table = SessionTable(IDLE)
    for moment in (100.0, 140.0):
        enter(table, 1, moment)
    assert table.started == 2
    enter(table, 1, 120.0)
    assert table.started == 1


MOMENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=40)


@given(MOMENTS, st.data())
def test_any_order_gives_the_sessions_of_the_definition(requests: list[tuple[int, int]], data: st.DataObject) -> None:
    expired: list[tuple[bytes, Interval]] = []
    table = SessionTable(IDLE, lambda one, interval: expired.append((one.viewer, interval)))
    for key, moment in data.draw(st.permutations(requests)):
        enter(table, key, float(moment))
    by_key = {key: truth([moment for other, moment in requests if other == key]) for key, _ in requests}
    expected = sorted((who(key).viewer, one) for key, intervals in by_key.items() for one in intervals)
    assert table.started == len(expected)
    for instant in (0.0, 45.0, 150.0, 330.0):
        active = sum(any(one.first <= instant < one.last + IDLE for one in ones) for ones in by_key.values())
        assert table.active(instant).total == active
    table.expire(float("inf"))
    assert (sorted(expired), len(table)) == (expected, 0)


@given(MOMENTS, MOMENTS)
def test_a_restart_changes_nothing(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> None:
    byte_count, second = SessionTable(IDLE), SessionTable(IDLE)
    for key, moment in before:
        enter(byte_count, key, float(moment))
    second.restore(byte_count.dump())
    second.started = byte_count.started
    for key, moment in after:
        enter(byte_count, key, float(moment))
        enter(second, key, float(moment))
    assert second.started == byte_count.started
    for instant in (0.0, 60.0, 150.0, 300.0):
        assert second.active(instant) == byte_count.active(instant)
    assert sorted(second.dump().rows()) == sorted(byte_count.dump().rows())


def test_settling_forgets_only_what_no_line_can_reach() -> None:
    table = SessionTable(IDLE)
    enter(table, 1, 100.0)
    enter(table, 2, 120.0)
    table.expire(140.0)
    assert list(table.by_key) == [2]
    table.expire(151.0)
    assert list(table.by_key) == []
