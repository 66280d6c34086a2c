"""Times of the week at which black, a still picture or silence is what the channel means to send."""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))? )?(\d\d):(\d\d)-(\d\d):(\d\d)")
FORM = 'must be "always", "HH:MM-HH:MM" or "mon-fri HH:MM-HH:MM"'
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week (0 is Monday) and minutes of the day; one that ends before it begins goes past midnight."""

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, local: datetime) -> bool:
        """Return whether the window is open at a local time; its end is no longer part of it."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        # Past midnight the window belongs to the day on which it began.
        return (day in self.days and minute >= self.begin) or ((day - 1) % 7 in self.days and minute < self.end)


def window(text: str) -> Window:
    """Return the window that a text of the settings means; raise ValueError."""
    if text == "always":
        return Window(frozenset(range(7)), 0, _DAY)
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(f'{FORM}, not "{text}"')
    first, last, *clock = match.groups()
    if any(day not in _DAYS for day in (first, last) if day is not None):
        raise ValueError(f"names its days {', '.join(_DAYS)}, not as in “{text}”")
    begin, end = (int(clock[at]) * 60 + int(clock[at + 1]) for at in (0, 2))
    if begin >= _DAY or end > _DAY or int(clock[1]) > 59 or int(clock[3]) > 59 or begin == end:
        raise ValueError(f'has no such time of day, or ends when it begins: "{text}"')
    return Window(_days(first, last), begin, end)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin = _DAYS.index(first)
    end = _DAYS.index(last) if last is not None else begin
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows in one time zone."""

    windows: tuple[Window, ...]
    zone: tzinfo

    def holds(self, moment: float) -> bool:
        """Return whether any window is open at a Unix time. Wall clocks decide, also in the night they are changed."""
        if not self.windows:
            return False
        local = datetime.fromtimestamp(moment, self.zone)
        return any(one.holds(local) for one in self.windows)
