"""What a Prometheus answers to a dashboard: everything a picture needs, so that one answer serves every picture."""

from collections.abc import Mapping
from typing import Any

from dashboards import live, macros
from dashboards.check import panels

Json = dict[str, Any]

_LEAST_STEP = 10.0  # of annotations


def record(prometheus: live.Prometheus, board: Json, choices: Mapping[str, str] | None = None) -> Json:
    """Return the answers to every query of a built dashboard, its variables and its annotations.

    Queries do not depend on the language, so the recording of a dashboard in one language serves the others.
    """
    variables = {**live.variables(prometheus, board), **(choices or {})}
    answers = list(live.ask(prometheus, board, variables))
    return {
        "variables": variables,
        "windows": {panel["id"]: [prometheus.now - live.span(board, panel), prometheus.now] for panel in panels(board)},
        "answers": [
            {
                "panel": answer.panel_id,
                "ref": answer.ref,
                "step": answer.step,
                "series": list(answer.series),
                "error": answer.error,
            }
            for answer in answers
        ],
        "annotations": [
            _annotation(prometheus, board, mark, variables)
            for mark in board["annotations"]["list"]
            if mark["datasource"]["type"] == "prometheus"
        ],
    }


def _annotation(prometheus: live.Prometheus, board: Json, mark: Json, variables: Mapping[str, str]) -> Json:
    length = live.seconds(board["time"]["from"].removeprefix("now-"))
    step = max(length / live.POINTS, _LEAST_STEP)
    end = prometheus.now // step * step
    asked = {
        "query": macros.expand(mark["expr"], variables),
        "start": end - length // step * step,
        "end": end,
        "step": step,
    }
    return {"expr": mark["expr"], "step": step, "series": prometheus.get("query_range", **asked)["result"]}
