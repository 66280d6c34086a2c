"""Charts as inline SVG: no script, no address, readable on paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

INK, MUTED, GRID = "#1d2733", "#5b6776", "#e3e8ee"
BLUE, LIGHT, ORANGE, RED, GREEN = "#1f5fa8", "#a9c7e8", "#c96a00", "#b3261e", "#2e7d4f"

Anchor = Literal["start", "middle", "end"]


@dataclass
class Plot:
    """A plot area: `x` from 0 to `span`, `y` from 0 to `top`, drawn piece by piece."""

    span: float
    top: float
    title: str
    width: int = 940
    height: int = 250
    left: int = 64
    right: int = 16
    above: int = 14
    below: int = 30
    parts: list[str] = field(default_factory=list)

    def x(self, value: float) -> float:
        """Return the pixel of `value`."""
        return self.left + value / self.span * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Return the pixel of `value`."""
        return self.height - self.below - value / self.top * (self.height - self.above - self.below)

    def axis(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Draw horizontal grid lines with their values."""
        for value, label in ticks:
            at = self.y(value)
            self.parts.append(
                f'<line x1="{self.left}" x2="{self.width - self.right}" y1="{at:.1f}" y2="{at:.1f}" stroke="{GRID}"/>'
            )
            self.text(self.left - 8, at + 4, label, "end", MUTED)

    def below_axis(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Write labels under the plot."""
        for value, label in ticks:
            self.text(self.x(value), self.height - self.below + 18, label, "middle", MUTED)

    def text(self, x: float, y: float, words: str, anchor: Anchor = "start", colour: str = INK) -> None:
        """Write words at pixels."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
        )

    def outlined(self, x: float, y: float, words: str, colour: str) -> None:
        """Write words that stay readable on top of bars."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" stroke="#fff" stroke-width="4" stroke-linejoin="round" '
            f'paint-order="stroke">{escape(words)}</text>'
        )

    def bar(self, x: float, width: float, value: float, style: tuple[str, str], hint: str) -> None:
        """Draw a bar from the axis; `style` is fill and stroke."""
        top, base = self.y(value), self.y(0)
        self.parts.append(
            f'<rect x="{self.x(x):.1f}" y="{top:.1f}" width="{max(self.x(x + width) - self.x(x), 0.6):.1f}" '
            f'height="{max(base - top, 0):.1f}" fill="{style[0]}" stroke="{style[1]}">'
            f"<title>{escape(hint)}</title></rect>"
        )

    def line(self, points: Sequence[tuple[float, float]], colour: str, dash: str = "", width: float = 2) -> None:
        """Draw a line through the points, broken where a value is NaN."""
        run: list[str] = []
        for x, value in [*points, (0.0, math.nan)]:
            if math.isnan(value):
                if len(run) > 1:
                    extra = f' stroke-dasharray="{dash}"' if dash else ""
                    self.parts.append(
                        f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" '
                        f'stroke-width="{width}"{extra}/>'
                    )
                run = []
            else:
                run.append(f"{self.x(x):.1f},{self.y(min(value, self.top)):.1f}")

    def band(self, points: Sequence[tuple[float, float, float]], colour: str) -> None:
        """Fill between a lower and an upper line."""
        upper = [f"{self.x(x):.1f},{self.y(min(high, self.top)):.1f}" for x, _, high in points]
        lower = [f"{self.x(x):.1f},{self.y(min(low, self.top)):.1f}" for x, low, _ in reversed(points)]
        self.parts.append(f'<polygon points="{" ".join(upper + lower)}" fill="{colour}" opacity="0.45"/>')

    def dots(self, points: Sequence[tuple[float, float, str]], colour: str, radius: float = 2.4) -> None:
        """Draw points with their hints."""
        self.parts += [
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(value):.1f}" r="{radius}" fill="{colour}">'
            f"<title>{escape(hint)}</title></circle>"
            for x, value, hint in points
        ]

    def level(self, value: float, words: str, colour: str) -> None:
        """Draw a dashed horizontal line with its name, where it lies inside the plot."""
        if value > self.top:
            return
        at = self.y(value)
        self.parts.append(
            f'<line x1="{self.left}" x2="{self.width - self.right}" y1="{at:.1f}" y2="{at:.1f}" '
            f'stroke="{colour}" stroke-width="1.3" stroke-dasharray="6 4"/>'
        )
        self.outlined(self.left + 6, at - 5, words, colour)

    def svg(self) -> str:
        """Return the element."""
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(self.title)}">'
            + "".join(self.parts)
            + "</svg>"
        )


def heat_map(
    rows: Sequence[tuple[str, Sequence[float | None]]],
    columns: Sequence[str],
    title: str,
    hints: Sequence[Sequence[str]],
) -> str:
    """Return a table of coloured cells: darker is more."""
    known = [value for _, values in rows for value in values if value is not None]
    top = max(known, default=0.0) or 1.0
    left, cell, high = 44, 37, 24
    width, height = left + cell * len(columns) + 4, high * len(rows) + 26
    parts = []
    for row, (name, values) in enumerate(rows):
        parts.append(
            f'<text x="{left - 8}" y="{row * high + 16}" text-anchor="end" fill="{MUTED}">{escape(name)}</text>'
        )
        for column, value in enumerate(values):
            share = 0.0 if value is None else value / top
            fill = "#ffffff" if value is None else _shade(share)
            parts.append(
                f'<rect x="{left + column * cell}" y="{row * high}" width="{cell - 1}" height="{high - 1}" '
                f'fill="{fill}"><title>{escape(hints[row][column])}</title></rect>'
            )
    parts += [
        f'<text x="{left + column * cell + cell / 2:.1f}" y="{len(rows) * high + 18}" text-anchor="middle" '
        f'fill="{MUTED}">{escape(name)}</text>'
        for column, name in enumerate(columns)
    ]
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _shade(share: float) -> str:
    light, dark = (236, 243, 250), (23, 78, 142)
    mixed = (round(low + (high - low) * share) for low, high in zip(light, dark, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)
