"""Messages are split where a service takes no longer ones; nothing of them is lost."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.notify.channels.others import parts


def test_a_short_message_stays_whole() -> None:
    assert parts("Channel news < 2 segments", 4000) == ["Channel news < 2 segments"]


def test_lines_stay_whole_where_they_fit() -> None:
    text = "\n".join(f"ticket {number} & more" for number in range(400))
    found = parts(text, 4000)
    assert len(found) > 1
    assert all(len(html.escape(part)) <= 4000 for part in found)
    assert "\n".join(found) == text


@pytest.mark.parametrize("room", [-5, 0, 5])
def test_a_part_without_room_is_refused_and_never_tried_for_ever(room: int) -> None:
    with pytest.raises(ValueError, match="too short"):
        parts("Channel news is down", room)


@given(st.text(alphabet='ab<&>"\n '), st.integers(6, 60))
def test_every_part_fits_when_it_is_escaped(text: str, room: int) -> None:
    found = parts(text, room)
    assert all(len(html.escape(part)) <= room for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())
