"""Queries to Prometheus: what exists now, and how it went."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import httpx

TIMEOUT = 5.0


class Value(NamedTuple):
    """One series at one moment."""

    labels: Mapping[str, str]
    value: float


class Course(NamedTuple):
    """One series over time: its points as (Unix seconds, value), oldest first."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


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


def values(client: httpx.Client, base: str, query: str) -> list[Value]:
    """Return the finite values of an instant query; what is not a number is as good as absent."""
    try:
        found = [Value(row["metric"], float(row["value"][1])) for row in instant(client, base, query)]
    except (KeyError, IndexError, TypeError, ValueError):
        raise OSError("Prometheus gave an answer that is no vector") from None
    return [each for each in found if math.isfinite(each.value)]


def courses(  # noqa: PLR0913 - the API's own parameters
    client: httpx.Client, base: str, query: str, *, start: float, end: float, step: float
) -> list[Course]:
    """Return the finite points of a range query."""
    try:
        return [
            Course(row["metric"], [(float(at), float(value)) for at, value in row["values"] if _finite(value)])
            for row in over_time(client, base, query, start=start, end=end, step=step)
        ]
    except (KeyError, TypeError, ValueError):
        raise OSError("Prometheus gave an answer that is no matrix") from None


def _finite(value: str) -> bool:
    """Say whether a value as Prometheus writes it is a number."""
    return math.isfinite(float(value))


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
