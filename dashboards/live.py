"""Asking a Prometheus what every panel would show: the queries as Grafana sends them, macros and variables filled in.

It tells an empty panel from a full one, and how long each query takes, without a Grafana.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboards import check, macros
from dashboards.words import LANGUAGES, words
from service.prometheus import Client, PrometheusError
from service.prometheus import connect as connect_client

Json = dict[str, Any]

SCRAPE_INTERVAL = 5.0
POINTS = 1000  # of a graph as wide as half a screen; Grafana asks for one a pixel
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
# What Grafana escapes in one of several values: for the regular expression, and once more for the string around it.
_SPECIAL, _ESCAPED = re.compile(r"[$^*{}\[\]'+?.()|]"), r"\\\\\g<0>"
_LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+),)?\s*(?P<label>\w+)\)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query of one panel gave."""

    board: str
    panel: str
    ref: str
    expr: str
    seconds: float
    series: tuple[Json, ...] = ()
    error: str = ""
    may_be_empty: bool = False
    panel_id: int = 0
    step: float = 0.0  # distance between the points, in seconds
    window: tuple[float, float] = (0.0, 0.0)  # what the panel shows, in Unix time

    def fails(self, *, strict: bool) -> bool:
        """Return whether the panel would be empty or in error; without `strict`, it may be empty where it can be."""
        return bool(self.error) or (not self.series and (strict or not self.may_be_empty))

    def __str__(self) -> str:
        gave = self.error or f"{len(self.series)} series"
        return f"{self.board}: {self.panel}, query {self.ref}: {gave} in {self.seconds * 1000:.0f} ms"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One Prometheus and the moment that is "now" to its boards."""

    client: Client
    now: float
    clock: Callable[[], float] = field(default=time.perf_counter)

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """Return the `data` of an answer; raise PrometheusError otherwise."""
        return self.client.data(path, {key: str(value) for key, value in params.items()})


def connect(url: str, now: float) -> Prometheus:
    """Return the Prometheus at an address; close its client after use."""
    return Prometheus(connect_client(url, timeout=30.0), now)


def ask(prometheus: Prometheus, board: Json, choices: Mapping[str, str] | None = None) -> Iterator[Answer]:
    """Ask every query of every panel of a built board; `choices` names values for some of its variables."""
    values = {**variables(prometheus, board), **(choices or {})}
    plain = {words(language)("no data") for language in LANGUAGES}
    for panel in check.panels(board):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        for target in panel.get("targets", []):
            began = prometheus.clock()
            expr, error = target["expr"], ""
            series: tuple[Json, ...] = ()
            try:
                expr, series = _one(prometheus, board, panel, target, values)
            except PrometheusError as failure:
                error = failure.reason
            yield Answer(
                board["uid"],
                panel["title"],
                target["refId"],
                expr,
                prometheus.clock() - began,
                series,
                error,
                may_be_empty=defaults.get("noValue") not in plain,
                panel_id=panel.get("id", 0),
                step=step_of(board, panel, target),
                window=(prometheus.now - span(board, panel), prometheus.now),
            )


def variables(prometheus: Prometheus, board: Json) -> dict[str, str]:
    """Return what the variables of a freshly opened board hold: everything, or the first value there is."""
    values: dict[str, str] = {}
    for name, variable in check.variables(board).items():
        match variable.get("type"):
            case "constant":
                values[name] = variable["query"]
            case "query" if variable.get("includeAll"):
                values[name] = variable["allValue"]
            case "query":
                found = label_values(prometheus, variable["query"]["query"], values)
                values[name] = found[0] if found else ""
    return values


def several(prometheus: Prometheus, board: Json) -> dict[str, str]:
    """Return what the variables that may hold several values hold when every value there is was ticked by itself."""
    values = variables(prometheus, board)
    ticked = {}
    for name, variable in check.variables(board).items():
        if variable.get("multi"):
            found = label_values(prometheus, variable["query"]["query"], values)
            ticked[name] = f"({'|'.join(_SPECIAL.sub(_ESCAPED, value) for value in found)})"
    return ticked


def label_values(prometheus: Prometheus, query: str, values: Mapping[str, str]) -> list[str]:
    """Return what Grafana's label_values() offers."""
    match = _LABEL_VALUES.fullmatch(query)
    if match is None:
        raise ValueError(f"{query!r} is no label_values()")
    expr = macros.expand(match["selector"] or "{__name__=~'.+'}", _filled(values))
    found = prometheus.get("query", query=f"group by ({match['label']}) ({expr})", time=prometheus.now)["result"]
    return sorted(one["metric"].get(match["label"], "") for one in found)


def seconds(duration: str) -> float:
    """Return Grafana's short duration in seconds."""
    return float(duration[:-1]) * _UNITS[duration[-1]]


def span(board: Json, panel: Json) -> float:
    """Return how far back a panel looks, in seconds."""
    back = panel.get("timeFrom") or board["time"]["from"].removeprefix("now-")
    return seconds(back)


def step_of(board: Json, panel: Json, target: Json) -> float:
    """Return the distance between the points of a query over time, in seconds."""
    least = seconds(target["interval"]) if target.get("interval") else 0.0
    return max(span(board, panel) / POINTS, SCRAPE_INTERVAL, least)


def utc_offset(zone: str, moment: float) -> float:
    """Return how many seconds a zone is ahead of UTC at a moment."""
    offset = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset else 0.0


def _one(
    prometheus: Prometheus, board: Json, panel: Json, target: Json, values: Mapping[str, str]
) -> tuple[str, tuple[Json, ...]]:
    length, step = span(board, panel), step_of(board, panel, target)
    # As Grafana has it: at least four scrapes, and never less than one step and a scrape.
    built_in = {
        "__interval": f"{round(step)}s",
        "__rate_interval": f"{round(max(step + SCRAPE_INTERVAL, 4 * SCRAPE_INTERVAL))}s",
        "__range": f"{round(length)}s",
    }
    expr = macros.expand(target["expr"], _filled({**values, **built_in}))
    if target.get("instant"):
        answer = prometheus.get("query", query=expr, time=prometheus.now)
    else:
        # Grafana puts its points on multiples of the step, counted in the board's own zone: a day begins at midnight.
        shift = utc_offset(board["timezone"], prometheus.now)
        end = (prometheus.now + shift) // step * step - shift
        answer = prometheus.get("query_range", query=expr, start=end - length // step * step, end=end, step=step)
    if answer["resultType"] == "scalar":
        return expr, ({"metric": {}, "value": answer["result"]},)
    return expr, tuple(answer["result"])


def _filled(values: Mapping[str, str]) -> Callable[[str], str]:
    def fill(name: str) -> str:
        if name not in values:
            raise ValueError(f"${name} has no value here")
        return values[name]

    return fill
