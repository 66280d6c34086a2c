"""One board as a picture: the grid, the frames and headings, and each panel by its kind."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from dashboards.live import Answer, span
from dashboards.preview import charts, tables
from dashboards.preview.values import HEX

Json = dict[str, Any]
Box = tuple[float, float, float, float]

CELL = 34.0  # height of a grid unit in pixels
COLUMN = 60.0
GAP = 6.0
HEAD = 64.0
FOOT = 34.0
DPI = 100
GROUND, PANEL, EDGE, FAINT = "#111217", "#181B1F", "#2C3235", "#8E8E9C"

_DRAW: Mapping[str, Callable[[Axes, Json, list[Answer], ZoneInfo], None]] = {
    "stat": charts.stat,
    "timeseries": charts.timeseries,
    "bargauge": charts.bargauge,
    "state-timeline": charts.state_timeline,
    "heatmap": charts.heatmap,
    "table": tables.table,
}


def draw(board: Json, answers: list[Answer], now: float, note: str, target: Path) -> None:
    """Write a picture of the board."""
    height = HEAD + FOOT + CELL * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    width = COLUMN * 24 + GAP
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=GROUND)
    figure.text(
        GAP * 3 / width, 1 - 26 / height, board["title"], color=HEX["text"], size=17, weight="bold", va="center"
    )
    figure.text(GAP * 3 / width, 1 - 49 / height, board["description"], color=FAINT, size=10, va="center")
    figure.text(0.5, FOOT / 2 / height, note, color=FAINT, size=9, ha="center", va="center")
    zone = ZoneInfo(board["timezone"])
    for panel in board["panels"]:
        at = panel["gridPos"]
        left, top = at["x"] * COLUMN + GAP, HEAD + at["y"] * CELL
        box = (left, height - top - at["h"] * CELL + GAP, at["w"] * COLUMN - GAP, at["h"] * CELL - GAP)
        mine = [answer for answer in answers if answer.panel == panel["title"]]
        _panel(figure, panel, mine, zone, (box, (now - span(board, panel), now)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # A board has few colours; with a palette its picture is a third as large.
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(160).save(target, optimize=True)


def _panel(
    figure: Figure, panel: Json, answers: list[Answer], zone: ZoneInfo, place: tuple[Box, tuple[float, float]]
) -> None:
    width, height = figure.get_size_inches() * DPI
    (left, bottom, wide, high), window = place
    if panel["type"] == "row":
        title = f"▾ {panel['title']}"
        figure.text(left / width, (bottom + high / 2) / height, title, color=HEX["text"], size=12, va="center")
        return
    frame = FancyBboxPatch(
        (left / width, bottom / height),
        wide / width,
        high / height,
        boxstyle="square,pad=0",
        facecolor=PANEL,
        edgecolor=EDGE,
        transform=figure.transFigure,
        zorder=-1,
    )
    figure.add_artist(frame)
    figure.text(
        (left + 10) / width, (bottom + high - 14) / height, panel["title"], color=HEX["text"], size=10.5, va="center"
    )
    inside = (left + 10, bottom + 6, wide - 20, high - 34)
    axes = figure.add_axes((inside[0] / width, inside[1] / height, inside[2] / width, inside[3] / height))
    axes.set_facecolor("none")
    axes.set_axis_off()
    axes.pixels, axes.window = inside[2:], window  # type: ignore[attr-defined]
    if not any(answer.series for answer in answers):
        said = panel["fieldConfig"]["defaults"].get("noValue", "")
        axes.text(0.5, 0.5, said, color=FAINT, size=12, ha="center", va="center", transform=axes.transAxes)
        return
    _DRAW[panel["type"]](axes, panel, answers, zone)
