"""What comes over the webhook is a notification or a ValueError, and whatever is kept of it can be stored and shown."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.desk.alarms.problem import problem_key
from alerts.desk.alarms.webhook import moment_of, parse
from tests.contract.desk.payloads import alert, notification

MARK = "HERE"


def body(mark: bytes) -> bytes:
    return json.dumps(notification(alert(MARK))).encode().replace(MARK.encode(), mark)


@pytest.mark.parametrize("mark", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80"], ids=["no UTF-8", "half a character", "NUL"])
def test_a_body_that_is_no_utf_8_is_none(mark: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        parse(body(mark))


def test_other_encodings_are_not_guessed() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        parse(json.dumps(notification(alert("edge\0"))).encode("utf-16"))


@pytest.mark.parametrize("mark", [rb"\ud800", rb"\u0000", rb"\uDFFF\uD800"])
def test_what_cannot_be_stored_is_replaced(mark: bytes) -> None:
    found = parse(body(mark))
    assert len(problem_key(found.group_labels)) == 64
    (one,) = found.alerts
    assert "\0" not in one.labels["node"]
    assert one.labels["node"].encode()


@pytest.mark.parametrize("levels", [600, 10_000, 1_000_000])
@pytest.mark.parametrize("escape", ["", "\\u0000"])
def test_nesting_has_an_end(levels: int, escape: str) -> None:
    deep = f'{{"alerts": [], "other": {"[" * levels}{"]" * levels}, "text": "{escape}"}}'
    try:
        assert parse(deep.encode()).alerts == ()
    except ValueError as error:
        assert "nested too deeply" in str(error)  # noqa: PT017 - which depth is refused is the interpreter's business


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T17:00:00.5+05:00", datetime(2026, 3, 1, 12, 0, 0, 500_000, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2026-03-01T17:00:00", None),
        ("yesterday", None),
        (1_700_000_000, None),
    ],
)
def test_a_moment_is_one_that_a_clock_shows(text: Any, moment: datetime | None) -> None:
    assert moment_of(text) == moment
