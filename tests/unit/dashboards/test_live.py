"""What is asked of a Prometheus for each panel, against a transport that answers from a table."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from dashboards import live
from service.prometheus import Client

NOW = 1_795_000_000.0
SERIES = {"metric": {"node": "edge-1"}, "value": [NOW, "1"]}

Asked = list[tuple[str, dict[str, str]]]


def prometheus(answer: Callable[[str], Any], asked: Asked) -> live.Prometheus:
    def handle(request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        asked.append((request.url.path, form))
        return httpx.Response(200, json=answer(form["query"]))

    client = httpx.Client(transport=httpx.MockTransport(handle))
    return live.Prometheus(Client("http://prometheus/prefix/", client), NOW)


def vector(*series: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "vector", "result": list(series)}}


def board(target: Mapping[str, Any], panel: Mapping[str, Any] | None = None) -> dict[str, Any]:
    variables = [
        {"name": "site", "type": "query", "includeAll": True, "allValue": ".*", "query": {"query": "unused"}},
        {"name": "node", "type": "query", "query": {"query": 'label_values(up{site=~"$site"}, node)'}},
        {"name": "utc_offset", "type": "constant", "query": "18000"},
    ]
    shown = {"title": "Panel", "type": "stat", "fieldConfig": {"defaults": {}}, "targets": [{"refId": "A", **target}]}
    return {
        "uid": "ott-x",
        "timezone": "Asia/Almaty",
        "time": {"from": "now-6h"},
        "templating": {"list": variables},
        "panels": [{**shown, **(panel or {})}],
    }


def test_variables_and_macros_are_filled_in() -> None:
    asked: Asked = []
    target = {"expr": 'rate(x{node="$node",site=~"$site"}[$__rate_interval]) + $utc_offset', "instant": True}
    (answer,) = live.ask(prometheus(lambda _: vector(SERIES), asked), board(target))
    assert asked[0] == (
        "/prefix/api/v1/query",
        {"query": 'group by (node) (up{site=~".*"})', "time": str(NOW)},
    )
    assert answer.expr == 'rate(x{node="edge-1",site=~".*"}[27s]) + 18000'
    assert len(answer.series) == 1
    assert not answer.fails(strict=True)


def test_a_choice_takes_the_place_of_the_first_value() -> None:
    target = {"expr": 'up{node="$node"}', "instant": True}
    (answer,) = live.ask(prometheus(lambda _: vector(SERIES), []), board(target), {"node": "edge-2"})
    assert answer.expr == 'up{node="edge-2"}'


def test_several_ticked_values_are_written_as_grafana_writes_them() -> None:
    built = board({"expr": 'up{node=~"$nodes"}', "instant": True})
    nodes = {"name": "nodes", "type": "query", "includeAll": True, "allValue": ".*", "multi": True}
    built["templating"]["list"].append({**nodes, "query": {"query": "label_values(up, node)"}})
    found = [{"metric": {"node": name}, "value": [NOW, "1"]} for name in ("edge-1", "edge.kz")]
    asked = prometheus(lambda _: vector(*found), [])
    assert live.several(asked, built) == {"nodes": r"(edge-1|edge\\.kz)"}


def test_daily_points_lie_on_local_midnight() -> None:
    asked: Asked = []
    matrix = {"status": "success", "data": {"resultType": "matrix", "result": []}}
    answers = prometheus(lambda query: vector(SERIES) if query.startswith("group") else matrix, asked)
    list(live.ask(answers, board({"expr": "up", "interval": "1d"}, {"timeFrom": "4w"})))
    form = asked[-1][1]
    assert (float(form["end"]) + 5 * 3600) % 86400 == 0
    assert float(form["end"]) - float(form["start"]) == 28 * 86400
    assert 0 <= NOW - float(form["end"]) < 86400


@pytest.mark.parametrize(
    ("said", "strict", "fails"),
    [("no data", False, True), ("no ticket is open", False, False), ("no ticket", True, True)],
)
def test_nothing_is_an_answer_where_the_panel_says_so(said: str, strict: bool, fails: bool) -> None:
    panel = {"fieldConfig": {"defaults": {"noValue": said}}}
    (answer,) = live.ask(prometheus(lambda _: vector(), []), board({"expr": "up", "instant": True}, panel))
    assert answer.fails(strict=strict) is fails


def test_an_error_of_prometheus_is_told_with_its_panel() -> None:
    refused = {"status": "error", "error": "parse error"}
    answers = prometheus(lambda query: vector(SERIES) if query.startswith("group") else refused, [])
    (answer,) = live.ask(answers, board({"expr": "sum(", "instant": True}))
    assert answer.fails(strict=False)
    assert str(answer).startswith("ott-x: Panel, query A: HTTP 200: parse error in ")


def test_what_is_no_prometheus_is_told() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="<p>")))
    with pytest.raises(OSError, match="without a JSON answer; does this address belong to a Prometheus"):
        live.Prometheus(Client("http://x", client), NOW).get("query", query="up")
