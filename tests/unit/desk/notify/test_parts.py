"""Messages are split where a service takes no longer ones; nothing of them is lost."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.notify.channels.split import parts
from alerts.desk.notify.channels.telegram import LONGEST, units


def escaped(text: str) -> int:
    return len(html.escape(text))


def test_a_short_message_stays_whole() -> None:
    assert parts("Channel news < 2 segments", 4000) == ["Channel news < 2 segments"]


def test_lines_stay_whole_where_they_fit() -> None:
    text = "\n".join(f"ticket {number} & more" for number in range(400))
    found = parts(text, 4000, escaped)
    assert len(found) > 1
    assert all(len(html.escape(part)) <= 4000 for part in found)
    assert "\n".join(found) == text


@pytest.mark.parametrize("room", [-5, 0, 5])
def test_a_part_without_room_is_refused_and_never_tried_for_ever(room: int) -> None:
    with pytest.raises(ValueError, match="too short"):
        parts("Channel news is down", room)


@given(st.text(alphabet='ab<&>"\n '), st.integers(6, 60))
def test_every_part_fits_when_it_is_escaped(text: str, room: int) -> None:
    found = parts(text, room, escaped)
    assert all(len(html.escape(part)) <= room for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_where_no_line_fits_a_text_is_cut_after_sentences_and_then_after_words() -> None:
    sentences = "Канал не воспроизводится. " * 12
    assert all(part.endswith(".") for part in parts(sentences.strip(), 100))
    words = "ретрансляция " * 40
    assert all(set(part.split()) == {"ретрансляция"} for part in parts(words.strip(), 100))
    assert parts("x" * 250, 100) == ["x" * 100, "x" * 100, "x" * 50]


@given(st.text(alphabet="аяz. 😀🇰🇿\n", max_size=300), st.integers(40, 90))
def test_no_part_is_longer_than_telegram_counts_and_none_ends_within_a_character(text: str, room: int) -> None:
    found = parts(text, room, units)
    assert all(len(part.encode("utf-16-le")) // 2 <= room for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_telegram_counts_emoji_twice() -> None:
    assert [units(part) for part in parts("😀" * 3000, LONGEST, units)] == [4096, 1904]
