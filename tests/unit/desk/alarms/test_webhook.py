"""What comes over the webhook is a notification or a ValueError, and whatever is kept of it can be stored and shown."""

import json
import re
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
        ("2026-03-01t12:00:00z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
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


@pytest.mark.parametrize(
    ("own", "group", "firing"),
    [
        ("firing", "resolved", True),
        ("RESOLVED", "firing", False),
        ("Firing", None, True),
        (None, "Resolved", False),
        ("", "firing", True),
        (None, None, True),
        ("resolved", "test", False),
    ],
)
def test_a_status_is_read_in_any_case(own: str | None, group: str | None, firing: bool) -> None:
    told = notification(alert() | {"status": own}) | {"status": group}
    assert [each.firing for each in parse(json.dumps(told).encode()).alerts] == [firing]


@pytest.mark.parametrize(
    ("ends", "firing"),
    [
        ("2026-03-01T12:04:00Z", True),  # as Prometheus sends it: when the alert would time out
        ("2026-03-01T12:00:00Z", False),
        ("2026-03-01T11:59:00Z", False),
        ("0001-01-01T00:00:00Z", True),
        (None, True),
    ],
)
def test_an_end_that_is_still_to_come_is_none(ends: str | None, firing: bool) -> None:
    told = notification(alert() | {"status": None, "endsAt": ends}) | {"status": "firing"}
    (one,) = parse(json.dumps(told).encode(), datetime(2026, 3, 1, 12, tzinfo=UTC)).alerts
    assert one.firing is firing
    assert (one.ends_at is None) is firing


@pytest.mark.parametrize(("told", "left_out"), [(None, 0), (0, 0), (7, 7), ("7", 7), (7.0, 7)])
def test_how_many_alerts_were_left_out(told: Any, left_out: int) -> None:
    assert parse(json.dumps(notification(alert()) | {"truncatedAlerts": told}).encode()).truncated == left_out


@pytest.mark.parametrize("told", [-5, 2.5, True, "some", {}])
def test_a_number_of_alerts_that_is_none_is_refused(told: Any) -> None:
    with pytest.raises(ValueError, match=r"truncatedAlerts is .*; it has to be a whole number"):
        parse(json.dumps(notification(alert()) | {"truncatedAlerts": told}).encode())


@pytest.mark.parametrize(
    ("change", "group", "sentence"),
    [
        ({"status": "pending"}, "firing", "status of alert 2 is 'pending'; it has to be"),
        ({"status": {"state": "suppressed"}}, "firing", "status of alert 2 is \"{'state': 'suppressed'}\"; it has"),
        ({"status": None}, "ok", "status of the group is 'ok'; it has"),
        ({"labels": [["alertname", "NodeDown"]]}, "firing", "labels of alert 2 is not an object"),
        ({"annotations": "down"}, "firing", "annotations of alert 2 is not an object"),
    ],
)
def test_what_would_be_guessed_is_refused(change: dict[str, Any], group: str, sentence: str) -> None:
    told = notification(alert(), alert("edge-2") | change) | {"status": group}
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse(json.dumps(told).encode())
