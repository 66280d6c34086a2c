"""Names, dates, figures and sentences of a report in one language; the texts are in `locale/`, a file a language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

from dashboards.busy_hour.measures.series import clock_text
from dashboards.busy_hour.measures.traffic import Stability
from service.i18n import texts
from service.i18n.texts import Roots, Texts

ROOTS: Roots = (Path(__file__).parent,)
HOUSE = "ru"

_PREFIXES = ("none", "kilo", "mega", "giga", "tera")


def languages() -> tuple[str, ...]:
    """Return the languages of reports: those that have texts."""
    return texts.languages(ROOTS)


@dataclass(frozen=True, slots=True)
class Words(Texts):
    """One language, as reports use it."""

    roots: ClassVar[Roots] = ROOTS

    def named(self, kind: str, key: str) -> str:
        """Return the name of a quantity, measure or flag, or the key itself where it is the user's own."""
        return self.of(kind, key) if self.has(f"{kind}.{key}") else key.replace("_", " ")

    def unit(self, quantity: str) -> str:
        """Return the unit of a quantity's recorded values, "" for the user's own quantity."""
        return self(f"unit.{quantity}") if self.has(f"unit.{quantity}") else ""

    def flags(self, flags: frozenset[str]) -> str:
        """Return a day's remarks as a list."""
        return ", ".join(self.named("flag", flag) for flag in sorted(flags))

    def method(self, name: str) -> str:
        """Return the name of a forecasting method."""
        if name.startswith("smoothing_level_"):
            level, season = name.removeprefix("smoothing_level_").split("_season_")
            return self("methods.smoothing", level=self.written(level), season=self.written(season))
        if name.startswith("profile_"):
            return self("methods.profile", weeks=name.split("_")[1])
        return self.named("method", name)

    def weekday(self, day: int) -> str:
        """Return the short name of a day of the week, 0 for Monday."""
        return self(f"weekday.{day + 1}")

    def day(self, when: date) -> str:
        """Return "5 October 2026" as the language writes it."""
        return self("date.day", day=when.day, month=self(f"month_of.{when.month}"), year=when.year)

    def month(self, when: date, form: str = "month") -> str:
        """Return "September 2027", in the form that `month_in`, `month_of` or `month_between` asks for."""
        return self("date.month", month=self(f"{form}.{when.month}"), year=when.year)

    def percent(self, share: float, digits: int = 1) -> str:
        """Return "12.5 %" for 0.125."""
        return self.written(f"{share * 100:.{digits}f} %")

    def change(self, share: float) -> str:
        """Return "+1.5 %" or "−18 %"."""
        text = f"{abs(share) * 100:.1f}" if abs(share) < 0.0995 else f"{abs(share) * 100:.0f}"
        sign = "" if float(text) == 0 else "-" if share < 0 else "+"
        return self.written(f"{sign}{text} %")

    def figure(self, value: float | None, quantity: str) -> str:
        """Return a value with its unit, to read; an en dash where there is none."""
        if value is None:
            return "–"
        if quantity == "egress_bits_per_second":
            return self("unit.bits", value=self._scaled(value, 3))
        if quantity == "node_load":
            return self.percent(value)
        if quantity == "stall_ratio":
            return self.percent(value, 2)
        form = ",.0f" if abs(value) >= 10_000 or value == round(value) else ".4g" if value < 1 else ",.1f"
        return self.written(f"{value:{form}}")

    def short(self, value: float, quantity: str) -> str:
        """Return a value for an axis."""
        if quantity == "node_load":
            return self.percent(value, 0)
        if quantity == "stall_ratio":
            return self.written(f"{value * 100:.2g} %")
        return self._scaled(value, 2).strip()

    def stability(self, found: Stability | None) -> str:
        """Return whether one clock hour can stand for all days, as a warning where it cannot."""
        if found is None:
            return self("stability.unknown")
        return self(
            "stability.stable" if found.stable else "stability.unstable",
            ratio=self.written(f"{found.ratio:.3f}"),
            clock=clock_text(found.median_clock),
            spread=found.spread_seconds // 60,
        )

    def _scaled(self, value: float, digits: int) -> str:
        power = 0
        while abs(value) >= 1000 and power < 4:
            value, power = value / 1000, power + 1
        return f"{self.written(f'{value:.{digits + 1}g}')} {self(f'prefix.{_PREFIXES[power]}')}"


def in_every_language(sentence: Callable[[Words], str]) -> dict[str, str]:
    """Return a sentence by language."""
    return {language: sentence(Words(language)) for language in languages()}
