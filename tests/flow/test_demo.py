"""The whole chain on real parts: the demo's platform, agents, Prometheus, Alertmanager, desk and busy hour.

One stack serves all tests, in this order: what is written into its logs first must not show in its figures later.
"""

import json
import time
from collections.abc import Iterator

import httpx
import m3u8
import pytest

from demo import check
from demo.apis import Desk, Prometheus
from demo.cause_check import TOGETHER
from demo.layout import EDGES, MIDDLEWARE
from demo.platform.lineup import CHANNELS, SEGMENT_SECONDS
from demo.processes import wait_until
from demo.stack import Stack
from tests.unit.demo import stream_checker

EDGE = EDGES[0].name
BAD_LINES = {
    b"\x00\x01\x02\xff\xfe binary \x1b[31m\n": 1,
    b"1795000000.000 192.0.2.1 GET 200 51\n": 1,
    b'192.0.2.1 - - [22/Nov/2026:01:00:00 +0000] "GET /live/kino/index.m3u8 HTTP/1.1" 200 512 "-" "foreign"\n': 1,
    b'{"time": 1795000000, "uri": "/live/kino/1.ts", "status": 200, "bytes": 1000000}\n': 1,
    b"x" * 100_000 + b"\n": 1,
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("demo") / "stack", print) as started:
        yield started


@pytest.fixture(scope="module")
def prometheus(stack: Stack) -> Iterator[Prometheus]:
    with Prometheus(stack.layout.url("prometheus")) as api:
        yield api


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Iterator[Desk]:
    with Desk(stack.layout.url("desk"), stack.api_token) as api:
        yield api


def test_an_edge_serves_live_streams_that_a_player_accepts(stack: Stack) -> None:
    base = f"{stack.layout.url(f'{EDGE} nginx')}/live"
    with httpx.Client(trust_env=False, timeout=60) as client:
        for channel, renditions in CHANNELS.items():
            master = client.get(f"{base}/{channel}/index.m3u8")
            assert master.headers["content-type"] == "application/vnd.apple.mpegurl"
            uris = [str(playlist.uri) for playlist in m3u8.loads(master.text).playlists]
            assert len(uris) == len(renditions)
        folder = f"{base}/{channel}/{uris[0].rpartition('/')[0]}"
        window = m3u8.loads(client.get(f"{folder}/index.m3u8").text)
        last = window.segments[-1]
        assert last.program_date_time is not None
        assert last.duration is not None
        ends = last.program_date_time.timestamp() + last.duration
        assert abs(time.time() - ends) < 2 * SEGMENT_SECONDS
        segments = [client.get(f"{folder}/{segment.uri}") for segment in window.segments[-3:]]
    assert {segment.headers["content-type"] for segment in segments} == {"video/mp2t"}
    stream = stream_checker.read(b"".join(segment.content for segment in segments))
    assert stream.lost == []
    assert len(stream.pictures) == 3 * 100


def test_lines_that_no_edge_wrote_change_only_the_reject_counters(stack: Stack, prometheus: Prometheus) -> None:
    rejected = f'sum(ott_edge_log_rejected_lines_total{{node="{EDGE}"}}) or vector(0)'
    wait_until(
        lambda: prometheus.value(f'ott_collector_success{{node="{EDGE}",collector=~"edge_log.*"}}', time.time()) == 1,
        30,
        "the log is not followed",
    )
    before = prometheus.value(rejected, time.time())
    assert before == 0
    with stack.layout.edge(EDGES[0]).log.open("ab", buffering=0) as log:
        for line in BAD_LINES:
            log.write(line)
    wait_until(
        lambda: prometheus.value(rejected, time.time()) == len(BAD_LINES),
        30,
        f"not {len(BAD_LINES)} lines were rejected",
    )
    # That nothing else changed is what the comparison of all figures shows.


def test_the_seven_figures_are_what_really_happened(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.check_figures(stack), capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"not JSON", True, 400, id="not JSON"),
        pytest.param(b'{"alerts": "none"}', True, 400, id="JSON, but no notification"),
        pytest.param(b"{}", False, 401, id="without a token"),
    ],
)
def test_a_bad_webhook_is_refused_and_the_desk_goes_on(
    stack: Stack, desk: Desk, body: bytes, headers: bool, status: int
) -> None:
    token = stack.layout.webhook_token.read_text().strip()
    tickets = desk.tickets()
    answer = httpx.post(
        stack.layout.url("desk") + "/webhook/alertmanager",
        content=body,
        headers={"Authorization": f"Bearer {token}"} if headers else {},
        trust_env=False,
    )
    assert answer.status_code == status, answer.text
    assert json.loads(answer.text)["@type"] == "Error"
    assert httpx.get(stack.layout.url("desk") + "/readyz", trust_env=False).is_success
    assert desk.tickets() == tickets


def test_the_console_shows_what_the_billing_charged_today(stack: Stack) -> None:
    step = check.check_billing(stack)
    assert step.fine, step.text


def test_from_a_dead_node_to_its_ticket_and_back(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    steps = check.check_chain(stack)
    assert [step.text for step in steps if not step.fine] == [], capsys.readouterr().out
    assert len(steps) == 3


@pytest.mark.timeout(900)  # four minutes until a tariff is told, and one to seven until nothing is left of it
def test_a_packager_and_an_uplink_that_fail_together_make_a_ticket_each(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = check.check_causes(stack, TOGETHER)
    assert [step.text for step in steps if not step.fine] == [], capsys.readouterr().out
    assert len(steps) == 2 * len(TOGETHER)


def test_the_middleware_gone_leaves_no_figure_and_one_ticket(stack: Stack, prometheus: Prometheus, desk: Desk) -> None:
    stack.break_(MIDDLEWARE.name)
    check.wait_for_ticket(desk, MIDDLEWARE.name, seconds=30)
    online = 'platform:ott_subscribers_online:sum{service="iptv"}'
    wait_until(lambda: prometheus.value(online, time.time()) is None, 30, "absent is not zero, nor what was known last")
    stack.repair(MIDDLEWARE.name)
    wait_until(lambda: (prometheus.value(online, time.time()) or 0) > 0, 30, "the figure did not come back")
    assert len(check.tickets_of(desk, MIDDLEWARE.name)) == 1


def test_no_program_ended_or_met_an_error_of_its_own(stack: Stack) -> None:
    assert stack.unexpected_ends() == []
    errors = [
        f"{log.name}: {line[:300]}"
        for log in sorted((stack.layout.folder / "logs").glob("*.log"))
        for line in log.read_text("utf-8", "replace").splitlines()
        if any(sign in line for sign in ('"level": "error"', "Traceback", "[emerg]"))
    ]
    assert errors == []
