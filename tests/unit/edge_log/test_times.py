from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.formats.times import TimeCache, clf_time, epoch_time, iso_time


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (clf_time, b"01/Jan/1970:00:00:00 +0000", 0.0),
        (clf_time, b"22/Jan/2019:03:56:14 +0330", 1548116774.0),
        (clf_time, b"29/Feb/2024:23:59:59 -0500", 1709269199.0),
        (clf_time, b"25/Feb/2019:16:19:48.143 +0000", 1551111588.143),
        (iso_time, b"2026-01-22T03:56:14+05:00", 1769036174.0),
        (iso_time, b"2026-01-21T22:56:14.123Z", 1769036174.123),
        (iso_time, b"2026-01-21 22:56:14,5", 1769036174.5),
        (iso_time, b"2026-01-22 03:56:14+05", 1769036174.0),
        (iso_time, b"2026-01-22 03:56:14 +0500", 1769036174.0),
        (iso_time, b"2026-01-21 22:56:14 UTC", 1769036174.0),
        (iso_time, b"2026/01/21 22:56:14", 1769036174.0),
        (iso_time, b"2026/01/21 22:56:14.123", 1769036174.123),
        (iso_time, b"2026/01/21 22:56:14.123456789", 1769036174.123456789),
        (epoch_time, b"1769036174.123", 1769036174.123),
    ],
)
def test_a_time_is_the_moment_it_names(parse: Callable[[bytes], float], text: bytes, expected: float) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (clf_time, b"31/Feb/2019:03:56:14 +0330"),
        (clf_time, b"22/Foo/2019:03:56:14 +0330"),
        (clf_time, b"22/Jan/2019:24:00:00 +0330"),
        (clf_time, b"22/Jan/2019:03:56:14 +2430"),
        (clf_time, b"22/Jan/2019:03:56:14"),
        (clf_time, b"00/Jan/0000:00:00:00 +0000"),
        (iso_time, b"2026-01-22"),
        (iso_time, b"2026-13-22T03:56:14Z"),
        (iso_time, b"2026-01/22 03:56:14"),
        (epoch_time, b"1769036174.123.1"),
        (epoch_time, b"-1"),
        (epoch_time, b"1e9"),
        (epoch_time, b"nan"),
    ],
)
def test_a_time_that_is_none_is_refused(parse: Callable[[bytes], float], text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_time_or_a_value_error(text: bytes) -> None:
    for parse in (clf_time, iso_time, epoch_time):
        try:
            assert isinstance(parse(text), float)
        except ValueError:
            continue


def test_the_cache_parses_a_text_once_and_stays_small() -> None:
    seen: list[bytes] = []

    def parse(text: bytes) -> float:
        seen.append(text)
        return float(text)

    cache = TimeCache(parse)
    assert cache[b"5"] == cache[b"5"] == 5.0
    assert seen == [b"5"]
    for number in range(30_000):
        cache[b"%d" % number]
    assert len(cache) <= 20_000
