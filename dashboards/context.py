"""What a board is built for: a language, a control centre, and the thresholds of the alerts."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts import thresholds
from dashboards.model import Limit
from dashboards.words import Language, Words, words


@dataclass(frozen=True, slots=True)
class Local:
    """What differs from one control centre to the next."""

    time_zone: str = "Asia/Almaty"
    desk: str = "http://127.0.0.1:9781"
    prometheus: str = "http://127.0.0.1:9090"


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a board is rendered with."""

    words: Words
    local: Local
    limits: Mapping[str, float]
    variables: tuple[str, ...] = ()  # that are chosen at the head of the board

    def limit(self, value: float | Limit) -> float:
        """Return the number at which a state begins."""
        if not isinstance(value, Limit):
            return value
        # Rounded, because 1 - 0.05 is not 0.95 in floating point and stands in a committed file.
        return round(1 - self.limits[value.name], 6) if value.rest else self.limits[value.name]


def context(language: Language, local: Local) -> Context:
    """Return the context of a build with the shipped thresholds."""
    return Context(words(language), local, {name: entry.value for name, entry in thresholds.load().items()})
