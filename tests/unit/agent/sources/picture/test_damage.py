"""Damage that PyAV answers with an error which is not one of FFmpeg's."""

from collections.abc import Iterator
from typing import Any

from agent.sources.picture import examine


def test_a_stream_that_appears_in_the_middle_ends_the_piece() -> None:
    first: Any = object()

    def packets() -> Iterator[Any]:
        yield first
        raise IndexError("list index out of range")  # as PyAV 18.1 does

    assert list(examine._packets(packets())) == [first]
