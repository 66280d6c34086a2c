"""The overview against Prometheus: its seven figures are Prometheus's own, many readers cost one round, none waits."""

import asyncio
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest

from alerts.desk.console.overview.snapshot import QUERIES
from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.settings import Url
from alerts.desk.core.words import Words
from alerts.desk.tickets.runtime import utc_now
from demo.ports import free_port
from demo.processes import answers
from tests.contract.desk.payloads import alert, notification
from tests.contract.web import web
from tests.unit.desk.console_desk import Caller, Hall, hall

ALMATY = ZoneInfo("Asia/Almaty")
EN = Words("en", ALMATY)
WEEK = timedelta(days=7)
STEP = 240  # seconds between samples: within what Prometheus looks back
DEADLINE = 20.0
HALF = 0.5  # what everything was a week ago, of what it is now

# Series as the rules record them, with what they are now.
NOW: dict[str, float] = {
    'platform:ott_subscribers:sum{service="ott"}': 3340,
    'platform:ott_subscribers:sum{service="iptv"}': 5235,
    'platform:ott_subscribers_online:sum{service="ott"}': 47,
    'platform:ott_subscribers_online:sum{service="iptv"}': 861,
    'platform:ott_subscribers_online:avg1h{service="ott"}': 44,
    'platform:ott_subscribers_online:avg1h{service="iptv"}': 806,
    'platform:ott_edge_sessions:sum{service="ott"}': 68,
    'platform:ott_edge_viewers:sum{service="ott"}': 51,
    'platform:ott_edge_egress_bytes:rate1m{service="ott"}': 4_237_512.5,
    "platform:node_cpu_utilisation:avg": 0.5,
    "platform:node_cpu_utilisation:max": 0.914,
    "platform:node_memory_utilisation:max": 0.31,
    "platform:node_disk_io_utilisation:max": 0.0244,
    'node:node_cpu_utilisation:ratio_rate1m{node="edge-1",site="almaty",role="edge"}': 0.914,
    'node:node_filesystem_utilisation:ratio{node="edge-2",site="astana",role="edge"}': 0.73,
    'node:ott_edge_sessions:sum{node="edge-1",site="almaty",role="edge",service="ott"}': 68,
    'ott_busy_hour_value{scope="platform",quantity="subscribers_online",measure="last_day"}': 923.4,
    'ott_busy_hour_value{scope="platform",quantity="subscribers_online",measure="adpqh"}': 1111,
    'ott_busy_hour_value{scope="platform",quantity="sessions",measure="last_day"}': 2222,
    'ott_busy_hour_value{scope="site:almaty",quantity="subscribers_online",measure="last_day"}': 3333,
    'up{job="ott-agent",node="edge-1",site="almaty",role="edge"}': 1,
    'up{job="ott-agent",node="edge-2",site="astana",role="edge"}': 0,
    'up{job="ott-desk",node="control-1",site="almaty",role="control"}': 1,
    'channel:ott_edge_channel_sessions:sum{channel="kino"}': 41,
    'channel:ott_edge_channel_sessions:sum{channel="news"}': 27,
    'ott_stream_up{channel="kino",node="edge-1",site="almaty"}': 1,
    'ott_stream_up{channel="kino",node="edge-2",site="astana"}': 0,
    'ott_stream_up{channel="news",node="edge-1",site="almaty"}': 1,
    'ott_stream_target_duration_seconds{channel="news",node="edge-1",site="almaty"}': 4,
    'site:ott_threshold:effective{threshold="stream_stale_durations",site="almaty"}': 3,
}
# What the page must show beside each heading: the same as this expression's value.
SHOWN: dict[str, tuple[str, Unit]] = {
    "Subscribers in total": ("sum(platform:ott_subscribers:sum)", "count"),
    "Served in the busy hour": (
        'max(ott_busy_hour_value{scope="platform",quantity="subscribers_online",measure="last_day"})',
        "count",
    ),
    "Served now": ("sum(platform:ott_subscribers_online:sum)", "count"),
    "CPU": ("platform:node_cpu_utilisation:max", "ratio"),
    "RAM": ("platform:node_memory_utilisation:max", "ratio"),
    "Disk": ("platform:node_disk_io_utilisation:max", "ratio"),
    "Active sessions": ("sum(platform:ott_edge_sessions:sum)", "count"),
    "Viewers": ("sum(platform:ott_edge_viewers:sum)", "count"),
    "Outbound traffic": ("8 * sum(platform:ott_edge_egress_bytes:rate1m)", "bits"),
}


def write(data: Path, now: datetime) -> None:
    """Fill a Prometheus data folder with a week and a day up to `now`; everything doubled half a week ago."""
    end = int(now.timestamp())
    start, doubled = end - 9 * 86400, end - int(3.5 * 86400)
    yesterday = datetime.combine(now.astimezone(ALMATY).date(), datetime.min.time(), ALMATY) - timedelta(hours=3)
    series = NOW | {
        'ott_busy_hour_start_timestamp_seconds{scope="platform",quantity="subscribers_online"}': yesterday.timestamp(),
        'ott_stream_advanced_timestamp_seconds{channel="news",node="edge-1",site="almaty"}': end - 600,
    }
    text = data.parent / "series.om"
    with text.open("w") as file:
        for name, value in series.items():
            moments = bool(re.match("ott_.*timestamp", name))
            for at in (*range(start, end, STEP), end):
                file.write(f"{name} {value if at > doubled or moments else value * HALF!r} {at}\n")
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=486h", "openmetrics", "-q"]
    subprocess.run([*command, str(text), str(data)], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "data").mkdir()
    write(folder / "data", utc_now())
    (folder / "prometheus.yml").write_text("global: {}\n")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: apt-get install prometheus"
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        ready, deadline = answers(f"{address}/-/ready"), time.monotonic() + DEADLINE
        while not ready():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield address
        process.terminate()


