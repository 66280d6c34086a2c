"""Names with an asterisk: what every other character is."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.alarms.correlation.topology import Link
from alerts.desk.core.wildcard import matches
from alerts.desk.works.works import Scope


@pytest.mark.parametrize("name", ["Kanal [HD]", "Что? Где? Когда?", "[1-3]", "a\\b", "ab.c", "a\nb", ""])
def test_a_name_stands_for_itself(name: str) -> None:
    assert matches(name, name)


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("* [HD]", "Kanal [HD]", True),
        ("[HD]*", "[HD] one", True),
        ("[HD]*", "H one", False),
        ("a?", "ab", False),
        ("a.", "ab", False),
        ("edge-*", "edge-", True),
        ("ab*ba", "aba", False),  # nothing is used twice
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
        ("*", "", True),
        ("", "a", False),
        ("edge-1", "edge-11", False),
        ("Edge-1", "edge-1", False),
    ],
)
def test_only_the_asterisk_stands_for_others(pattern: str, name: str, found: bool) -> None:
    assert matches(name, pattern) is found
    assert Scope(channels=(pattern,)).holds({"channel": name}) is (found and bool(name))
    assert Link("a", "b", channels=(pattern,)).carries(name, "", "") is found


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_asterisks_are_those_of_the_library(pattern: str, name: str) -> None:
    assert matches(name, pattern) is fnmatchcase(name, pattern)


@given(st.text("a.[^", max_size=4), st.text("a.[^", max_size=6))
def test_other_signs_are_no_expression(part: str, name: str) -> None:
    assert matches(name, f"{part}*") is bool(re.fullmatch(f"{re.escape(part)}.*", name, re.DOTALL))
