"""The client of Prometheus's query API, which VictoriaMetrics, Mimir and Thanos speak, too.

Two kinds of failure matter to a caller. *Unavailable*: the server gave no usable answer; asking again later may help,
and nothing is known about the query. *Rejected*: the server understood the request and refuses this query; asking again
cannot help, and other queries are not affected. Both carry the server's own sentence.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import Any, NamedTuple, TypeVar

import httpx

from service.http_clients import inside
from service.no_answer import reason_of

TIMEOUT = 5.0  # seconds
LONGEST_PAUSE = 60.0  # seconds that a server may ask a caller to wait between two attempts
_LONGEST_REASON = 300  # characters
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_ACCESS = frozenset({401, 403, 407})
_NO_API = frozenset({404, 405, 410})
_NO_POST = frozenset({403, 405, 501})  # of proxies that let only reading through, and take POST for writing
_NO_TENANT = "no org id"  # Mimir and Cortex
_PASSING = frozenset({"timeout", "canceled", "internal", "unavailable"})  # Prometheus's `errorType`
_LEGACY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ABOUT_THE_QUERY = "PromQL info:"  # Prometheus 2.48 to 2.55 had no `infos` yet and put them among the warnings
_ABOUT_THE_DATA = "PromQL warning:"

T = TypeVar("T")


class PrometheusError(Exception):
    """A query without an answer. `reason` is the sentence without the server's address."""

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(f"{server}: {reason}")
        self.reason = reason


class PrometheusUnavailableError(PrometheusError, OSError):
    """No answer, an error of the server, no access, or a partial answer: asking again later may help.

    `retry_after` is the pause in seconds that the server asked for, if any.
    """

    def __init__(self, server: str, reason: str, retry_after: float | None = None) -> None:
        super().__init__(server, reason)
        self.retry_after = retry_after


class QueryRejectedError(PrometheusError, ValueError):
    """The server refuses this query (a syntax error, a limit): asking again cannot help."""


class Sample(NamedTuple):
    """One series at one moment. The value may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float


class Series(NamedTuple):
    """One series over time: its points as (Unix seconds, value), oldest first. Values may be NaN or infinite."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Window:
    """The time of a range query: from `start` to `end` (Unix seconds), a point every `step` seconds."""

    start: float
    end: float
    step: float


def is_legacy(label: str) -> bool:
    """Return whether a label name can be written without quotes, as every Prometheus reads it."""
    return _LEGACY_NAME.fullmatch(label) is not None


def narrowed_by(labels: Mapping[str, str], ask: Callable[[Mapping[str, str]], T]) -> T:
    """Return what `ask` returns for labels, or for the legacy ones of them where the server rejects the others.

    A Prometheus before version 3 rejects a selector with a quoted label name. It has no series with such a label
    either, so leaving it out loses nothing.
    """
    try:
        return ask(labels)
    except QueryRejectedError:
        legacy = {name: value for name, value in labels.items() if is_legacy(name)}
        if len(legacy) == len(labels):
            raise
        return ask(legacy)


