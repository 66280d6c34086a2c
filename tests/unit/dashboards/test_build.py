import json
from pathlib import Path

import pytest

from alerts import thresholds
from dashboards import build
from dashboards.boards import BOARDS
from dashboards.check import panels
from dashboards.context import Local, context
from dashboards.model import Board
from dashboards.words import LANGUAGES


def test_the_committed_files_are_what_the_boards_say() -> None:
    assert build.stale(build.JSON, build.files(Local())) == []


def test_a_build_is_deterministic() -> None:
    assert build.files(Local()) == build.files(Local())


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_languages_differ_in_words_only(board: Board) -> None:
    one, other = (build.render(board, context(language, Local())) for language in LANGUAGES)
    for left, right in zip(panels(one), panels(other), strict=True):
        same = {"id", "type", "gridPos", "options"}
        if left["type"] == "table":  # a table names the column it sorts by
            same.remove("options")
        assert {key: left.get(key) for key in same} == {key: right.get(key) for key in same}
        assert [target["expr"] for target in left["targets"]] == [target["expr"] for target in right["targets"]]
    assert one["uid"] != other["uid"]


def test_stale_missing_and_orphaned_files_are_told_and_mended(tmp_path: Path) -> None:
    wanted = build.files(Local())
    build.write(tmp_path, wanted)
    first, second = list(wanted)[:2]
    (tmp_path / first).write_text("{}")
    (tmp_path / second).unlink()
    (tmp_path / "en" / "gone.json").write_text("{}")
    assert build.stale(tmp_path, wanted) == [
        f"{first} is not what the boards say now",
        f"{second} is missing",
        "en/gone.json has no board",
    ]
    assert len(build.write(tmp_path, wanted)) == 3
    assert build.stale(tmp_path, wanted) == []


def test_a_control_centre_sets_its_time_zone_and_desk() -> None:
    local = Local(time_zone="Asia/Tokyo", desk="https://desk.example")
    for _, _, board in build.everything(local):
        assert board["timezone"] == "Asia/Tokyo"
        assert "127.0.0.1:9781" not in json.dumps(board)


def test_thresholds_are_those_of_the_rules() -> None:
    memory = thresholds.load()["node_memory_available"].value
    wall = build.render(BOARDS[0], context("en", Local()))
    load = next(panel for panel in panels(wall) if panel["title"] == "How loaded is the busiest node?")
    override = next(entry for entry in load["fieldConfig"]["overrides"] if entry["matcher"]["options"] == "B")
    steps = next(entry["value"]["steps"] for entry in override["properties"] if entry["id"] == "thresholds")
    assert [step["value"] for step in steps] == [None, round(1 - memory, 6)]
