"""A run that was moved, and said to be: what falls due on that day is due later, and nothing else is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from agent.sources.billing.moves import Moves
from agent.sources.billing.settings import BillingSettings

MOVED = date(2026, 3, 21)


def moves(**settings: str) -> Moves:
    of = BillingSettings("ott", "postgresql://h/d", moved={"2026-03-21": "04:00"}, **settings)  # type: ignore[arg-type]
    return Moves(of, of.calendar)


def almaty(written: str) -> datetime:
    return datetime.fromisoformat(f"{written}+05:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-03-20 23:59", "2026-03-20 23:59"),
        ("2026-03-21 00:00", "2026-03-21 00:00"),
        ("2026-03-21 03:59", "2026-03-21 00:00"),  # the day before is due, the day itself is not
        ("2026-03-21 04:00", "2026-03-21 04:00"),
        ("2026-03-22 00:10", "2026-03-22 00:10"),
    ],
)
def test_a_cursor_is_due_at_the_time_to_which_its_day_is_moved(moment: str, due: str) -> None:
    assert moves().due_before(almaty(moment)) == almaty(due)


def test_due_by_and_cut_off_move_together() -> None:
    moved, before = moves(due_by="01:00", cut_off="06:00"), MOVED - timedelta(days=1)
    assert moved.due_by(MOVED) == almaty("2026-03-21 04:00")
    assert moved.cut_off(MOVED) == almaty("2026-03-21 09:00")
    assert moved.due_by(before) == almaty("2026-03-20 01:00")
    assert moved.cut_off(before) == almaty("2026-03-20 06:00")
    # A fee that falls due after that time is not due earlier.
    assert moves(due_by="05:00").due_by(MOVED) == almaty("2026-03-21 05:00")
    assert moves(due_by="05:00").cut_off(MOVED) == almaty("2026-03-21 06:00")


def test_until_when_a_charge_of_a_moved_day_is_in_time() -> None:
    assert moves().timely(MOVED, 1800) == 4 * 3600 + 1800
    assert moves().timely(MOVED + timedelta(days=1), 1800) == -1


@pytest.mark.parametrize(
    ("moved", "problem"),
    [
        ({"21.03.2026": "04:00"}, 'moved names "21.03.2026", which is no day; write it as "2026-03-21" = "04:00"'),
        ({"20260321": "04:00"}, 'moved names "20260321", which is no day'),
        ({"2026-03-21": "4:00"}, 'moved must be a time of day such as "06:00", not "4:00"'),
    ],
)
def test_what_is_no_day_or_no_time_is_refused(moved: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        BillingSettings("ott", "postgresql://h/d", moved=moved)