class Client:
    """A server with the query API. `token` is a bearer token, `account` a user and a password for basic authentication.

    After a failure that may pass, the query is sent again, `attempts` times in all. `pause` waits in between: as long
    as the server asks for in `Retry-After`, else 1, 2, 4 … seconds. `decode` reads JSON; it raises ValueError as
    `json.loads` does.
    """

    def __init__(  # noqa: PLR0913 - how to reach a server
        self,
        url: str,
        http: httpx.Client,
        *,
        token: str = "",
        account: tuple[str, str] | None = None,
        attempts: int = 1,
        pause: Callable[[float], object] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        decode: Callable[[bytes], Any] = json.loads,
    ) -> None:
        if token and account:
            raise ValueError(f"{_without_password(url)}: give a token or an account, not both")
        self._base = url.rstrip("/")
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._account = account
        self._attempts = attempts
        self._pause = pause
        self._now = now
        self._decode = decode
        self.name = _without_password(self._base)

    def query(self, expression: str, at: datetime | None = None) -> list[Sample]:
        """Return the series of an instant query; a scalar is one series without labels.

        Raises:
            PrometheusUnavailableError: there is no complete answer.
            QueryRejectedError: the server refuses the query, or its result is neither a vector nor a scalar.
        """
        data = self.data("query", {"query": expression} | ({"time": f"{at.timestamp():.3f}"} if at else {}))
        if data.get("resultType") == "scalar":
            return [Sample({}, self._number(data["result"]))]
        return [Sample(row["metric"], self._number(row["value"])) for row in self._rows(data, "vector", "value")]

    def query_range(self, expression: str, window: Window) -> list[Series]:
        """Return the series of a range query. Raises as `query` does."""
        times = {"start": f"{window.start:.3f}", "end": f"{window.end:.3f}", "step": f"{window.step:.3f}"}
        return self._series(self.data("query_range", {"query": expression} | times))

    def samples(self, selector: str, at: float) -> list[Series]:
        """Return the samples as stored of a range selector such as `up[5m]`. Raises as `query` does."""
        return self._series(self.data("query", {"query": selector, "time": f"{at:.3f}"}))

    def exists(self, expression: str) -> bool:
        """Return whether an instant query has a result. Raises as `query` does."""
        return bool(self.data("query", {"query": expression})["result"])

    def rules(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the rules of a kind (`alert` or `record`) with name, query and labels; none where no rules are served.

        Raises as `query` does.
        """
        response = self._sent("GET", "rules", params={"type": kind, "exclude_alerts": "true"})
        if response.status_code in _NO_API:
            return []
        groups = self._answer(response).get("groups")
        if not isinstance(groups, list):
            raise PrometheusUnavailableError(self.name, "the answer has no list of groups of rules")
        return [rule for group in groups for rule in group.get("rules") or ()]

    def targets(self) -> list[Mapping[str, Any]]:
        """Return the active targets, each with its `labels` and its `scrapeUrl`. Raises as `query` does."""
        found = self._answer(self._sent("GET", "targets", params={"state": "active"})).get("activeTargets")
        if not isinstance(found, list):
            raise PrometheusUnavailableError(self.name, "the answer has no list of targets")
        return [each for each in found if isinstance(each, dict)]

    def answers(self) -> bool:
        """Return whether the server answers a query at all."""
        try:
            self.data("query", {"query": "1"})
        except PrometheusError:
            return False
        return True

    def data(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return the `data` of an answer: `resultType` and a `result` that is a list. Raises as `query` does."""
        for attempt in range(1, self._attempts + 1):
            try:
                return self._once(path, parameters)
            except PrometheusUnavailableError as error:
                wait = error.retry_after if error.retry_after is not None else 0.5 * 2**attempt
                if not _may_pass(error) or attempt == self._attempts or wait > LONGEST_PAUSE:
                    raise self._given_up(error, attempt) from None
            self._pause(wait)
        raise AssertionError("at least one attempt")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _given_up(self, error: PrometheusUnavailableError, attempt: int) -> PrometheusUnavailableError:
        asked = f"; asked {attempt} times" if self._attempts > 1 and _may_pass(error) else ""
        return PrometheusUnavailableError(self.name, f"{error.reason}{asked}", error.retry_after)

    def _once(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        data = self._answer(self._asked(path, dict(parameters)))
        if not isinstance(data.get("result"), list):
            raise PrometheusUnavailableError(self.name, "the answer has no list of results")
        return data

    def _asked(self, path: str, parameters: dict[str, str]) -> httpx.Response:
        """Return the answer to a POST, which takes queries of any length, or to a GET where that alone is allowed."""
        response = self._sent("POST", path, data=parameters)
        if response.status_code not in _NO_POST:
            return response
        read = self._sent("GET", path, params=parameters)
        return read if read.is_success else response

    def _sent(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(
                method,
                f"{self._base}/api/v1/{path}",
                headers=self._headers,
                auth=self._account or httpx.USE_CLIENT_DEFAULT,
                **content,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _NoAnswerError(self.name, reason_of(error)) from None

    def _answer(self, response: httpx.Response) -> dict[str, Any]:
        answer = self._json(response)
        if not response.is_success or answer is None or answer.get("status") != "success":
            raise self._failure(response, answer)
        if partial := _partial(answer):
            raise PrometheusUnavailableError(self.name, f"the answer is partial ({partial})")
        data = answer.get("data")
        if not isinstance(data, dict):
            raise PrometheusUnavailableError(self.name, "the answer has no data")
        if faulty := _warned(answer):
            raise QueryRejectedError(self.name, faulty)
        return data

    def _json(self, response: httpx.Response) -> dict[str, Any] | None:
        try:
            answer = self._decode(response.content)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else {"error": answer}

    def _failure(self, response: httpx.Response, answer: Mapping[str, Any] | None) -> PrometheusError:
        status = response.status_code
        reason = f"HTTP {status}{'' if answer is not None else ' without a JSON answer'}{_sentence(response, answer)}"
        if status in _NO_ACCESS:
            remedy = "check the token or the account"
            if _NO_TENANT in reason:
                remedy += "; a server that keeps tenants apart is asked through a proxy that sets X-Scope-OrgID"
            return PrometheusUnavailableError(self.name, f"{reason}; {remedy}")
        if status in _RETRIED:
            return _NoAnswerError(self.name, reason, self._retry_after(response))
        if answer is not None and answer.get("errorType") in _PASSING:
            return _NoAnswerError(self.name, reason)
        if status in _NO_API or response.is_redirect or (response.is_success and not (answer or {}).get("error")):
            return PrometheusUnavailableError(self.name, f"{reason}; does this address belong to a Prometheus?")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return PrometheusUnavailableError(self.name, reason)
        return QueryRejectedError(self.name, reason)

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Return the seconds of a `Retry-After`, which RFC 9110 allows to be a number or a date."""
        text = response.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - self._now()).total_seconds())

    def _rows(self, data: Mapping[str, Any], kind: str, key: str) -> list[Mapping[str, Any]]:
        if data.get("resultType") != kind:
            raise QueryRejectedError(self.name, f"the result is a {data.get('resultType')}, not a {kind}")
        for row in data["result"]:
            if not isinstance(row, dict) or not isinstance(row.get("metric"), dict):
                raise PrometheusUnavailableError(self.name, "the answer has a series without labels")
            if key not in row:
                raise QueryRejectedError(self.name, f"the result has native histograms, not values: {row['metric']}")
        return list(data["result"])

    def _series(self, data: Mapping[str, Any]) -> list[Series]:
        return [
            Series(row["metric"], [(float(pair[0]), self._number(pair)) for pair in row["values"]])
            for row in self._rows(data, "matrix", "values")
        ]

    def _number(self, pair: Sequence[Any]) -> float:
        try:
            return float(pair[1])
        except (IndexError, TypeError, ValueError):
            raise PrometheusUnavailableError(self.name, f"the answer has a value that is no number: {pair}") from None


class _NoAnswerError(PrometheusUnavailableError):
    """A failure that may pass within seconds."""


def connect(url: str, *, token: str = "", account: tuple[str, str] | None = None, timeout: float = TIMEOUT) -> Client:
    """Return a client with connections of its own; close it after use.

    Proxies of the environment are ignored: a Prometheus is inside. Raise ValueError for a time limit that is none.
    """
    if not isfinite(timeout) or timeout <= 0:
        raise ValueError("the time limit must be greater than zero")
    return Client(url, inside(timeout), token=token, account=account)


def finite(series: Series) -> Series:
    """Return a series without the points that are no number."""
    return Series(series.labels, [(at, value) for at, value in series.points if isfinite(value)])


def _may_pass(error: PrometheusUnavailableError) -> bool:
    return isinstance(error, _NoAnswerError)


def _sentence(response: httpx.Response, answer: Mapping[str, Any] | None) -> str:
    if answer is None:
        if response.is_redirect:
            return f", a redirect to {response.headers.get('location', 'nowhere')}"
        # A gateway's or a limit's own plain sentence; a page for people is of no use in a log line.
        plain = "" if "<" in response.text[:_LONGEST_REASON] else response.text.strip()
        return f": {plain[:_LONGEST_REASON]}" if plain else ""
    return f": {str(answer.get('error', answer))[:_LONGEST_REASON]}"


def _partial(answer: Mapping[str, Any]) -> str:
    warnings = [
        text
        for text in map(str, answer.get("warnings") or ())
        if not text.startswith((_ABOUT_THE_QUERY, _ABOUT_THE_DATA))
    ]
    return "; ".join(warnings)[:_LONGEST_REASON] or ("isPartial" if answer.get("isPartial") else "")


def _warned(answer: Mapping[str, Any]) -> str:
    """Return what PromQL itself warns of: samples that it could not use, so that the result is not to be relied on."""
    found = [text for text in map(str, answer.get("warnings") or ()) if text.startswith(_ABOUT_THE_DATA)]
    return "; ".join(found)[:_LONGEST_REASON]


def _without_password(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return url
    return str(parsed.copy_with(userinfo=b"")) if parsed.userinfo else url
