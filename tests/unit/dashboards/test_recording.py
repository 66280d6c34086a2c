"""What is recorded of a Prometheus for the pictures."""

from typing import Any
from urllib.parse import parse_qs

import httpx

from dashboards import build, live
from dashboards.boards import BOARDS
from dashboards.context import Local, context
from dashboards.preview.recording import record
from service.prometheus import Client

NOW = 1_795_000_000.0
LABELS = {"site": "almaty", "node": "edge-1", "ticket": "7"}


def answering(refused: str = "") -> live.Prometheus:
    def handle(request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        if refused and refused in form["query"]:
            return httpx.Response(400, json={"status": "error", "errorType": "bad_data", "error": "refused"})
        points: dict[str, Any] = {"value": [NOW, "1"]}
        if request.url.path.endswith("query_range"):
            points = {"values": [[float(form["start"]), "1"], [float(form["end"]), "2"]]}
        kind = "matrix" if "values" in points else "vector"
        found = [{"metric": LABELS, **points}]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": found}})

    client = httpx.Client(transport=httpx.MockTransport(handle))
    return live.Prometheus(Client("http://prometheus/", client), NOW)


def board(name: str, language: Any = "en") -> dict[str, Any]:
    wanted = next(board for board in BOARDS if board.name == name)
    return build.render(wanted, context(language, Local()))


def test_every_query_has_an_answer_and_every_panel_a_window() -> None:
    built = board("node")
    recorded = record(answering(), built)
    panels = [panel for panel in built["panels"] if panel["type"] != "row"]
    asked = {(panel["id"], target["refId"]) for panel in panels for target in panel["targets"]}
    assert {(answer["panel"], answer["ref"]) for answer in recorded["answers"]} == asked
    assert set(recorded["windows"]) == {panel["id"] for panel in panels}
    assert all(until == NOW and since < until for since, until in recorded["windows"].values())
    assert recorded["variables"]["node"] == "edge-1"


def test_a_window_is_the_panels_own_where_it_has_one() -> None:
    built = board("busy-hour")
    weeks = next(panel for panel in built["panels"] if panel.get("timeFrom") == "8w")
    assert record(answering(), built)["windows"][weeks["id"]] == [NOW - 8 * 7 * 86400, NOW]


def test_marks_of_tickets_and_works_are_recorded_and_grafanas_own_are_not() -> None:
    marks = record(answering(), board("platform"))["annotations"]
    assert ["deadline" in mark["expr"] for mark in marks] == [True, False]
    assert "ott_desk_works_running" in marks[1]["expr"]
    assert all(mark["series"][0]["metric"] == LABELS for mark in marks)


def test_a_refused_query_is_recorded_as_an_error() -> None:
    errors = {answer["error"] for answer in record(answering("node_load"), board("node"))["answers"]}
    assert any("refused" in error for error in errors)
    assert "" in errors


def test_panels_of_a_board_in_two_languages_have_the_same_queries() -> None:
    def queries(language: str) -> list[Any]:
        return [[panel["id"], panel.get("targets")] for panel in board("tickets", language)["panels"]]

    def without_words(found: list[Any]) -> list[Any]:
        return [[number, [target["expr"] for target in targets or []]] for number, targets in found]

    assert without_words(queries("en")) == without_words(queries("ru"))