@contextmanager
def desk(folder: Path, prometheus: str) -> Iterator[Hall]:
    with hall(folder, prometheus=Url(prometheus)) as result:
        result.runtime.now = utc_now
        result.now = utc_now()
        yield result


def amounts(text: str) -> dict[str, str]:
    found = re.findall(r'<h[34]>([^<]+)</h[34]>\s*<p class="amount">(.*?)</p>', text)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in found}


def asked(prometheus: str, query: str) -> float:
    (result,) = httpx.get(f"{prometheus}/api/v1/query", params={"query": query}, timeout=60).json()["data"]["result"]
    return float(result["value"][1])


def test_the_seven_figures_are_those_of_prometheus(prometheus: str, tmp_path: Path) -> None:
    with desk(tmp_path, prometheus) as room:
        page = room.person("viewer", language="en").get("/overview").text
    expected = {name: figure(EN, asked(prometheus, query), unit) for name, (query, unit) in SHOWN.items()}
    assert {name: value.replace("\xa0", " ") for name, value in amounts(page).items()} == expected
    assert expected["Outbound traffic"] == "33.9 Mbit/s"
    assert expected["Served in the busy hour"] == "923"
    for each in ("IPTV 5,235 · OTT 3,340", "IPTV 861 · OTT 47", "Fullest file system: edge-2, 73 %"):
        assert each in page


def test_each_is_compared_with_last_week_and_drawn(prometheus: str, tmp_path: Path) -> None:
    with desk(tmp_path, prometheus) as room:
        page = room.person("viewer", language="en").get("/overview").text
    # Twice of everything; the busy hour's comparison is its definition over the recorded day's weekday: 923 to 425.
    assert page.count("100 % more than a week ago") == 5
    assert "117 % more than a week ago" in page
    for points in ("+46 pp", "+16 pp", "+1 pp"):
        assert f"{points} in a week" in page
    assert page.count('<g class="line main">') == page.count('<g class="line before">') == 9


def test_nodes_and_channels_are_those_of_prometheus(prometheus: str, tmp_path: Path) -> None:
    with desk(tmp_path, prometheus) as room:
        page = room.person("viewer", language="en").get("/overview").text
        wall = room.person("viewer", language="en").get("/wall?view=busy").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "✓ edge-1 works edge · CPU 91 % · 68 sessions" in text
    assert "✕ edge-2 not responding edge" in text
    assert "control-1" not in page
    assert "kino 41 ✕ cannot be played, nodes: 1 of 2" in text
    assert "news 27 ✕ frozen (no new segments), nodes: 1 of 1" in text
    assert re.search(r"Last recorded</h2><p class=\"amount\">923<", wall)
    assert re.search(r"Expected today</h2><p class=\"amount\">425<", wall)


class Answers(BaseHTTPRequestHandler):
    """A Prometheus that has nothing, and counts what it is asked."""

    protocol_version = "HTTP/1.1"
    counted: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.counted[form["query"][0] + str(form.get("start", ""))] += 1
        body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Say nothing."""


def test_two_hundred_readers_cost_prometheus_one_round(tmp_path: Path) -> None:
    Answers.counted.clear()
    with web(Answers) as address, desk(tmp_path, f"http://{address}") as room:
        reader = room.person("viewer")
        answers = asyncio.run(at_once(reader, 200))
    assert [answer.status_code for answer in answers] == [200] * 200
    assert max(Answers.counted[query] for query in QUERIES.values() if query != QUERIES["busy_hour"]) == 1
    assert Answers.counted[QUERIES["busy_hour"]] == 2  # the charts want it, too
    assert max(Answers.counted.values()) == 2
    # Without an answer's content nothing is nought.
    assert set(amounts(answers[0].text).values()) == {"no data"}


async def at_once(reader: Caller, number: int) -> list[httpx.Response]:
    transport = httpx.ASGITransport(reader.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", cookies=reader.cookies) as client:
        return await asyncio.gather(*(client.get("/overview/part") for _ in range(number)))


def test_a_prometheus_that_hangs_holds_up_neither_readers_nor_webhooks(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        desk(tmp_path, f"http://127.0.0.1:{deaf.getsockname()[1]}") as room,
    ):
        reader = room.person("viewer", language="en")

        async def both() -> tuple[list[httpx.Response], httpx.Response]:
            waiting = asyncio.create_task(at_once(reader, 60))
            transport = httpx.ASGITransport(room.machine.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://desk", headers=room.machine.headers
            ) as machine:
                body = notification(alert(start=datetime.now(UTC)))
                taken = await machine.post("/webhook/alertmanager", json=body)
            assert not waiting.done()
            return await waiting, taken

        began = time.monotonic()
        pages, taken = asyncio.run(both())
        assert taken.status_code == 200
        # Two seconds of patience that all readers share: one after the other they would wait for two minutes.
        assert time.monotonic() - began < 60.0
        assert all("Prometheus is not responding, so no metrics are available." in page.text for page in pages)
