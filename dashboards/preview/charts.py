"""Panels that show numbers and courses."""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from dashboards.live import Answer
from dashboards.preview.values import HEX, PALETTE, fitted, name, shown, width, with_unit

Json = dict[str, Any]

FAINT, GRID = "#8E8E9C", "#2C3235"
_DAY = 86400.0
_LABELS_END = 22.0  # pixels of half a label of the time axis
_MARK, _GAP = 18.0, 16.0  # pixels of a legend's mark, and between two entries
_LABEL = re.compile(r"\$\{__field\.labels\.(\w+)\}")


class Series(NamedTuple):
    """One series of a panel: its query's letter, its name, its settings and its points."""

    ref: str
    name: str
    settings: Json
    times: list[float]
    values: list[float]


def series(panel: Json, answers: list[Answer]) -> Iterator[Series]:
    """Yield the series of all queries, named as their legends say, a gap where points are missing."""
    legends = {target["refId"]: target.get("legendFormat", "") for target in panel["targets"]}
    for answer in answers:
        for one in answer.series:
            called = name(one["metric"], legends[answer.ref])
            settings = field(panel, answer.ref, called)
            points = one.get("values") or [one["value"]]
            shown_as = settings.get("displayName", called)
            yield Series(
                answer.ref,
                _LABEL.sub(lambda match, labels=one["metric"]: labels.get(match[1], ""), shown_as),  # type: ignore[misc]
                settings,
                [float(at) for at, _ in points],
                [float(value) for _, value in points],
            )


def field(panel: Json, ref: str, called: str) -> Json:
    """Return the settings of a field: the defaults, and over them what is set for its query or its name."""
    settings = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"].get("overrides") or []:
        kind, wanted = override["matcher"]["id"], override["matcher"]["options"]
        if (
            re.search(wanted.strip("/"), called)
            if kind == "byRegexp"
            else wanted == (ref if kind == "byFrameRefID" else called)
        ):
            settings.update({entry["id"]: entry["value"] for entry in override["properties"]})
    return settings


def stat(axes: Axes, panel: Json, answers: list[Answer], zone: ZoneInfo) -> None:
    """Large numbers side by side; one cell a series."""
    cells = list(series(panel, answers))
    text = panel["options"]["textMode"]
    columns = min(len(cells), max(3, math.ceil(math.sqrt(len(cells) * 4))))
    rows = math.ceil(len(cells) / columns)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        value = shown(cell.values[-1], cell.settings, zone)
        ink = value.colour
        if panel["options"]["colorMode"].startswith("background"):
            axes.add_patch(Rectangle((column + 0.01, row + 0.03), 0.98, 0.94, color=value.colour))
            ink = "#111217"
        if panel["options"]["graphMode"] == "area" and len(cell.values) > 1:
            _spark(axes, cell)
        if text == "name":
            axes.text(column + 0.5, row + 0.5, cell.name, color=ink, size=12, ha="center", va="center")
            continue
        room = axes.pixels[0] / columns * 0.84  # type: ignore[attr-defined]
        size = min(34.0, 10.0 * room / (width(value.text, 10.0, "bold") or 1.0))
        axes.text(column + 0.5, row + 0.52, value.text, color=ink, size=size, ha="center", va="center", weight="bold")
        if text == "value_and_name":
            axes.text(column + 0.5, row + 0.12, cell.name, color=FAINT, size=9, ha="center", va="center")


def _spark(axes: Axes, cell: Series) -> None:
    values = np.array(cell.values)
    times = (np.array(cell.times) - cell.times[0]) / (cell.times[-1] - cell.times[0])
    scaled = 1 - 0.4 * values / (values.max() or 1)
    axes.fill_between(times, scaled, 1, color=HEX["blue"], alpha=0.18, linewidth=0)
    axes.plot(times, scaled, color=HEX["blue"], alpha=0.6, linewidth=1)


