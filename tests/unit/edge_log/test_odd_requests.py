"""Each request of docs/odd-requests.md counts the same in every format."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.settings import converter
from agent.sources.edge_log.replay.replay import Replay
from agent.sources.edge_log.replay.time_steps import GivenTimes
from agent.sources.edge_log.settings import EdgeLogSettings
from service.settings import structure
from tests.unit.edge_log.odd_requests import FORMATS, PLAIN, SYSLOG_HEADERS, Fields, Row, docker, rows

ROWS = {row.number: row for row in rows()}
STRANGER: Fields = {"address": b"198.51.100.99", "agent": b"Other/1"}


@cache
def settings_of(name: str) -> EdgeLogSettings:
    """Return the settings of a format."""
    keys = {"service": "ott", "paths": ["/x"], "channel": "^/live/([^/]+)/", **FORMATS[name].keys}
    return structure(keys, EdgeLogSettings, Path("agent.toml"), converter())


def summary(
    name: str, *changes: Fields, header: bytes = b"", around: Callable[[bytes], bytes] = bytes
) -> dict[str, Any]:
    """Return what replay says of requests written in a format."""
    one = FORMATS[name]
    lines = [around(header + one.write({**PLAIN, **change})) + b"\n" for change in changes]
    replay = Replay(settings_of(name), GivenTimes([0.0]), 2e9)
    replay.read("LOG", io.BytesIO(one.head + b"".join(lines)))
    *_, last = replay.report()
    found: dict[str, Any] = last["summary"]
    return found


def facts(found: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of a request."""
    return {name: found[name] for name in ("requests", "egress_bytes", "sessions", "rejected_lines")}


def expected(row: Row) -> dict[str, Any]:
    """Return the same by the page."""
    sessions = int(row.channel != "" and row.viewer != "none")
    return {
        "requests": int(row.size is not None),
        "egress_bytes": row.size or 0,
        "sessions": sessions,
        "rejected_lines": {} if row.size is not None else {row.reason: 1},
    }


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("number", ROWS)
def test_a_request_counts_as_the_page_says(name: str, number: str) -> None:
    row = ROWS[number]
    if FORMATS[name].without & row.change.keys():
        assert name != "log_format without quotes"  # which has a place for all
        return
    found = summary(name, row.change)
    assert facts(found) == expected(row)
    if row.channel and row.viewer != "none":
        assert found["channels"] == {row.channel: {"sessions": 1, "viewers": 1}}
    if row.viewer == "none":
        assert found["identity_requests"]["none"] == 1
    elif row.viewer:
        agent = {"agent": row.change["agent"]} if "agent" in row.change else {}
        same = summary(name, row.change, {**row.viewer_fields, **agent})
        other = summary(name, row.change, STRANGER)
        assert (same["viewers"], other["viewers"]) == (1, 2)


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("w3c")])
@pytest.mark.parametrize("header", SYSLOG_HEADERS)
def test_a_syslog_header_before_a_line_changes_nothing(name: str, header: str) -> None:
    changes = [row.change for row in ROWS.values() if not FORMATS[name].without & row.change.keys()]
    found = summary(name, *changes, header=SYSLOG_HEADERS[header])
    assert facts(found) == facts(summary(name, *changes))


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("w3c")])
def test_the_json_of_docker_around_a_line_changes_nothing(name: str) -> None:
    rows = [row for row in ROWS.values() if not FORMATS[name].without & row.change.keys()]
    # Docker itself replaces what is not UTF-8.
    changes = [row.change for row in rows if _is_utf8(FORMATS[name].write({**PLAIN, **row.change}))]
    assert facts(summary(name, *changes, around=docker)) == facts(summary(name, *changes))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_the_page_has_rows_of_every_kind() -> None:
    assert len(ROWS) >= 80
    assert {name for row in ROWS.values() for name in row.change} == PLAIN.keys()
