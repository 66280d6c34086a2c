"""What a server announces of its answer decides nothing unless it is a number."""

from types import SimpleNamespace
from typing import Any

import pytest

from agent.runtime import http


def answer(announced: str, body: bytes = b"page") -> Any:
    pieces = [body, b""]
    headers = {"Content-Length": announced}
    return SimpleNamespace(status=200, reason="OK", headers=headers, chunked=False, read1=lambda _: pieces.pop(0))


@pytest.mark.parametrize("announced", ["4", "many", "", "-1", "²", "9" * 5000])
def test_a_length_that_is_no_number_is_passed_over(announced: str) -> None:
    assert http._body(answer(announced), 100) == b"page"


def test_a_shorter_answer_broke_off() -> None:
    with pytest.raises(OSError, match="broke off after 4 of 5 bytes"):
        http._body(answer("5"), 100)
