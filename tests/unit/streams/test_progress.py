"""Progress of a rendition: what stalls, what goes backwards, and what only looks like it."""

from hypothesis import given
from hypothesis import strategies as st

from agent.sources.streams.live import Live
from agent.sources.streams.progress import Progress, observe
from agent.sources.streams.reasons import Reason

TARGET = 4.0


def look(newest: int, first: int | None = None) -> Live:
    return Live(newest - 5 if first is None else first, newest, (), None, TARGET, 1.5 * TARGET)


def follow(*looks: tuple[float, Live]) -> tuple[Progress, list[set[Reason]]]:
    progress: Progress | None = None
    faults = []
    for now, live in looks:
        progress, found = observe(progress, live, now)
        faults.append(set(found))
    assert progress is not None
    return progress, faults


def test_a_playlist_that_moves_has_no_faults() -> None:
    progress, faults = follow(*((n * TARGET, look(n)) for n in range(10, 20)))
    assert faults == [set()] * 10
    assert progress.advanced_at == 19 * TARGET


def test_it_stalls_after_one_and_a_half_target_durations_and_recovers_at_once() -> None:
    progress, faults = follow((0, look(10)), (6.0, look(10)), (6.1, look(10)), (60, look(10)), (64, look(11)))
    assert faults == [set(), set(), {Reason.PLAYLIST_STALLED}, {Reason.PLAYLIST_STALLED}, set()]
    assert progress.advanced_at == 64


def test_a_packager_that_starts_anew_goes_backwards_once() -> None:
    progress, faults = follow((0, look(1000)), (4, look(3, 1)), (8, look(4, 1)), (12, look(5, 1)))
    assert faults == [set(), {Reason.SEQUENCE_BACKWARDS}, set(), set()]
    assert progress.advanced_at == 12


def test_a_window_that_grows_at_its_beginning_goes_backwards() -> None:
    _, faults = follow((0, look(10, 5)), (4, look(11, 4)))
    assert faults[1] == {Reason.SEQUENCE_BACKWARDS}


def test_two_dead_origins_out_of_step_are_no_live_channel() -> None:
    _, faults = follow((0, look(10)), (4, look(9)), (8, look(10)), (12, look(9)))
    assert faults[1:3] == [{Reason.SEQUENCE_BACKWARDS}, set()]
    assert faults[3] == {Reason.SEQUENCE_BACKWARDS, Reason.PLAYLIST_STALLED}


@given(st.lists(st.tuples(st.floats(0.1, 20), st.integers(0, 40)), min_size=1, max_size=60))
def test_a_stall_is_exactly_the_absence_of_new_segments(steps: list[tuple[float, int]]) -> None:
    now, newest, advanced = 0.0, 100, 0.0
    progress, _ = observe(None, look(newest), now)
    for wait, more in steps:
        now += wait
        newest += more
        advanced = now if more else advanced
        progress, faults = observe(progress, look(newest), now)
        assert faults == ({Reason.PLAYLIST_STALLED} if now - advanced > 1.5 * TARGET else set())
        assert progress.advanced_at == advanced
        assert len(progress.seen) <= 8
