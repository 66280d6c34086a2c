"""The answers that others worked out for real logs, and the form of what is printed."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from agent.sources.edge_log.replay.replay import Replay, moment, opened
from agent.sources.edge_log.replay.time_steps import GivenTimes, RegularSteps, TimeSteps, iso
from agent.sources.edge_log.settings import EdgeLogSettings
from service.settings import Seconds

ANY: dict[str, Any] = {"media_suffixes": ["*"]}
FORWARDED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
    ' "$http_referer" "$http_user_agent" "$http_x_forwarded_for"'
)


def replay(
    path: Path | bytes, steps: TimeSteps | None = None, chunk: int = 1 << 17, **keys: Any
) -> list[dict[str, Any]]:
    settings = EdgeLogSettings(service="ott", paths=["/log"], **keys)
    one = Replay(settings, steps or GivenTimes([]), 2e9, chunk)
    with io.BytesIO(path) if isinstance(path, bytes) else opened(path) as stream:
        one.read("a.log", stream)
    return list(one.report())


@pytest.mark.parametrize(("idle", "sessions"), [(60.0, 2), (300.0, 1)])
def test_one_client_that_plays_twice(shared: Path, idle: float, sessions: int) -> None:
    log = shared / "data/access_logs/hls/videojs_2017_nginx_combined.log"
    (summary,) = replay(log, idle_timeout=Seconds(idle))
    assert summary["summary"]["lines"] == summary["summary"]["requests"] == 16
    assert summary["summary"]["egress_bytes"] == 11_260_002
    assert summary["summary"]["sessions"] == sessions


def test_a_thousand_lines_of_a_shop(shared: Path) -> None:
    log = shared / "data/access_logs/lnav/logfile_shop_access_log.0"
    *steps, summary = replay(
        log,
        RegularSteps(60.0),
        format=FORWARDED,
        idle_timeout=Seconds(60.0),
        media_suffixes=["*"],
        media_methods=["GET", "POST", "HEAD"],
        media_statuses=[200, 206, 304, 301, 302, 404],
    )
    whole = summary["summary"]
    assert (whole["lines"], whole["egress_bytes"], whole["rejected_lines"]) == (1000, 18_963_364, {})
    assert (whole["viewers"], whole["sessions"], whole["max_sessions"]) == (110, 116, 63)
    assert max(steps, key=lambda step: step["sessions"]) == {
        "time": "2019-01-22T00:29:00Z",
        "service": "ott",
        "sessions": 62,
        "viewers": 62,
        "egress_bytes": 16_684_655,
        "requests": 867,
        "rejected_lines": {},
    }


@pytest.mark.parametrize(
    ("log", "lines", "egress", "rejects"),
    [
        ("mtail/apache-combined.log", 5, 2602, {}),
        ("lnav/logfile_access_log.0", 3, 125_273, {}),
        ("lnav/logfile_bad_access_log.0", 3, 79_063, {"format": 1}),
        # A list of addresses does not keep a line from counting; two lines have more fields than combined.
        ("beats/nginx_test.log", 7, 10_284, {"format": 2}),
    ],
)
def test_small_logs(shared: Path, log: str, lines: int, egress: int, rejects: dict[str, int]) -> None:
    (summary,) = replay(shared / "data/access_logs" / log, **ANY)
    assert summary["summary"]["lines"] == lines
    assert summary["summary"]["egress_bytes"] == egress
    assert summary["summary"]["rejected_lines"] == rejects


LINE = '192.0.2.{viewer} - - [22/Jan/2026:00:00:{second:02d} +0000] "GET /{channel}/1.ts HTTP/1.1" 200 10 "-" "p"\n'


def line(viewer: int, second: int, channel: str = "a") -> bytes:
    return LINE.format(viewer=viewer, second=second, channel=channel).encode()


START = moment("2026-01-22T00:00:00Z")


def test_the_lines_it_prints() -> None:
    log = line(1, 1) + b"garbage\n" + line(2, 3) + line(1, 2) + line(1, 45)
    first, second, summary = replay(log, GivenTimes([START + 2, START + 40]))
    assert first == {
        "time": "2026-01-22T00:00:02Z",
        "service": "ott",
        "sessions": 1,
        "viewers": 1,
        "egress_bytes": 20,
        "requests": 2,
        "rejected_lines": {"format": 1},
    }
    assert (second["sessions"], second["requests"]) == (0, 3)
    assert summary == {
        "summary": {
            "service": "ott",
            "lines": 5,
            "requests": 4,
            "egress_bytes": 40,
            "sessions": 3,
            "viewers": 2,
            "max_sessions": 2,
            "max_sessions_time": "2026-01-22T00:00:03Z",
            "max_viewers": 2,
            "max_viewers_time": "2026-01-22T00:00:03Z",
            "channels": {"all": {"sessions": 3, "viewers": 2}},
            "identity_requests": {"token": 0, "session": 0, "address": 4, "none": 0},
            "untracked_requests": 0,
            "ambiguous_times": 0,
            "rejected_lines": {"format": 1},
            "first_rejected": {"format": {"file": "a.log", "line": 2, "text": "garbage"}},
        }
    }


def test_a_line_however_late_joins_the_session_it_belongs_to() -> None:
    in_order = line(1, 0) + line(1, 25) + line(1, 50)
    late = line(1, 0) + line(1, 50) + line(1, 25)
    sessions, expected = ([one.get("sessions") for one in replay(log, RegularSteps(1.0))] for log in (late, in_order))
    assert sessions == expected
    assert replay(late)[-1]["summary"]["sessions"] == 1


@pytest.mark.parametrize("chunk", [1, 7, 100, 4096])
def test_the_size_of_the_pieces_changes_nothing(chunk: int) -> None:
    log = b"".join(line(number % 7, number % 60, "ab"[number % 2]) for number in range(200))
    log += b"x" * 70_000 + b"\n" + b"\x00\xff\n" + line(9, 30) + line(9, 31)[:-5]
    whole = replay(log, RegularSteps(5.0), channel=None)
    assert whole[-1]["summary"]["rejected_lines"] == {"format": 1, "too_long": 1, "truncated": 1}
    assert whole[-1]["summary"]["first_rejected"]["truncated"] == {
        "file": "a.log",
        "line": 204,
        "text": line(9, 31)[:-5].decode(),
    }
    assert replay(log, RegularSteps(5.0), chunk=chunk) == whole


def test_a_whole_last_line_without_a_newline_counts() -> None:
    (summary,) = replay(line(1, 1) + line(1, 2)[:-1])
    assert (summary["summary"]["requests"], summary["summary"]["rejected_lines"]) == (2, {})


def test_gzip_is_read_whatever_its_name(tmp_path: Path) -> None:
    plain, compressed = tmp_path / "a.log", tmp_path / "a.log.1"
    plain.write_bytes(line(1, 1) * 5)
    compressed.write_bytes(gzip.compress(line(1, 1) * 5))
    assert replay(compressed) == replay(plain)


def test_an_empty_log() -> None:
    (summary,) = replay(b"", RegularSteps(60.0))
    assert (summary["summary"]["max_sessions"], summary["summary"]["max_sessions_time"]) == (0, None)


def test_a_step_too_short_for_the_span_is_refused() -> None:
    log = line(1, 1) + line(1, 1).replace(b"2026", b"1970")
    with pytest.raises(ValueError, match="take longer steps"):
        replay(log, RegularSteps(1.0))


def test_times_are_printed_in_utc() -> None:
    assert iso(moment("2026-01-22T05:00:00.250+05:00")) == "2026-01-22T00:00:00.250Z"
    assert json.dumps(iso(None)) == "null"
