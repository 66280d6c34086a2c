"""Values as Grafana writes them: units, states, and the names of series."""

import math
import re
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

Json = dict[str, Any]

HEX = {
    "green": "#73BF69",
    "blue": "#5794F2",
    "yellow": "#FADE2A",
    "orange": "#FF9830",
    "red": "#F2495C",
    "purple": "#B877D9",
    "text": "#CCCCDC",
}
PALETTE = ("#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0", "#37872D", "#FADE2A")

_DATES = {"time:YYYY-MM-DD": "%Y-%m-%d"}
_PIXELS = 100 / 72  # of a point, at the pictures' resolution
_SUFFIXES = {"bps": "b/s", "Bps": "B/s", "bytes": "iB", "cps": "c/s", "reqps": "req/s", "pps": "p/s"}


class Shown(NamedTuple):
    """A value as text, in its colour."""

    text: str
    colour: str


def shown(value: float | str, settings: Json, zone: ZoneInfo) -> Shown:
    """Return a value in the unit, the words and the colour of a field's settings."""
    for mapping in settings.get("mappings") or []:
        key = value if isinstance(value, str) else f"{value:g}"
        if key in mapping.get("options", {}):
            result = mapping["options"][key]
            return Shown(result.get("text", key), HEX[result.get("color", "text")])
    if isinstance(value, str):
        return Shown(value, HEX["text"])
    if math.isnan(value):
        return Shown("–", HEX["text"])
    return Shown(
        with_unit(value, settings.get("unit", "none"), settings.get("decimals"), zone), colour(value, settings)
    )


def colour(value: float, settings: Json) -> str:
    """Return the colour of the scale's step that a value has reached."""
    if (settings.get("color") or {}).get("mode") == "fixed":
        return HEX[settings["color"]["fixedColor"]]
    steps = (settings.get("thresholds") or {}).get("steps") or [{"value": None, "color": "text"}]
    reached = [step for step in steps if step["value"] is None or value >= step["value"]]
    return HEX[reached[-1]["color"]]


def with_unit(value: float, unit: str, decimals: int | None, zone: ZoneInfo) -> str:
    """Return a number with its unit."""
    if unit.startswith("time:"):
        return datetime.fromtimestamp(value / 1000, zone).strftime(_DATES[unit])
    if unit.startswith("dateTime"):
        return datetime.fromtimestamp(value / 1000, zone).strftime("%d.%m.%Y %H:%M")
    if unit in {"bps", "Bps", "short"}:
        return (_scaled(value, 1000, decimals) + _SUFFIXES.get(unit, "")).rstrip()
    if unit == "bytes":
        return _scaled(value, 1024, decimals) + _SUFFIXES[unit]
    texts = {
        "percentunit": lambda: f"{_rounded(value * 100, decimals if decimals is not None else 1)} %",
        "s": lambda: _duration(value),
        "dthms": lambda: f"{int(value) // 3600:02d}:{int(value) % 3600 // 60:02d}",
    }
    if unit in texts:
        return texts[unit]()
    return f"{_rounded(value, decimals)} {_SUFFIXES.get(unit, '')}".rstrip()


def width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a text is, in pixels."""
    if not text.strip():
        return 0.0
    wide, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(size=size, weight=weight), ismath=False
    )
    return float(wide) * _PIXELS


def fitted(text: str, size: float, pixels: float) -> str:
    """Return a text as a cell shows it: cut with an ellipsis where it is too wide."""
    while text and width(text, size) > pixels:
        text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    return text


def name(labels: dict[str, str], legend: str) -> str:
    """Return the name of a series as its legend has it."""
    if legend in {"", "__auto"}:
        return ", ".join(value for key, value in sorted(labels.items()) if key != "__name__")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), legend)


def _rounded(value: float, decimals: int | None) -> str:
    if decimals is None:
        decimals = 0 if value == int(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{decimals}f}"


def _scaled(value: float, base: int, decimals: int | None) -> str:
    power = 0
    while abs(value) >= base and power < 5:
        value, power = value / base, power + 1
    prefix = ("", "K" if base == 1024 else "k", "M", "G", "T", "P")[power]
    return f"{_rounded(value, decimals)} {prefix}".rstrip() + ("" if prefix else " ")


def _duration(value: float) -> str:
    size = abs(value)
    for length, letter in ((86400, "d"), (3600, "h"), (60, "min")):
        if size >= length:
            return f"{value / length:.1f} {letter}"
    return f"{value * 1000:.0f} ms" if 0 < size < 1 else f"{value:.0f} s"
