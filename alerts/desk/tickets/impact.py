"""The impact of a ticket, as its row keeps it in JSON: what is not known is absent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.desk.core.kept_json import from_json, to_json


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of one quantity; None: not known."""

    before: float
    served: float  # on the scope, as far as it reports
    elsewhere: float | None
    without: float | None
    at_most: float
    minutes: float | None
    minutes_at_most: float


@dataclass(frozen=True, slots=True)
class Stalls:
    """How often playback stalled, for how many seconds in all, and in how many sessions."""

    stalls: float
    seconds: float
    sessions: float


@dataclass(frozen=True, slots=True)
class Impact:
    """What is known of an outage from just before it to a moment; None: not known."""

    since: datetime
    until: datetime
    viewers: Figure | None = None
    sessions: Figure | None = None
    subscribers: Figure | None = None
    stalls: Stalls | None = None

    def figures(self) -> Mapping[str, Figure]:
        """Return the known quantities by name, what an engineer asks for first before the others."""
        found = {"viewers": self.viewers, "sessions": self.sessions, "subscribers": self.subscribers}
        return {name: each for name, each in found.items() if each is not None}

    def __bool__(self) -> bool:
        return bool(self.figures()) or self.stalls is not None


def kept(known: Impact) -> dict[str, object]:
    """Return what the row keeps."""
    return {name: value for name, value in to_json(known).items() if value is not None}


def of_kept(stored: object) -> Impact | None:
    """Return the impact that a row keeps, or None where it keeps none."""
    return from_json(stored, Impact) if stored else None
