"""A regular expression that is none is told with its place and what is wrong, never in Python's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.patterns import bytes_pattern, pattern


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(", "'(' is not a regular expression at character 1: a parenthesis is not closed"),
        ("[a-z", "'[a-z' is not a regular expression at character 1: a square bracket is not closed"),
        ("a)", "at character 2: a parenthesis is closed that is not open"),
        ("*.m3u8", "at character 1: nothing precedes the repetition"),
        ("a**", "at character 3: it repeats what is repeated already"),
        ("\\d+\\q", "at character 4: the backslash means nothing here; write two for a backslash"),
        ("ab\\", "at character 3: the backslash means nothing here"),
        ("[z-a]", "at character 2: the range ends before it begins"),
        ("a{3,2}", "at character 3: the least number of repetitions is above the greatest"),
        ("(?x", "at character 4: the flags are not closed"),
        ("(?!", "a parenthesis is not closed"),
        ("(?*a)", "after (? stands nothing that is known"),
        ("(?P<1a>b)", "the group's name has a character that is not allowed"),
        ("(?P<>b)", "the group has no name"),
        ("(?P<a>b)(?P<a>c)", "the group's name is taken by another group"),
        ("(?P=a)", "no group has this name"),
        ("\\1", "there is no such group"),
        ("(?<=a*)b", "must have a fixed length"),
        ("(?P<channel", "the group's name is not closed"),
        ("c[[:digit:]]", "at character 3: an opening bracket inside square brackets means only itself; write \\\\["),
        ("[a-z--x]", "at character 5: a doubled sign inside square brackets means only itself"),
    ],
)
def test_each_fault_is_told_in_our_words(text: str, told: str) -> None:
    for read in (pattern, bytes_pattern):
        with pytest.raises(ValueError, match="is not a regular expression") as caught:
            read(text)
        assert told in str(caught.value)


def test_what_is_one_matches_text_and_bytes_alike() -> None:
    assert pattern(r"/(c\d+)/").findall("/c1/x") == ["c1"]
    assert bytes_pattern(r"/(c\d+)/").findall(b"/c1/x") == [b"c1"]
    assert bytes_pattern("(?i)КАЗ|ab").findall("AB каз".encode()) == [b"AB"]  # bytes know no letters but ASCII
    with pytest.raises(ValueError, match="at character 6: the backslash means nothing here"):
        bytes_pattern("азия.\\u0410")


@given(st.text(st.sampled_from("ab()[]{}*+?\\|^$.,?P<>=!:0129-#"), max_size=12))
def test_no_word_of_python_is_told(text: str) -> None:
    python = _words_of_python(text)
    if python:
        with pytest.raises(ValueError, match="is not a regular expression") as caught:
            pattern(text)
        assert python not in str(caught.value).removeprefix(repr(text))
    else:
        assert pattern(text).pattern == text


def _words_of_python(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        return error.msg
    except FutureWarning as warning:
        return str(warning)
    return ""
