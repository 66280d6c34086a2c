"""What the client of the query API makes of the answers of Prometheus, VictoriaMetrics, Mimir, Thanos and gateways."""

import errno
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from service.prometheus import (
    Client,
    PrometheusUnavailableError,
    QueryRejectedError,
    Sample,
    Series,
    Window,
    connect,
    narrowed_by,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
Handler = Callable[[httpx.Request], httpx.Response]


def client(answer: httpx.Response | Handler, **options: Any) -> Client:
    handle = answer if callable(answer) else lambda _: answer
    http = httpx.Client(transport=httpx.MockTransport(handle))
    return Client("http://prometheus:9090/", http, now=lambda: NOW, **options)


def success(kind: str, result: object, **more: object) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}, **more})


def error(status: int, sentence: str, kind: str = "bad_data") -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "errorType": kind, "error": sentence})


VECTOR = [{"metric": {"node": "edge-1"}, "value": [1, "2.5"]}]


def test_vectors_scalars_and_matrices_are_read() -> None:
    assert client(success("vector", VECTOR)).query("up") == [Sample({"node": "edge-1"}, 2.5)]
    assert client(success("scalar", [1, "3"])).query("3") == [Sample({}, 3.0)]
    matrix = success("matrix", [{"metric": {}, "values": [[1, "+Inf"], [2, "4"]]}])
    assert client(matrix).query_range("up", Window(0, 2, 1)) == [Series({}, [(1.0, float("inf")), (2.0, 4.0)])]
    assert client(matrix).samples("up[2s]", 2)[0].points[1] == (2.0, 4.0)
    assert client(success("vector", VECTOR)).exists("up")
    assert not client(success("vector", [])).exists("up")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (error(400, 'parse error: unexpected ":"'), r'HTTP 400: parse error: unexpected ":"'),
        (error(422, "query processing would load too many samples", "execution"), "HTTP 422: query processing"),
        (
            httpx.Response(422, text="the range exceeds the limit"),
            "HTTP 422 without a JSON answer: the range",
        ),
        (httpx.Response(413, text="<html>too large</html>"), "HTTP 413 without a JSON answer$"),
        (httpx.Response(200, json={"status": "error", "error": "no such metric"}), "HTTP 200: no such metric"),
        (success("vector", VECTOR, warnings=["PromQL warning: bucket label missing"]), "PromQL warning: bucket label"),
        (success("vector", [{"metric": {}, "histogram": [1, {}]}]), ".* native histograms"),
        (success("matrix", []), "the result is a matrix, not a vector"),
    ],
)
def test_a_query_that_the_server_refuses_is_rejected(answer: httpx.Response, sentence: str) -> None:
    with pytest.raises(QueryRejectedError, match=f"http://prometheus:9090: {sentence}"):
        client(answer).query("up")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (error(503, "query timed out", "timeout"), "HTTP 503: query timed out"),
        (error(422, "query was canceled", "canceled"), "HTTP 422: query was canceled"),
        (httpx.Response(502, text="<html>Bad Gateway</html>"), "HTTP 502 without a JSON answer$"),
        (httpx.Response(401, text="Unauthorized"), "HTTP 401 .*Unauthorized; check the token or the account"),
        (
            httpx.Response(401, text="no org id\n"),
            "HTTP 401 .*no org id; check the token or the account; .* a proxy that sets X-Scope-OrgID$",
        ),
        (error(403, "no access to tenant 7"), "HTTP 403: no access to tenant 7; check the token"),
        (httpx.Response(404, text="404 page not found"), "HTTP 404 .*does this address belong to a Prometheus"),
        (httpx.Response(302, headers={"location": "/login"}), "HTTP 302 .*a redirect to /login; does this address"),
        (httpx.Response(200, text="<html>login</html>"), "HTTP 200 without a JSON answer; does this address"),
        (success("vector", VECTOR, warnings=["store 2 is away"]), r"the answer is partial \(store 2 is away\)"),
        (success("vector", VECTOR, isPartial=True), r"the answer is partial \(isPartial\)"),
        (success("vector", None), "the answer has no list of results"),
        (success("vector", [{"metric": {}, "value": [1, "much"]}]), ".*a value that is no number"),
        (success("vector", [7]), ".*a series without labels"),
    ],
)
def test_an_answer_that_is_of_no_use_is_unavailable(answer: httpx.Response, sentence: str) -> None:
    with pytest.raises(PrometheusUnavailableError, match=f"http://prometheus:9090: {sentence}"):
        client(answer).query("up")


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_proxy_that_lets_only_reading_through_is_asked_by_get(status: int) -> None:
    """As Prometheus's own client does (prometheus/client_golang#1619); a proxy takes POST for writing."""
    asked: list[tuple[str, str]] = []

    def reading(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.params.get("query", "")))
        return success("vector", VECTOR) if request.method == "GET" else httpx.Response(status)

    assert client(reading).query('up{node="edge-1"}')
    assert asked == [("POST", ""), ("GET", 'up{node="edge-1"}')]