def timeseries(axes: Axes, panel: Json, answers: list[Answer], zone: ZoneInfo) -> None:
    """Lines, areas and bars over time, with the legend below."""
    custom = panel["fieldConfig"]["defaults"]["custom"]
    lines = list(series(panel, answers))
    legend = _legend(lines, panel, zone)
    plot = _frame(axes, panel, zone, foot=0.10 + 0.07 * len(legend))
    stacked = custom["stacking"]["mode"] == "normal"
    base: dict[float, float] = {}
    for number, line in enumerate(lines):
        ink = PALETTE[number % len(PALETTE)]
        times = [datetime.fromtimestamp(at, zone) for at in line.times]
        style = line.settings.get("custom.drawStyle", custom["drawStyle"])
        if style == "bars":
            wide = 0.8 * (line.times[1] - line.times[0] if len(line.times) > 1 else _DAY) / _DAY
            plot.bar(times, line.values, width=wide, color=ink, alpha=0.75, align="edge")  # type: ignore[arg-type]
            continue
        low = [base.get(at, 0.0) for at in line.times] if stacked else [0.0] * len(line.values)
        high = [value + under for value, under in zip(line.values, low, strict=True)]
        if stacked:
            base.update(zip(line.times, high, strict=True))
        shade = custom["fillOpacity"] / 100 if "custom.fillOpacity" not in line.settings else 0
        plot.fill_between(times, low, high, color=ink, alpha=shade, linewidth=0)  # type: ignore[arg-type]
        plot.plot(times, high, color=ink, linewidth=1.4, marker="." if len(times) == 1 else "")  # type: ignore[arg-type]
    limits = custom["thresholdsStyle"]["mode"] != "off"
    lowest = min((value for line in lines for value in line.values), default=0.0)
    flat = not any(value for line in lines for value in line.values)
    # As Grafana draws it: from zero, unless something lies below.
    plot.set_ylim(0 if lowest >= 0 else plot.get_ylim()[0], 1 if flat and not limits else None)
    if limits:
        for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]:
            plot.axhline(step["value"], color=HEX[step["color"]], linestyle="--", linewidth=1)
            plot.set_ylim(top=max(plot.get_ylim()[1], step["value"] * 1.15))
    for number, row in enumerate(reversed(legend)):
        at = 0.0
        for position, text in row:
            axes.text(
                at, 0.02 + 0.075 * number, "━", color=PALETTE[position % len(PALETTE)], size=9, transform=axes.transAxes
            )
            beside = at + _MARK / axes.pixels[0]  # type: ignore[attr-defined]
            axes.text(beside, 0.02 + 0.075 * number, text, color=HEX["text"], size=8.5, transform=axes.transAxes)
            at += (width(text, 8.5) + _MARK + _GAP) / axes.pixels[0]  # type: ignore[attr-defined]


def _legend(lines: list[Series], panel: Json, zone: ZoneInfo) -> list[list[tuple[int, str]]]:
    """Return the legend's rows, as many as fit beside each other; three at most."""
    if not panel["options"]["legend"]["showLegend"]:
        return []
    rows: list[list[tuple[int, str]]] = [[]]
    used = 0.0
    wide = panel["gridPos"]["w"] * 60 - 30
    for number, line in enumerate(lines):
        text = f"{line.name}  {shown(line.values[-1], line.settings, zone).text}"
        need = width(text, 8.5) + _MARK + _GAP
        if used + need > wide and rows[-1]:
            rows.append([])
            used = 0.0
        rows[-1].append((number, text))
        used += need
    return rows[:3]


def _frame(axes: Axes, panel: Json, zone: ZoneInfo, foot: float) -> Axes:
    """Return axes with a grid, times below and the panel's unit on the left."""
    left = (92 if panel["type"] == "state-timeline" else 64) / axes.pixels[0]  # type: ignore[attr-defined]
    plot = axes.inset_axes((left, foot, 1 - left, 1 - foot))
    plot.set_facecolor("none")
    for side in plot.spines.values():
        side.set_visible(False)
    plot.grid(visible=True, color=GRID, linewidth=0.6)
    plot.tick_params(colors=FAINT, labelsize=8, length=0)
    plot.xaxis_date(tz=str(zone))
    begin, end = (datetime.fromtimestamp(at, zone) for at in axes.window)  # type: ignore[attr-defined]
    locator = mdates.AutoDateLocator(tz=zone, minticks=3, maxticks=8)
    ticks = locator.tick_values(begin, end)
    # A label is as wide to the right of its place as to the left: near the edge there is no room for it.
    first, last = mdates.date2num((begin, end))
    plot.xaxis.set_major_locator(
        FixedLocator([at for at in ticks if first <= at <= last - _LABELS_END * (last - first) / axes.pixels[0]])  # type: ignore[attr-defined]
    )
    plot.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=zone, show_offset=False))
    defaults = panel["fieldConfig"]["defaults"]
    plot.yaxis.set_major_locator(MaxNLocator(5))
    plot.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: with_unit(value, defaults["unit"], defaults.get("decimals"), zone))
    )
    plot.margins(x=0)
    plot.set_xlim(begin, end)  # type: ignore[arg-type]
    if defaults.get("max") is not None:
        plot.set_ylim(0, defaults["max"])
    return plot


