"""Logs whose times are when requests began tell the same of CMCD as those that have the end."""

import json
from typing import Any

import pytest

from agent.sources.edge_log.settings import EdgeLogSettings
from tests.unit.edge_log.test_replay import replay

BEGAN = 1_769_036_174.0
# As Envoy documents it: %START_TIME% is the start of the request, %DURATION% its whole time in milliseconds.
ENVOY = (
    '[$time_iso8601] "$request" $status $flags $received $bytes_sent $request_time $upstream "$http_x_forwarded_for"'
)
ENVOY += ' "$http_user_agent"'
COLUMNS = ["time=t", "address=a", "request=r", "status=s", "size=b", "duration=d"]


def lines(*, ended: bool) -> bytes:
    """Return a session of segments of 4 s that come in 0.2 s and, each third, in 3.5 s."""
    text, buffer, moment = "", 4000, BEGAN
    for number in range(30):
        took = 3.5 if number % 3 == 2 else 0.2
        target = f"/live/news/{number}.m4s?CMCD=bl%3D{buffer}%2Cd%3D4000%2Cot%3Dv%2Csid%3D%22s%22"
        time = moment + took if ended else moment
        record = {"t": round(time, 3), "a": "192.0.2.7", "r": f"GET {target} HTTP/1.1", "s": 200, "b": 9000, "d": took}
        text += json.dumps(record) + "\n"
        moment += 4.0
    return text.encode()


def quality(log: bytes, **keys: Any) -> Any:
    keys |= {"format": "json", "columns": COLUMNS, "cmcd": True}
    (summary,) = replay(log, **keys)
    return summary["summary"]["quality"]


def test_times_of_the_start_give_the_figures_of_those_of_the_end() -> None:
    of_end = quality(lines(ended=True))
    assert of_end == quality(lines(ended=False), time_of_request="start")
    assert of_end != quality(lines(ended=False))  # so it matters


def test_which_formats_may_say_so() -> None:
    def settings(**keys: Any) -> EdgeLogSettings:
        return EdgeLogSettings(service="ott", paths=["/log"], time_of_request="start", **keys)

    assert settings(format=ENVOY, duration_unit="ms").make_format().times_begin
    assert settings(format="json", columns=COLUMNS, time_zone="Asia/Almaty").make_format().times_begin
    for name in ("ott", "combined", "caddy", "haproxy", "w3c"):
        with pytest.raises(ExceptionGroup) as fault:
            settings(format=name)
        assert f'time_of_request: format "{name}" has its own' in str(fault.value.exceptions[0])
    with pytest.raises(ExceptionGroup) as fault:
        EdgeLogSettings(service="ott", paths=["/log"], format=ENVOY, time_of_request="begin")
    assert 'time_of_request must be "start" or "end", not "begin"' in str(fault.value.exceptions[0])
