"""How many watch at each minute: what the history was written from and what the live audience follows.

An evening peak that wanders by a quarter of an hour from day to day, grows, rises at weekends, and has one match night.
At night a third of it goes on.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ZONE = ZoneInfo("Asia/Almaty")
WEEKS = 8
MINUTE = 60
MATCH_DAYS_AGO = 19
SERVICE = "ott"
# As in the live audience: one household in six has a second screen on, and not everybody who is on is in one place.
VIEWERS_OF_SESSIONS = 0.8
BOXES = 900  # of the service iptv at the first day's peak; they watch over multicast and make no session
PLATFORM_GROWTH = 0.012  # a week
# Of the first day's peak: what is there all night, what comes at midday, and what the evening brings.
NIGHT, MIDDAY, EVENING = 0.30, 0.22, 0.57
MATCH = 1.7  # times as many come on the evening of the match
# History's sessions and accounts are those of a platform of this size; its evenings must meet the live audience.
SCALE = 0.6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge of the demo: its place, its sessions at the first day's peak, and its peak in minutes of the day."""

    node: str
    site: str
    sessions: float
    peak_minute: int


EDGES = (Edge("edge-1", "almaty", 60.0, 21 * 60 + 15), Edge("edge-2", "astana", 34.0, 21 * 60 + 45))


class Expected(NamedTuple):
    """How many should watch at one moment."""

    sessions: int
    boxes: int


def first_day(now: float) -> date:
    """Return the local day with which the history begins."""
    return datetime.fromtimestamp(now, ZONE).date() - timedelta(weeks=WEEKS)


def expected(now: float) -> Expected:
    """Return how many watch now, if today is like the history."""
    first, times = first_day(now), np.array([int(now)])
    total = np.sum([sessions_of(edge, times, first, SCALE) for edge in EDGES], axis=0)
    return Expected(int(total[0]), int(served(total, SCALE)["iptv"][0]))


def midnight(day: date) -> int:
    """Return the beginning of a local day."""
    return int(datetime.combine(day, datetime.min.time(), ZONE).timestamp())


def sessions_of(edge: Edge, times: NDArray[np.int64], first: date, scale: float) -> Floats:
    """Return the sessions of an edge at these times; `first` is the day that growth is counted from."""
    elapsed = (times - midnight(first)) // MINUTE
    minute, day = elapsed % 1440, elapsed // 1440  # Almaty has no clock changes in living memory of the demo
    midday = MIDDAY * np.exp(-(((minute - 810) / 240) ** 2))
    watching = _level(day, first) * (NIGHT + midday)
    # An evening goes on after midnight.
    for evening, since in ((day, minute), (day - 1, minute + 1440)):
        watching += _level(evening, first) * _evening(edge, evening, since)
    # Small and without a seed: the same history at every start.
    ripple = 1 + 0.02 * np.sin(minute / 7.0 + day) + 0.012 * np.sin(minute / 2.3 + 3 * day)
    return np.asarray(np.rint(edge.sessions * scale * watching * ripple), dtype=np.float64)


def _level(day: NDArray[np.int64], first: date) -> Floats:
    weekday = (day + first.weekday()) % 7
    growth = (1 + PLATFORM_GROWTH) ** (day / 7)
    return np.asarray(growth * np.array([1.0, 0.99, 1.0, 1.01, 1.04, 1.10, 1.07])[weekday], dtype=np.float64)


def _evening(edge: Edge, day: NDArray[np.int64], minute: NDArray[np.int64]) -> Floats:
    """Return what the evening of a day brings, by the minutes since that day began."""
    # The peak wanders by a quarter from day to day; the same table every week would look drawn with a ruler.
    wander = np.array([0, 0, -15, 0, 15, 15, 0, -15, 0, 15, 0])[day % 11]
    brought = EVENING * np.clip(1 - np.abs(minute - edge.peak_minute - wander) / 300, 0, None) ** 1.3
    return np.asarray(brought * np.where(day == WEEKS * 7 - MATCH_DAYS_AGO, MATCH, 1.0), dtype=np.float64)


def served(total: Floats, scale: float) -> dict[str, Floats]:
    """Return the subscribers served by service: both have their evening at the same time."""
    share = total / (scale * sum(edge.sessions for edge in EDGES))
    return {SERVICE: np.rint(total * VIEWERS_OF_SESSIONS), "iptv": np.rint(share * BOXES)}
