from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from dashboards import build
from dashboards.boards import BOARDS
from dashboards.context import Local, context
from dashboards.live import Answer
from dashboards.model import Board
from dashboards.preview.page import draw
from dashboards.preview.values import HEX, name, shown, with_unit

ALMATY = ZoneInfo("Asia/Almaty")
NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (8575.0, "none", None, "8575"),
        (0.955, "percentunit", 0, "96 %"),
        (33_250_000.0, "bps", None, "33.2 Mb/s"),
        (3_650_722_201.6, "bytes", None, "3.40 GiB"),
        (0.0052, "s", None, "5 ms"),
        (792.0, "s", 0, "13.2 min"),
        (-7200.0, "s", 0, "-2.0 h"),
        (75_600.0, "dthms", None, "21:00"),
        (NOW * 1000, "dateTimeAsLocal", None, "18.11.2026 16:06"),
        (0.4, "cps", None, "0.40 c/s"),
    ],
)
def test_units(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert with_unit(value, unit, decimals, ALMATY) == text


def test_words_and_colours_of_a_state() -> None:
    mapped = {"mappings": [{"type": "value", "options": {"4": {"text": "critical alarm", "color": "red"}}}]}
    assert shown(4.0, mapped, ALMATY) == ("critical alarm", HEX["red"])
    steps = {"thresholds": {"steps": [{"value": None, "color": "green"}, {"value": 0.9, "color": "orange"}]}}
    assert shown(0.9, steps, ALMATY).colour == HEX["orange"]
    assert shown(0.89, steps, ALMATY).colour == HEX["green"]


def test_names_of_series() -> None:
    assert name({"device": "vda", "node": "edge-1"}, "{{device}} read") == "vda read"
    assert name({"__name__": "up", "job": "x"}, "__auto") == "x"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_panel_is_drawn(board: Board, tmp_path: Path) -> None:
    built = build.render(board, context("ru", Local()))
    answers = []
    for panel in built["panels"]:
        for target in panel.get("targets", []):
            labels = {"site": "almaty", "node": "edge-1", "hour": "21", "weekday": "1", "ticket": "7"}
            points = {"value": [NOW, "1"]} if target["instant"] else {"values": [[NOW - 60, "1"], [NOW, "2"]]}
            answers.append(
                Answer(built["uid"], panel["title"], target["refId"], "", 0.0, ({"metric": labels, **points},))
            )
    draw(built, answers, NOW, "note", tmp_path / "full.png")
    draw(built, [], NOW, "note", tmp_path / "empty.png")
    with Image.open(tmp_path / "full.png") as full, Image.open(tmp_path / "empty.png") as empty:
        assert full.size == empty.size == (1446, full.height)
        assert full.convert("RGB").tobytes() != empty.convert("RGB").tobytes()