def bargauge(axes: Axes, panel: Json, answers: list[Answer], zone: ZoneInfo) -> None:
    """Horizontal bars with their names on the left and values on the right."""
    bars = list(series(panel, answers))
    # One query's bars come in descending order from topk(); several queries keep their own.
    if len(panel["targets"]) == 1:
        bars.sort(key=lambda bar: -bar.values[-1])
    bars = bars[:14]
    defaults = panel["fieldConfig"]["defaults"]
    top = defaults.get("max") or max((bar.values[-1] for bar in bars), default=1.0) or 1.0
    pixels = axes.pixels[0]  # type: ignore[attr-defined]
    texts = [shown(bar.values[-1], bar.settings, zone) for bar in bars]
    begin = min(0.5, (max(width(bar.name, 9.5) for bar in bars) + _GAP) / pixels)
    wide = 1 - begin - (max(width(text.text, 10.0) for text in texts) + _GAP) / pixels
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(bars), axes.pixels[1] / 40), 0)  # type: ignore[attr-defined]
    for number, (bar, value) in enumerate(zip(bars, texts, strict=True)):
        called = fitted(bar.name, 9.5, begin * pixels)
        axes.text(0, number + 0.5, called, color=HEX["text"], size=9.5, va="center")
        axes.add_patch(Rectangle((begin, number + 0.2), wide, 0.6, color="#22252B"))
        share = max(0.0, min(1.0, bar.values[-1] / top))
        ink = HEX["blue"] if value.colour == HEX["text"] else value.colour
        axes.add_patch(Rectangle((begin, number + 0.2), wide * share, 0.6, color=ink))
        axes.text(1.0, number + 0.5, value.text, color=value.colour, size=10, va="center", ha="right")


def state_timeline(axes: Axes, panel: Json, answers: list[Answer], zone: ZoneInfo) -> None:
    """Lanes of states over time."""
    lanes = list(series(panel, answers))[:20]
    plot = _frame(axes, panel, zone, foot=0.12)
    for number, lane in enumerate(lanes):
        for begin, end, value in _spells(lane):
            ink = shown(value, lane.settings, zone).colour
            at = mdates.date2num(datetime.fromtimestamp(begin, zone))
            plot.broken_barh([(at, (end - begin) / _DAY)], (number + 0.1, 0.8), facecolor=ink, alpha=0.85)
    plot.set_yticks([number + 0.5 for number in range(len(lanes))], [lane.name for lane in lanes])
    plot.set_ylim(len(lanes), 0)
    plot.grid(visible=False)


def _spells(lane: Series) -> Iterator[tuple[float, float, float]]:
    """Yield (begin, end, value) of each stretch without a change or a gap."""
    step = min((after - before for before, after in pairwise(lane.times)), default=60.0)
    begin = lane.times[0]
    for number, (at, value) in enumerate(zip(lane.times, lane.values, strict=True)):
        last = number + 1 == len(lane.times)
        if last or lane.times[number + 1] - at > 1.5 * step or lane.values[number + 1] != value:
            yield begin, at + step, value
            begin = at + step if last else lane.times[number + 1]


def heatmap(axes: Axes, panel: Json, answers: list[Answer], zone: ZoneInfo) -> None:
    """Rows by name, columns by time, the value as a colour."""
    rows = sorted(series(panel, answers), key=lambda row: float(row.name))
    times = sorted({at for row in rows for at in row.times})
    grid = np.full((len(rows), len(times)), np.nan)
    for number, row in enumerate(rows):
        for at, value in zip(row.times, row.values, strict=True):
            grid[number, times.index(at)] = value
    plot = _frame(axes, panel, zone, foot=0.08)
    step = times[1] - times[0] if len(times) > 1 else _DAY
    edges = [mdates.date2num(datetime.fromtimestamp(at, zone)) for at in (*times, times[-1] + step)]
    plot.pcolormesh(edges, np.arange(len(rows) + 1), grid, cmap="Blues_r", edgecolors="#181B1F", linewidth=0.5)
    plot.set_yticks([number + 0.5 for number in range(len(rows))], [row.name for row in rows])
    plot.grid(visible=False)
