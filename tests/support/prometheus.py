"""A client of a Prometheus whose answers a test chooses."""

from collections.abc import Callable
from urllib.parse import parse_qs

import httpx

from service.prometheus import Client


def prometheus_where(exists: Callable[[str], bool | httpx.Response]) -> Client:
    """Return a client whose server finds a series where `exists` returns true.

    Where `exists` raises OSError nobody answers; a response that it returns is sent as it is.
    """

    def handle(request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.content.decode())["query"][0]
        try:
            found = exists(query)
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        if isinstance(found, httpx.Response):
            return found
        result = [{"metric": {}, "value": [0, "1"]}] if found else []
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})

    return Client("http://prometheus:9090", httpx.Client(transport=httpx.MockTransport(handle)))


def refusal(status: int, error: str, kind: str = "bad_data") -> httpx.Response:
    """Return the answer of a Prometheus that refuses a query."""
    return httpx.Response(status, json={"status": "error", "errorType": kind, "error": error})
