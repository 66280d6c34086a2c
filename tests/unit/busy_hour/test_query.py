"""Answers of servers that are not whole."""

import errno
from collections.abc import Callable

import httpx
import pytest

from dashboards.busy_hour.records.faults import QueryError
from dashboards.busy_hour.records.query import Server

Answer = Callable[[httpx.Request], httpx.Response]


def server(answer: Answer, pauses: list[float] | None = None) -> Server:
    waited = pauses if pauses is not None else []
    return Server("http://prometheus:9090", httpx.Client(transport=httpx.MockTransport(answer)), waited.append)


def matrix(*pairs: tuple[float, str], **more: object) -> dict[str, object]:
    result = [{"metric": {"node": "edge-1"}, "values": list(pairs)}]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def histograms(series: list[dict[str, object]]) -> dict[str, object]:
    result = [{"metric": {"node": "edge-1"}} | each for each in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def ask(answer: Answer, pauses: list[float] | None = None) -> list[float]:
    with server(answer, pauses).http as http:
        asked = Server("http://prometheus:9090", http, (pauses if pauses is not None else []).append)
        return [value for chunk in asked.samples("x", 0, 900) for series in chunk for value in series.values.tolist()]


def test_samples_at_the_edges_belong_to_one_chunk() -> None:
    pairs = matrix((-0.001, "1"), (0, "2"), (899.999, "3"), (900, "4"), (60, "NaN"), (61, "+Inf"))
    assert ask(lambda _: httpx.Response(200, json=pairs)) == [2.0, 3.0]


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx.Response(200, json=matrix(warnings=["store 2 is away"])), "the answer is partial .store 2 is away"),
        (httpx.Response(200, json=matrix(isPartial=True)), "the answer is partial .isPartial"),
        (httpx.Response(200, content=b'{"status":"success","data":{"resu'), "HTTP 200 without a JSON answer"),
        (httpx.Response(404, content=b"<html>"), "HTTP 404 without a JSON answer"),
        (httpx.Response(400, json={"status": "error", "error": "parse error"}), "HTTP 400: parse error"),
        (httpx.Response(401, json={"status": "error", "error": "no token"}), "HTTP 401: no token"),
        (httpx.Response(200, json=["success"]), "HTTP 200: .'success'"),
        (
            httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": []}}),
            "no plain selector",
        ),
        (
            httpx.Response(200, json=histograms([{"histograms": [[1, {"count": "5", "sum": "3"}]]}])),
            "native histograms, not values: .*'node': 'edge-1'.* quantile",
        ),
        (
            httpx.Response(
                200, json=histograms([{"values": [[0, "1"]]}, {"values": [[0, "1"]], "histograms": [[1, {}]]}])
            ),
            "native histograms, not values",
        ),
        (httpx.Response(200, json=histograms([{}])), "a series that cannot be read"),
        (httpx.Response(200, json=histograms([{"values": None}])), "a series that cannot be read"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused_with_its_chunk(response: httpx.Response, message: str) -> None:
    with pytest.raises(
        QueryError, match=rf"http://prometheus:9090: x from 1970-01-01T00:00Z to 1970-01-01T00:15Z: .*{message}"
    ):
        ask(lambda _: response)


def test_a_server_that_is_away_for_a_moment_is_asked_again() -> None:
    answers = [httpx.Response(503), httpx.Response(502), httpx.Response(200, json=matrix((0, "7")))]
    pauses: list[float] = []
    assert ask(lambda _: answers.pop(0), pauses) == [7.0]
    assert pauses == [1.0, 2.0]


def test_it_gives_up_after_four_times() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111]") from ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    pauses: list[float] = []
    with pytest.raises(QueryError, match="Connection refused; asked 4 times"):
        ask(away, pauses)
    assert len(pauses) == 3


def test_a_server_with_too_low_a_limit_is_named_with_its_remedy() -> None:
    error = "query processing would load too many samples into memory in query execution"
    with pytest.raises(QueryError, match=r"too many samples.*--query\.max-samples"):
        ask(lambda _: httpx.Response(422, json={"status": "error", "error": error}))


@pytest.mark.parametrize(
    "error",
    [
        "query processing would load too many samples into memory in query execution",
        "the query exceeded the maximum number of chunks (limit: 100 chunks) (err-mimir-max-chunks-per-query)",
        "the query time range exceeds the limit (query length: 1h0m0s, limit: 15m0s) (err-mimir-max-query-length)",
        "rpc error: code = ResourceExhausted desc = exceeded samples limit: limit 240 violated (got 1440)",
        "cannot select more than -search.maxSamplesPerQuery=1000 samples",
    ],
)
def test_a_limit_is_met_with_smaller_queries(error: str) -> None:
    asked: list[str] = []

    def limited(request: httpx.Request) -> httpx.Response:
        selector = dict(httpx.QueryParams(request.content.decode()))["query"]
        asked.append(selector)
        if selector not in ("x[900001ms]", "x[1800001ms]"):
            return httpx.Response(422, json={"status": "error", "errorType": "execution", "error": error})
        return httpx.Response(200, json=matrix())

    chunks = list(server(limited).samples("x", 0, 7200))
    assert len(chunks) == 4
    assert asked == ["x[3600001ms]", *["x[1800001ms]"] * 4]


def test_a_result_that_is_null_is_refused() -> None:
    null = {"status": "success", "data": {"resultType": "matrix", "result": None}}
    with pytest.raises(QueryError, match="no list of results"):
        ask(lambda _: httpx.Response(200, json=null))
