"""Instant queries to Prometheus."""

from collections.abc import Sequence
from typing import Any

import httpx

TIMEOUT = 5.0


def ask(client: httpx.Client, base: str, query: str) -> bool:
    """Say whether an instant query returns anything; raise OSError when Prometheus does not answer it."""
    return bool(instant(client, base, query))


def instant(client: httpx.Client, base: str, query: str) -> Sequence[Any]:
    """Return the result of an instant query."""
    return _result(client, f"{base}/api/v1/query", {"query": query})


def over_time(  # noqa: PLR0913 - the API's own parameters
    client: httpx.Client, base: str, query: str, *, start: float, end: float, step: float
) -> Sequence[Any]:
    """Return the result of a range query."""
    times = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
    return _result(client, f"{base}/api/v1/query_range", {"query": query} | times)


def _result(client: httpx.Client, url: str, parameters: dict[str, str]) -> Sequence[Any]:
    try:
        answer = client.post(url, data=parameters, timeout=TIMEOUT)
        answer.raise_for_status()
        result = answer.json()["data"]["result"]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(f"Prometheus does not answer: {error}") from None
    except (ValueError, KeyError, TypeError):
        raise OSError("Prometheus gave an answer that is none") from None
    if not isinstance(result, list):
        raise OSError("Prometheus gave an answer that is no list")
    return result
