"""The charts of a ticket: what is asked, drawn and said, and that nobody waits for a Prometheus that hangs."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from alerts.desk.console.ticket import charts
from alerts.desk.console.ticket.charts import Measured
from alerts.desk.core.settings import Url
from tests.contract.desk.payloads import alert, notification
from tests.unit.desk.console_desk import NOON, Hall, hall

EXPRESSION = (
    "node:node_cpu_utilisation:ratio_rate1m > on (site) group_left () "
    'site:ott_threshold:effective{threshold="node_cpu"}'
)
HERE = {"node": "edge-1", "site": "almaty"}


class Prometheus:
    """Answers range queries with constants, or as told; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.before: Callable[[], object] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        self.asked.append(asked)
        self.before()
        if "threshold" in asked["query"]:
            series = [({"site": ""}, "0.5"), ({"site": "almaty"}, "0.9")]
        else:
            series = [(HERE, "0.95"), ({"node": "edge-2", "site": "almaty"}, "0.1")]
        times = range(int(float(asked["start"])), int(float(asked["end"])) + 1, 30)
        result = [{"metric": labels, "values": [[at, value] for at in times]} for labels, value in series]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": result}})


@pytest.fixture
def prometheus() -> Prometheus:
    return Prometheus()


@pytest.fixture
def room(tmp_path: Path, prometheus: Prometheus) -> Iterator[Hall]:
    with hall(tmp_path, prometheus=Url("http://prometheus")) as result:
        client = httpx.Client(transport=httpx.MockTransport(prometheus))

        def seconds() -> float:
            return result.now.timestamp()

        result.machine.app.state.measured = Measured(client, seconds)
        yield result


def alarm(room: Hall, expression: str = EXPRESSION, *, firing: bool = True, start: Any = NOON) -> None:
    each = alert("edge-1", start=start, firing=firing)
    each["generatorURL"] = str(httpx.URL("http://prometheus/graph", params={"g0.expr": expression}))
    room.machine.post("/webhook/alertmanager", json=notification(each)).raise_for_status()


def test_the_value_its_threshold_and_the_moments_are_drawn(room: Hall, prometheus: Prometheus) -> None:
    alarm(room)
    room.now += timedelta(minutes=20)
    page = room.person("viewer").get("/ticket/1/charts").text
    assert "<h1>edge-1 does not answer</h1>" in page
    value = re.search(r'aria-label="[^"]*"', page[page.index("<svg") :])
    assert value
    assert "95 %" in value[0]  # the unit is the threshold's
    assert "threshold 90 %" in value[0]  # the site's own, not the platform's
    assert page.count('class="line main"') == 1
    assert 'class="line other"' not in page  # edge-2 is no matter of this ticket
    assert page.count('class="moment"') == 1
    assert 'data-every="30"' in page
    asked = prometheus.asked[0]
    assert (
        asked["query"]
        == 'node:node_cpu_utilisation:ratio_rate1m{node=~"edge-1|",severity=~"critical|",site=~"almaty|"}'
    )
    assert float(asked["start"]) == (NOON - timedelta(hours=1)).timestamp()
    assert float(asked["end"]) == room.now.timestamp()


def test_a_recovery_is_marked_and_the_picture_is_finished_after_an_hour(room: Hall, prometheus: Prometheus) -> None:
    alarm(room)
    room.now += timedelta(minutes=5)
    alarm(room, firing=False)
    room.now += timedelta(hours=3)
    page = room.person().get("/ticket/1/charts").text
    assert page.count('class="moment"') == 2
    assert "alarm ended" in page
    assert 'data-every=""' in page
    assert float(prometheus.asked[0]["end"]) == (NOON + timedelta(hours=1)).timestamp()


def test_readers_share_an_answer_for_a_while(room: Hall, prometheus: Prometheus) -> None:
    alarm(room)
    readers = [room.person() for _ in range(3)]
    for reader in readers:
        reader.get("/ticket/1/charts")
    assert len(prometheus.asked) == 2  # the value and its threshold
    room.now += timedelta(seconds=charts.KEPT_SECONDS)
    readers[0].get("/ticket/1/charts")
    assert len(prometheus.asked) == 4


def test_a_prometheus_that_is_down_is_said_to_be_and_asked_again_later(room: Hall, prometheus: Prometheus) -> None:
    def refuse() -> None:
        raise httpx.ConnectError("refused")

    prometheus.before = refuse
    alarm(room)
    reader = room.person()
    for _ in range(2):
        answer = reader.get("/ticket/1/charts")
        assert answer.status_code == 200
        assert "Prometheus is not responding" in answer.text
        assert "<svg" not in answer.text
    assert len(prometheus.asked) == 1
    prometheus.before = lambda: None
    room.now += timedelta(seconds=charts.KEPT_FAILURE_SECONDS)
    assert "<svg" in reader.get("/ticket/1/charts").text


def test_nobody_waits_for_a_prometheus_that_hangs(
    room: Hall, prometheus: Prometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "PATIENCE", 0.05)
    go = threading.Event()
    prometheus.before = lambda: go.wait(20)
    alarm(room)
    reader = room.person()
    try:
        for _ in range(3):
            answer = reader.get("/ticket/1/charts")
            assert "Prometheus has not answered yet" in answer.text
            assert 'data-every="3"' in answer.text
        assert len(prometheus.asked) == 1  # who asks meanwhile waits for the same answer
        assert "Metrics around the opening" in reader.get("/ticket/1").text  # the ticket's page asks nothing
    finally:
        go.set()
    monkeypatch.setattr(charts, "PATIENCE", 10.0)
    assert "<svg" in reader.get("/ticket/1/charts").text
    assert len(prometheus.asked) == 2


def test_a_series_that_is_not_there_is_no_zero(room: Hall) -> None:
    alarm(room, "gone > 1")
    empty = {"status": "success", "data": {"resultType": "matrix", "result": []}}
    room.machine.app.state.measured = Measured(
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=empty)))
    )
    page = room.person().get("/ticket/1/charts").text
    assert "No data." in page
    assert "<svg" not in page


@pytest.mark.parametrize("expression", ["", "vector(1)", "not promql"])
def test_an_alarm_without_a_readable_expression_has_no_charts(
    room: Hall, prometheus: Prometheus, expression: str
) -> None:
    alarm(room, expression)
    reader = room.person()
    assert 'id="charts"' not in reader.get("/ticket/1").text
    assert "No chart available" in reader.get("/ticket/1/charts").text
    assert prometheus.asked == []


def test_without_a_prometheus_the_ticket_has_no_charts(control_room: Hall) -> None:
    control_room.alarm()
    assert 'id="charts"' not in control_room.person().get("/ticket/1").text


def test_a_ticket_that_is_not_there_has_no_charts(room: Hall) -> None:
    assert room.person().get("/ticket/9/charts").status_code == 404
