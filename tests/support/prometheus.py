"""A client of a Prometheus whose answers a test chooses."""

from collections.abc import Callable
from urllib.parse import parse_qs

import httpx

from service.prometheus import Client

YOUNG = 4102444800.0  # the year 2100: later than whatever ends


def prometheus_where(
    exists: Callable[[str], bool | httpx.Response], rules: int = 200, newest: Callable[[], float] = lambda: YOUNG
) -> Client:
    """Return a client whose server finds the data of a query where `exists` returns true; no condition is met.

    The value is always 0, which is also how a comparison in its `bool` form says that it is false. Where `exists`
    raises OSError nobody answers; a response that it returns is sent as it is. `rules` is the status of the list of
    rules, which is empty. `newest` is the time of the newest samples.
    """

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/rules"):
            return httpx.Response(rules, json={"status": "success", "data": {"groups": []}})
        query = parse_qs(request.content.decode())["query"][0]
        try:
            found = exists(query)
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        if isinstance(found, httpx.Response):
            return found
        ranged = request.url.path.endswith("/query_range")
        value = str(newest()) if query.startswith("max(timestamp(") else "0"
        kind, point = ("matrix", {"values": [[0, "0"]]}) if ranged else ("vector", {"value": [0, value]})
        result = [{"metric": {}, **point}] if found else []
        return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})

    return Client("http://prometheus:9090", httpx.Client(transport=httpx.MockTransport(handle)))


def refusal(status: int, error: str, kind: str = "bad_data") -> httpx.Response:
    """Return the answer of a Prometheus that refuses a query."""
    return httpx.Response(status, json={"status": "error", "errorType": kind, "error": error})