@pytest.mark.parametrize("more", [{"infos": ["PromQL info: not a counter"]}, {"warnings": ["PromQL info: x"]}])
def test_remarks_about_a_query_are_no_partial_answer(more: dict[str, object]) -> None:
    assert client(success("vector", VECTOR, **more)).query("up")


def test_no_connection_is_unavailable_and_shows_no_password() -> None:
    def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111]") from ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    http = httpx.Client(transport=httpx.MockTransport(nobody))
    with pytest.raises(PrometheusUnavailableError) as failure:
        Client("http://reader:hidden@prometheus:9090", http).query("up")
    assert str(failure.value) == "http://prometheus:9090: Connection refused"


@pytest.mark.parametrize(
    ("header", "pause"), [("9", 9.0), ("Sat, 28 Nov 2026 00:00:30 GMT", 30.0), ("soon", 1.0), ("", 1.0)]
)
def test_the_pause_that_the_server_asks_for_is_kept(header: str, pause: float) -> None:
    answers = [httpx.Response(429, headers={"retry-after": header}), success("vector", VECTOR)]
    pauses: list[float] = []
    assert client(lambda _: answers.pop(0), attempts=2, pause=pauses.append).query("up")
    assert pauses == [pause]


def test_a_pause_that_is_too_long_is_told_instead() -> None:
    pauses: list[float] = []
    with pytest.raises(PrometheusUnavailableError) as failure:
        client(httpx.Response(503, headers={"retry-after": "3600"}), attempts=4, pause=pauses.append).query("up")
    assert (pauses, failure.value.retry_after) == ([], 3600.0)


def test_a_rejected_query_and_a_refused_account_are_not_tried_again() -> None:
    for answer in (error(400, "parse error"), httpx.Response(401)):
        asked: list[httpx.Request] = []

        def handle(request: httpx.Request, answer: httpx.Response = answer, asked: Any = asked) -> httpx.Response:
            asked.append(request)
            return answer

        with pytest.raises((QueryRejectedError, PrometheusUnavailableError)):
            client(handle, attempts=4, pause=lambda _: None).query("up")
        assert len(asked) == 1


def test_token_and_account_are_sent() -> None:
    seen: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return success("vector", [])

    client(handle, token="t0ken").query("up")
    client(handle, account=("reader", "word")).query("up")
    client(handle).query("up")
    assert seen == ["Bearer t0ken", "Basic cmVhZGVyOndvcmQ=", None]
    with pytest.raises(ValueError, match="a token or an account, not both"):
        client(handle, token="t", account=("a", "b"))


def test_a_time_limit_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="time limit"):
        connect("http://prometheus:9090", timeout=0)


def test_a_server_that_knows_legacy_names_only_is_asked_without_the_others() -> None:
    asked: list[dict[str, str]] = []

    def ask(labels: Any) -> str:
        asked.append(dict(labels))
        if "service.name" in labels:
            raise QueryRejectedError("server", "parse error")
        return "there"

    assert narrowed_by({"node": "edge-1", "service.name": "ott"}, ask) == "there"
    assert asked == [{"node": "edge-1", "service.name": "ott"}, {"node": "edge-1"}]
    with pytest.raises(QueryRejectedError):
        narrowed_by({"node": "edge-1"}, lambda _: client(error(400, "no")).exists("up"))
