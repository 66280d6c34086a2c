"""Panels that show tables, and the matrix that is a heat map of numbers."""

import math
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from dashboards.live import Answer
from dashboards.preview.values import HEX, Shown, fitted, shown

Json = dict[str, Any]

FAINT, LINE = "#8E8E9C", "#2C3235"
LINE_HEIGHT = 24.0


def table(axes: Axes, panel: Json, answers: list[Answer], zone: ZoneInfo) -> None:
    """Rows of labels and values, joined on the labels, sorted as the panel says."""
    steps = {step["id"]: step["options"] for step in panel["transformations"]}
    if "groupingToMatrix" in steps:
        _matrix(axes, panel, answers[0], steps["groupingToMatrix"])
        return
    names = sorted(steps["organize"]["indexByName"], key=steps["organize"]["indexByName"].__getitem__)
    settings = {name: _settings(panel, name) for name in names}
    rows = _rows(names, answers)
    for key in panel["options"].get("sortBy") or []:
        by = next(name for name in names if settings[name].get("displayName") == key["displayName"])
        rows.sort(key=lambda row: _order(row.get(by)), reverse=bool(key.get("desc")))
    fit = int(axes.pixels[1] // LINE_HEIGHT) - 1  # type: ignore[attr-defined]
    shares = _widths(names, settings, axes.pixels[0])  # type: ignore[attr-defined]
    axes.set_xlim(0, 1)
    axes.set_ylim(fit + 1, 0)
    left = 0.0
    for name, share in zip(names, shares, strict=True):
        room = share * axes.pixels[0] - 6  # type: ignore[attr-defined]
        head = fitted(settings[name].get("displayName", name), 9.5, room)
        axes.text(left, 0.5, head, color=FAINT, size=9, va="center", weight="bold")
        for number, row in enumerate(rows[:fit], 1):
            value = row.get(name)
            nothing = Shown(settings[name].get("noValue", ""), FAINT)
            cell = nothing if value is None else shown(value, settings[name], zone)
            text = fitted(cell.text, 9.5, room)
            axes.text(left, number + 0.5, text, color=cell.colour, size=9.5, va="center")
        left += share
    for number in range(1, min(len(rows), fit) + 1):
        axes.axhline(number, color=LINE, linewidth=0.6)


def _settings(panel: Json, name: str) -> Json:
    settings = dict(panel["fieldConfig"]["defaults"])
    settings.pop("decimals", None)
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            settings.update({entry["id"]: entry["value"] for entry in override["properties"]})
    return settings


def _rows(names: list[str], answers: list[Answer]) -> list[dict[str, float | str]]:
    labels = [name for name in names if not name.startswith("Value")]
    found: dict[tuple[str, ...], dict[str, float | str]] = {}
    for answer in answers:
        value = f"Value #{answer.ref}" if len(answers) > 1 else "Value"
        for one in answer.series:
            key = tuple(one["metric"].get(label, "") for label in labels)
            row = found.setdefault(key, dict(zip(labels, key, strict=True)))
            row[value] = float(one["value"][1])
    return list(found.values())


def _order(value: float | str | None) -> tuple[bool, bool, float, str]:
    number = value if isinstance(value, float) and not math.isnan(value) else 0.0
    return (value is not None, isinstance(value, str), number, value if isinstance(value, str) else "")


def _widths(names: list[str], settings: dict[str, Json], pixels: float) -> list[float]:
    fixed = {name: settings[name]["custom.width"] / pixels for name in names if "custom.width" in settings[name]}
    rest = (1 - sum(fixed.values())) / max(1, len(names) - len(fixed))
    return [fixed.get(name, rest) for name in names]


def _matrix(axes: Axes, panel: Json, answer: Answer, options: Json) -> None:
    row_label, column_label = options["rowField"], options["columnField"]
    cells = {(one["metric"][row_label], one["metric"][column_label]): float(one["value"][1]) for one in answer.series}
    rows, columns = sorted({row for row, _ in cells}), sorted({column for _, column in cells})
    low, high = min(cells.values()), max(cells.values())
    blues = matplotlib.colormaps["Blues"]
    axes.set_xlim(-0.6, len(columns))
    axes.set_ylim(len(rows) + 1, 0)
    for across, column in enumerate(columns):
        head = _settings(panel, column).get("displayName", column)
        axes.text(across + 0.5, 0.5, head, color=FAINT, size=9, ha="center", va="center", weight="bold")
    for down, row in enumerate(rows, 1):
        axes.text(-0.3, down + 0.5, row, color=HEX["text"], size=8.5, ha="center", va="center")
        for across, column in enumerate(columns):
            value = cells.get((row, column))
            if value is not None:
                share = (value - low) / (high - low or 1)
                axes.add_patch(Rectangle((across, down), 0.98, 0.94, color=to_hex(blues(1 - 0.85 * share))))
                ink = "#111217" if share > 0.5 else HEX["text"]
                axes.text(across + 0.5, down + 0.5, f"{value:.0f}", color=ink, size=8, ha="center", va="center")
