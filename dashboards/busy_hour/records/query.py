"""Raw samples from Prometheus or VictoriaMetrics over HTTP.

Range queries repeat the last sample for five minutes over every gap, and each server aligns them in its own way. A
range selector in an instant query (`series[1h]` at a time) returns the stored samples themselves, from both servers.
Requests are sized to stay far below the server's sample limit, and shrink when it still refuses.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import httpx
import msgspec
import numpy as np

from dashboards.busy_hour.measures.series import HOUR, QUARTER, Floats, utc_text
from dashboards.busy_hour.records.faults import QueryError, SourceError
from service.prometheus import Client, PrometheusError, QueryRejectedError

SAMPLES_A_REQUEST = 400_000  # some 12 MB of JSON; Prometheus refuses 50 million
ATTEMPTS = 4
# How Prometheus, VictoriaMetrics, Mimir and Thanos refuse a query that asks for too much at once.
_LIMIT = re.compile(
    r"too many (?:samples|series|chunks|data ?points)|maxSamplesPer|exceeds? the limit|exceeded the (?:maximum|limit)"
    r"|(?:samples|series|chunks|bytes) limit|limit \d+ violated|ResourceExhausted|err-mimir-max-"
    r"|exceeds? the -search\.",
    re.IGNORECASE,
)


class RawSeries(NamedTuple):
    """Samples of one series inside one chunk."""

    labels: dict[str, str]
    times: Floats
    values: Floats


@dataclass(slots=True)
class Server:
    """A Prometheus-compatible server. `pause` waits between attempts."""

    url: str
    http: httpx.Client
    pause: Callable[[float], object]
    samples_a_request: int = SAMPLES_A_REQUEST
    _density: dict[str, float] = field(default_factory=dict)  # samples per second by selector
    _longest: dict[str, int] = field(default_factory=dict)  # seconds that the server lets one query span, by selector

    def samples(self, selector: str, start: int, end: int) -> Iterator[list[RawSeries]]:
        """Yield the series of chunk after chunk of [start, end); chunks end on quarters counted from `start`."""
        at = start
        while at < end:
            until = min(end, at + self._width(selector))
            try:
                found = self._chunk(selector, at, until)
            except _LimitError as error:
                if until - at <= QUARTER:
                    raise QueryError(f"{error}; raise the server's limit (in Prometheus --query.max-samples)") from None
                self._longest[selector] = max(QUARTER, (until - at) // 2 // QUARTER * QUARTER)
                continue
            count = sum(len(series.times) for series in found)
            self._density[selector] = max(count / (until - at), self._density.get(selector, 0.0) / 2)
            yield found
            at = until

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def ping(self) -> None:
        """Raise QueryError unless the server answers a query."""
        self._ask({"query": "1"}, "a test query")

    def _width(self, selector: str) -> int:
        longest = self._longest.get(selector, 25 * HOUR)
        density = self._density.get(selector)
        if density is None:
            return min(HOUR, longest)  # the first request finds out how dense the series is
        if density == 0:
            return min(24 * HOUR, longest)
        return max(QUARTER, min(longest, int(self.samples_a_request / density) // QUARTER * QUARTER))

    def _chunk(self, selector: str, start: int, end: int) -> list[RawSeries]:
        chunk = f"{selector} from {utc_text(start)} to {utc_text(end)}"
        # One millisecond more than the span: newer servers leave out the sample at the very beginning. Older ones
        # would add one before it, which the bounds below leave out.
        query = {"query": f"{selector}[{(end - start) * 1000 + 1}ms]", "time": str(end)}
        data = self._ask(query, chunk)
        if data.get("resultType") != "matrix":
            raise SourceError(f"{self.url}: {chunk}: this is no plain selector, so there are no raw samples")
        if bare := next((series for series in data["result"] if series.get("histograms")), None):
            raise SourceError(
                f"{self.url}: {chunk}: has native histograms, not values: {bare.get('metric')}; record a figure of "
                "them, such as their count or a quantile, as a series and name that"
            )
        try:
            return [_raw(series, start, end) for series in data["result"]]
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise QueryError(f"{self.url}: {chunk}: the answer has a series that cannot be read: {error!r}") from None

    def _ask(self, query: dict[str, str], chunk: str) -> dict[str, Any]:
        try:
            return self._client().data("query", query)
        except PrometheusError as error:
            problem = f"{self.url}: {chunk}: {error.reason}"
            if _LIMIT.search(error.reason):
                raise _LimitError(problem) from None
            raise (SourceError if isinstance(error, QueryRejectedError) else QueryError)(problem) from None

    def _client(self) -> Client:
        return Client(self.url, self.http, attempts=ATTEMPTS, pause=self.pause, decode=_decoded)


class _Series(TypedDict, total=False):
    metric: dict[str, str]
    values: list[tuple[float, float]]
    histograms: Any


class _Data(TypedDict, total=False):
    resultType: str
    result: list[_Series]


class _Answer(TypedDict, total=False):
    """An answer with samples; what has another shape is left to `json`, and to the messages about it."""

    status: str
    data: _Data
    warnings: Any
    isPartial: Any
    errorType: Any
    error: Any


_SAMPLES = msgspec.json.Decoder(_Answer, strict=False)  # a value is a number in quotes


def _decoded(content: bytes) -> Any:
    """Return an answer as `json.loads` does, with the values of samples as numbers: four times as fast."""
    try:
        return _SAMPLES.decode(content)
    except msgspec.MsgspecError:
        return json.loads(content)


class _LimitError(Exception):
    """The server refuses a query that asks for so much at once."""


def _raw(series: dict[str, Any], start: int, end: int) -> RawSeries:
    pairs = series["values"]
    if not isinstance(pairs[0] if pairs else (), tuple):  # as `json` has them: a value may be anything
        pairs = [(pair[0], float(pair[1])) for pair in pairs]
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    times, values = table[:, 0], table[:, 1]
    keep = (times >= start) & (times < end) & np.isfinite(values)
    if not keep.all():
        times, values = times[keep], values[keep]
    return RawSeries(dict(series["metric"]), times, values)


def connect(url: str, token: str | None, timeout: float, pause: Callable[[float], object]) -> Server:
    """Return a server; `token` is sent as a bearer token."""
    if not math.isfinite(timeout) or timeout <= 0:
        raise ValueError("the time limit must be greater than zero")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Server(url.rstrip("/"), httpx.Client(timeout=timeout, headers=headers, trust_env=False), pause)
