"""From a real Prometheus, and VictoriaMetrics, to records and reports."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboards.busy_hour.measures.quantities import SOURCES, Source
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.faults import QueryError
from dashboards.busy_hour.records.query import Server, connect
from dashboards.busy_hour.records.recorder import Recorder, day_of_source
from dashboards.busy_hour.records.store import Store
from demo import history
from demo.ports import free_port
from tests.contract.busy_hour.conftest import ALMATY, DEADLINE, NOW, Filled

CALENDAR = Calendar(ALMATY)


@pytest.fixture
def connect_to() -> Iterator[Callable[[str], Server]]:
    """Return a function that gives a client of a server; it asks again at once, without waiting."""
    opened: list[Server] = []

    def open_(address: str) -> Server:
        opened.append(connect(address, None, 30, lambda _: None))
        return opened[-1]

    yield open_
    for server in opened:
        server.close()


@pytest.fixture(scope="module")
def address(filled: Filled, prometheus: Callable[..., str]) -> str:
    return prometheus(filled.data, "--query.max-samples=20000")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dashboards.busy_hour", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_backfill_finds_the_busy_hours_that_were_put_in(filled: Filled, address: str, tmp_path: Path) -> None:
    figures = filled.figures
    database = f"sqlite:///{tmp_path / 'busyhour.db'}"
    (tmp_path / "busyhour.toml").write_text(f'prometheus = "{address}"\ndatabase = "{database}"\n')
    config = ("--config", str(tmp_path / "busyhour.toml"))
    first = ("backfill", *config, "--from", "2026-10-25", "--to", "2026-11-21")
    done = run(*first)
    assert done.returncode == 0, done.stderr
    assert run(*first).stdout.startswith("0 records written")  # no day is counted twice

    answer = run("report", *config, "--scope", "platform", "--quantity", "sessions", "--json")
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    expected = {day: peak for day, peak in figures["sessions"]["platform"].items() if day >= "2026-10-25"}
    assert {line["date"]: line["start"] for line in report["days"]} == {
        day: peak["start"] for day, peak in expected.items()
    }
    assert [line["value"] for line in report["days"]] == pytest.approx([peak["value"] for peak in expected.values()])
    holed = {line["date"] for line in report["days"] if line["coverage"] < 1}
    assert holed == set(figures["days_with_a_hole"])
    assert [entry["date"] for entry in report["exceptional_days"]] == [figures["match_day"]]
    assert 0.9 < report["measures"]["bouncing"]["coincidence_factor"] < 1


def test_egress_is_in_bits(filled: Filled, address: str, connect_to: Callable[[str], Server]) -> None:
    figures = filled.figures
    store = Store("sqlite://")
    server = connect_to(address)
    day = date(2026, 11, 20)
    assert Recorder(server, store, SOURCES, CALENDAR).record([CALENDAR.day(day)], NOW) == 27
    [record] = store.load("platform", "egress_bits_per_second")
    assert record.value == pytest.approx(
        figures["sessions"]["platform"][day.isoformat()]["value"] * history.BYTES_PER_SESSION * 8
    )
    [load] = store.load("node:middleware-1", "node_load")
    assert load.value is not None
    assert 0 < load.value < 1


def test_chunks_of_any_size_give_the_same_day(
    filled: Filled, address: str, connect_to: Callable[[str], Server]
) -> None:
    source = next(source for source in SOURCES if (source.quantity, source.level) == ("sessions", "node"))
    span = CALENDAR.day(date(2026, 11, 6))
    whole = connect_to(address)
    small = connect_to(address)
    small.samples_a_request = 100  # a chunk is then the smallest there is, a quarter
    days = [day_of_source(server, source, span) for server in (whole, small)]
    assert [sorted(day) for day in days] == [["node:edge-1", "node:edge-2"]] * 2
    for scope, series in days[0].items():
        assert series.slots.tobytes() == days[1][scope].slots.tobytes()
        assert series.fine.tobytes() == days[1][scope].fine.tobytes()


def test_a_server_with_a_low_limit_is_asked_for_less(
    filled: Filled, address: str, prometheus: Callable[..., str], connect_to: Callable[[str], Server]
) -> None:
    server = connect_to(address)
    server.samples_a_request = 50_000_000
    refused: list[int] = []
    server.http.event_hooks["response"] = [lambda response: refused.append(response.status_code)]
    selector = '{__name__=~".+:.+"}'  # everything there is: a whole day exceeds the limit of this server
    span = CALENDAR.day(date(2026, 11, 20))
    samples = sum(len(series.times) for chunk in server.samples(selector, span.start, span.end) for series in chunk)
    assert samples > 30_000
    assert 422 in refused
    with pytest.raises(QueryError, match=r"HTTP 400: .*ranges only allowed for vector selectors"):
        list(server.samples("sum(up)", span.start, span.end))


def test_a_server_that_is_gone_is_named_with_its_chunk(connect_to: Callable[[str], Server]) -> None:
    server = connect_to(f"http://127.0.0.1:{free_port()}")
    span = CALENDAR.day(date(2026, 11, 20))
    with pytest.raises(QueryError, match=r"http://127.0.0.1:\d+: up from 2026-11-19T19:00Z to .*asked 4 times"):
        list(server.samples("up", span.start, span.end))


def test_serve_stops_while_prometheus_is_away(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "busyhour.toml").write_text(
        f'listen = "127.0.0.1:{port}"\nprometheus = "http://127.0.0.1:{free_port()}"\n'
        f'database = "sqlite:///{tmp_path / "busyhour.db"}"\n'
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboards.busy_hour", "serve", "--config", str(tmp_path / "busyhour.toml")],
            stderr=log,
        )
        try:
            poll(f"http://127.0.0.1:{port}/healthz", lambda text: text == "alive\n")
        finally:
            process.terminate()  # in the midst of the first run, which asks four times
            try:
                status = process.wait(DEADLINE)
            finally:
                process.kill()
    assert status == 0, (tmp_path / "log").read_text()


def test_serve_shows_yesterday_and_stops_cleanly(tmp_path: Path, prometheus: Callable[..., str]) -> None:
    now = time.time()
    figures = history.write(tmp_path / "data", now)
    address = prometheus(tmp_path / "data")
    port = free_port()
    (tmp_path / "busyhour.toml").write_text(
        f'listen = "127.0.0.1:{port}"\nprometheus = "{address}"\ndatabase = "sqlite:///{tmp_path / "busyhour.db"}"\n'
        'catch_up = "35d"\n[[capacity]]\nscope = "node:edge-1"\nsite = "almaty"\nsessions = 150\n'
        '[[capacity]]\nscope = "node:edge-2"\nsite = "astana"\nsessions = 140\n'
    )
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboards.busy_hour", "serve", "--config", str(tmp_path / "busyhour.toml")],
        stderr=log,
        env={**os.environ, "TZ": "America/New_York"},  # the machine's own zone must not matter
    )
    try:
        wanted = 'ott_busy_hour_value{measure="last_day",quantity="sessions",scope="platform"}'
        late = "ott_busy_hour_last_success_timestamp_seconds"
        text = poll(f"http://127.0.0.1:{port}/metrics", lambda text: late in text)
        # Just after local midnight the newest day has not settled and the one before it is shown.
        newest = datetime.fromtimestamp(value(text, "ott_busy_hour_recorded_timestamp_seconds"), ALMATY).date()
        assert datetime.fromtimestamp(now, ALMATY).date() - newest < timedelta(days=3)
        peak = figures["sessions"]["platform"][newest.isoformat()]
        assert value(text, wanted) == pytest.approx(peak["value"])
        start = datetime.fromisoformat(f"{newest}T{peak['start']}").replace(tzinfo=ALMATY).timestamp()
        series = '{quantity="sessions",scope="platform"}'
        assert value(text, f"ott_busy_hour_start_timestamp_seconds{series}") == start
        assert value(text, f"ott_busy_hour_coverage_ratio{series}") == 1
        assert value(text, f"ott_capacity_surviving{series}") == 140
        likely = 'ott_capacity_exhaustion_timestamp_seconds{bound="likely",quantity="sessions",scope="platform"}'
        assert now < value(text, likely) < now + 400 * 86400
        assert value(text, "ott_busy_hour_failures_total") == 0
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).text == "ready\n"
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=10).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/other", timeout=10).status_code == 404
        process.send_signal(signal.SIGHUP)
        poll_log(tmp_path / "log", "settings read again")
    finally:
        process.terminate()
        status = process.wait(DEADLINE)
        log.close()
    assert status == 0
    assert '"level": "error"' not in (tmp_path / "log").read_text()


def poll(url: str, fine: Callable[[str], bool]) -> str:
    end = time.monotonic() + 180
    text = ""
    while time.monotonic() < end:
        try:
            text = httpx.get(url, timeout=10).text
            if fine(text):
                return text
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{url} never showed what was waited for:\n{text[-3000:]}")


def poll_log(log: Path, words: str) -> None:
    end = time.monotonic() + DEADLINE
    while words not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def value(text: str, series: str) -> float:
    found = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    assert len(found) == 1, f"{series}:\n{text}"
    return float(found[0].rpartition(" ")[2])


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[str]:
    """A VictoriaMetrics with one day of one-minute samples of two series, and a hole."""
    port = free_port()
    process = subprocess.Popen(
        [
            "victoria-metrics",
            f"-storageDataPath={tmp_path / 'vm'}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=100y",
            "-loggerLevel=ERROR",
        ],
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        poll(f"{address}/health", lambda text: text == "OK")
        yield address
    finally:
        process.terminate()
        process.wait(DEADLINE)


def test_victoria_metrics_gives_the_same_records(
    victoria: str, tmp_path: Path, prometheus: Callable[..., str], connect_to: Callable[[str], Server]
) -> None:
    span = CALENDAR.day(date(2026, 11, 20))
    lines = ["# TYPE x gauge"]
    for node in ("a", "b"):
        for minute in range(-30, 1470):
            if not 300 <= minute < 400:
                at = span.start + 60 * minute
                lines.append(f'x{{node="{node}"}} {abs(minute - 1260) % 977 + (5.25 if node == "b" else 0)} {at}')
    text = "\n".join([*lines, "# EOF", ""])
    (tmp_path / "x.om").write_text(text)
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", tmp_path / "x.om", tmp_path / "data"],
        check=True,
    )
    milliseconds = "\n".join(
        f"{line.rpartition(' ')[0]} {line.rpartition(' ')[2]}000" for line in lines if not line.startswith("#")
    )
    httpx.post(f"{victoria}/api/v1/import/prometheus", content=milliseconds, timeout=30).raise_for_status()
    poll(
        f"{victoria}/api/v1/query?query=count_over_time(x[3d])&time={span.end + 86400}",
        lambda text: text.count('"1400"') == 2,
    )
    source = Source("sessions", "node", "x")
    both = [day_of_source(connect_to(address), source, span) for address in (prometheus(tmp_path / "data"), victoria)]
    assert sorted(both[0]) == sorted(both[1]) == ["node:a", "node:b"]
    for scope, series in both[0].items():
        assert series.slots.tobytes() == both[1][scope].slots.tobytes()
        assert series.coverage == pytest.approx(1 - 20 / 288)  # 05:00 to 06:40, in averages of five minutes
