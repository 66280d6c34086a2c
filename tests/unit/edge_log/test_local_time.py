"""Logs in local time through the nights when the clocks are changed."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.settings import converter
from agent.sources.edge_log.formats.by_name import make_format
from agent.sources.edge_log.formats.local_time import LocalTimeFormat, Repeats
from agent.sources.edge_log.replay.replay import Replay
from agent.sources.edge_log.replay.time_steps import RegularSteps
from agent.sources.edge_log.settings import EdgeLogSettings
from service.settings import structure

HOUR = 3600
# When the clocks go back: by an hour, by half an hour, once and never again.
BERLIN = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()
CLOCKS_BACK = {
    "Europe/Berlin": BERLIN,
    "America/New_York": datetime(2026, 11, 1, 6, tzinfo=UTC).timestamp(),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC).timestamp(),
    "Asia/Almaty": datetime(2024, 2, 29, 18, tzinfo=UTC).timestamp(),
}
W3C_HEAD = b"#Fields: date-local time-local c-ip cs-method cs-uri-stem sc-status sc-bytes\n"
TSV = ["time", "address", "request", "status", "size"]
JSON = ["time=t", "address=a", "request=r", "status=s", "size=b"]


def haproxy(local: datetime) -> bytes:
    time = f"{local:%d/%b/%Y:%H:%M:%S}.000"
    return f'192.0.2.7:50001 [{time}] f b/s 0/0/1/2/10 200 10 - - ---- 1/1/0/0/0 0/0 "GET /1.ts HTTP/1.1"\n'.encode()


def w3c(local: datetime) -> bytes:
    return f"{local:%Y-%m-%d %H:%M:%S} 192.0.2.7 GET /1.ts 200 10\n".encode()


def tsv(local: datetime) -> bytes:
    return f"{local:%Y-%m-%d %H:%M:%S}\t192.0.2.7\tGET /1.ts HTTP/1.1\t200\t10\n".encode()


def json_line(local: datetime) -> bytes:
    return f'{{"t":"{local:%Y-%m-%dT%H:%M:%S}","a":"192.0.2.7","r":"GET /1.ts HTTP/1.1","s":200,"b":10}}\n'.encode()


FORMATS: dict[str, tuple[Callable[[datetime], bytes], bytes, dict[str, Any]]] = {
    "haproxy": (haproxy, b"", {}),
    "w3c": (w3c, W3C_HEAD, {}),
    "tsv": (tsv, b"", {"columns": TSV}),
    "json": (json_line, b"", {"columns": JSON}),
}


def local(moment: float, zone: str) -> datetime:
    return datetime.fromtimestamp(moment, ZoneInfo(zone))


def log(name: str, zone: str, first: int, last: int, every: int = 10) -> bytes:
    """Return the lines of one viewer, with moments relative to when the clocks go back."""
    write, head, _ = FORMATS[name]
    return head + b"".join(write(local(CLOCKS_BACK[zone] + at, zone)) for at in range(first, last, every))


def replayed(data: bytes, name: str, zone: str, chunk: int = 4096) -> tuple[list[int], dict[str, Any]]:
    """Return the sessions of each minute, and the summary."""
    keys = {"service": "ott", "paths": ["/x"], "format": name, "time_zone": zone, **FORMATS[name][2]}
    settings = structure(keys, EdgeLogSettings, Path("agent.toml"), converter())
    replay = Replay(settings, RegularSteps(60.0), 2e9, chunk)
    replay.read("LOG", io.BytesIO(data))
    *steps, last = replay.report()
    return [step["sessions"] for step in steps], last["summary"]


@pytest.mark.parametrize("zone", CLOCKS_BACK)
@pytest.mark.parametrize("name", FORMATS)
def test_a_viewer_through_the_repeated_hour_is_one_session(name: str, zone: str) -> None:
    sessions, summary = replayed(log(name, zone, -2 * HOUR, 2 * HOUR), name, zone)
    assert (summary["sessions"], summary["max_sessions"], summary["ambiguous_times"]) == (1, 1, 0)
    assert len(sessions) >= 240
    assert set(sessions[:-1]) == {1}


@pytest.mark.parametrize("name", FORMATS)
def test_the_hour_that_is_left_out_in_spring_makes_no_gap(name: str) -> None:
    spring = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    write, head, _ = FORMATS[name]
    lines = [write(local(spring + at, "Europe/Berlin")) for at in range(-HOUR, HOUR, 10)]
    sessions, summary = replayed(head + b"".join(lines), name, "Europe/Berlin")
    assert (set(sessions[:-1]), summary["ambiguous_times"], summary["rejected_lines"]) == ({1}, 0, {})


def test_a_late_line_of_the_first_pass_stays_in_it() -> None:
    zone, write = "Europe/Berlin", FORMATS["tsv"][0]
    late = write(local(BERLIN - 1200, zone))
    lines = log("tsv", zone, -2 * HOUR, -60) + late + log("tsv", zone, -60, 2 * HOUR)
    sessions, summary = replayed(lines, "tsv", zone)
    assert (set(sessions[:-1]), summary["sessions"]) == ({1}, 1)


def test_a_log_that_begins_within_the_hour_is_ambiguous_and_says_so() -> None:
    _, summary = replayed(log("tsv", "Europe/Berlin", -1800, 2 * HOUR), "tsv", "Europe/Berlin")
    assert (summary["ambiguous_times"], summary["sessions"]) == (1, 1)  # the first pass, as it was


def test_a_log_that_falls_silent_within_the_hour_is_ambiguous_and_says_so() -> None:
    zone = "Europe/Berlin"
    _, summary = replayed(log("tsv", zone, -2 * HOUR, -3500) + log("tsv", zone, 1200, 2 * HOUR), "tsv", zone)
    assert summary["ambiguous_times"] == 1


def parser_of(zone: str) -> LocalTimeFormat:
    found = make_format("tsv", TSV, zone=ZoneInfo(zone))
    assert isinstance(found, LocalTimeFormat)
    return found


def test_a_restart_within_the_second_pass_goes_on_in_it() -> None:
    zone = "Europe/Berlin"
    before = parser_of(zone).parser()
    before.parse(log("tsv", zone, -2 * HOUR, 600))
    after = parser_of(zone).parser(before.state)
    batch = after.parse(log("tsv", zone, 600, HOUR))
    assert (batch.times[0], batch.ambiguous) == (BERLIN + 600, 0)


def test_a_new_file_of_the_second_pass_follows_the_one_before_it() -> None:
    zone, log_format = "Europe/Berlin", parser_of("Europe/Berlin")
    log_format.parser().parse(log("tsv", zone, -2 * HOUR, 0))
    batch = log_format.parser().parse(log("tsv", zone, 0, HOUR))
    assert (batch.times[0], batch.ambiguous) == (BERLIN, 0)


def test_a_state_of_before_is_taken() -> None:
    log_format = make_format("w3c", zone=ZoneInfo("Europe/Berlin"))
    batch = log_format.parser(W3C_HEAD.decode().removeprefix("#Fields: ").strip()).parse(w3c(local(0, "Europe/Berlin")))
    assert list(batch.times) == [0.0]


def test_a_time_that_the_clocks_leave_out_is_none() -> None:
    batch = parser_of("Europe/Berlin").parser().parse(tsv(datetime(2026, 3, 29, 2, 30, tzinfo=UTC)))
    assert [reject.reason for reject in batch.rejects] == ["time"]


def test_a_log_in_utc_or_of_a_zone_without_changes_needs_no_order() -> None:
    assert not isinstance(make_format("haproxy"), LocalTimeFormat)
    assert not isinstance(make_format("haproxy", zone=ZoneInfo("Asia/Dubai")), LocalTimeFormat)
    assert not isinstance(make_format("combined", zone=ZoneInfo("Europe/Berlin")), LocalTimeFormat)


def test_a_log_of_another_zone_than_the_settings_is_hours_off_and_not_silently_right() -> None:
    lines = log("haproxy", "Asia/Almaty", 0, 60)
    _, summary = replayed(lines, "haproxy", "UTC")
    _, right = replayed(lines, "haproxy", "Asia/Almaty")
    assert summary["max_sessions_time"] != right["max_sessions_time"]


def test_repeats_of_a_zone_are_found_from_any_side() -> None:
    repeats = Repeats(ZoneInfo("Europe/Berlin"))
    (found,) = repeats.between(BERLIN - 10, BERLIN + 10)
    assert found == (BERLIN - HOUR, BERLIN)
    assert list(repeats.between(BERLIN, BERLIN + HOUR)) == []
    assert list(repeats.between(BERLIN - 2 * HOUR, BERLIN - HOUR - 1)) == []
