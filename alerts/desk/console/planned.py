"""Planned works as pages show them: their state in words, their scope, their window."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts.desk.alarms import overrun
from alerts.desk.core.words import Words
from alerts.desk.works.windows import Window, last_window, next_window, state_of
from alerts.desk.works.works import State, Works

REPEATS = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "fortnightly": "FREQ=WEEKLY;INTERVAL=2"}
REPEATS["monthly"] = "FREQ=MONTHLY"
_RULE = re.compile(rf"({'|'.join(sorted(REPEATS.values(), key=len, reverse=True))})(?:;UNTIL=(\d{{8}}T\d{{6}}Z))?")
SHAPES = {"running": "▶", "overrun": "▲", "planned": "◷", "proposed": "?", "ended": "✓", "cancelled": "✕"}
OVERRUN = "overrun"
NAMES = 6  # of a scope; the rest is counted


@dataclass(frozen=True, slots=True)
class Row:
    """Works in words."""

    works: Works
    state: str
    shape: str
    scope: str
    window: Window | None  # that runs or comes next; of what overran the one that ended
    repeats: str
    alarms: int = 0  # that outlived the works


def row(words: Words, works: Works, now: datetime, overran: overrun.Current | None = None) -> Row:
    """Return works in words."""
    state = OVERRUN if overran else state_of(works, now).value
    if overran:
        window = overran.unconfirmed or last_window(works, now)
    else:
        window = next_window(works, now) if state != State.CANCELLED else None
    alarms = overran.alarms if overran else 0
    return Row(works, state, SHAPES[state], scope(words, works), window, repeats(words, works), alarms)


def scope(words: Words, works: Works, most: int = NAMES) -> str:
    """Return what is worked on."""
    found = works.scope
    parts = [
        *found.elements,
        *(words("works.site", name=name) for name in found.sites),
        *(words("works.channel", name=name) for name in found.channels),
    ]
    rest = [words("works.and_more", number=len(parts) - most)] if len(parts) > most else []
    return ", ".join([*parts[:most], *rest])


def repeats(words: Words, works: Works) -> str:
    """Return how often works are repeated: in words, or the rule itself."""
    name, until = repeated(works)
    text = words(f"works.repeat.{name}") if name else works.recurrence
    rule = words("works.until", text=text, day=words.day(until)) if until else text
    dates = words("works.dates", number=len(works.added)) if works.added else ""
    return ", ".join(part for part in (rule, dates) if part)


def repeated(works: Works) -> tuple[str, date | None]:
    """Return how often works are repeated and until when; empty where no word is known for their rule."""
    found = _RULE.fullmatch(works.recurrence)
    if found is None:
        return "", None
    name = next(name for name, rule in REPEATS.items() if rule == found[1])
    if found[2] is None:
        return name, None
    last = datetime.strptime(found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return name, last.astimezone(ZoneInfo(works.time_zone)).date()


def current(connection: Connection, words: Words, now: datetime) -> Sequence[Row]:
    """Return the works that run, and those that have overrun."""
    return [row(words, each.works, now, each if each.overrun else None) for each in overrun.current(connection, now)]


def coming(all_works: Sequence[Works], words: Words, now: datetime, until: datetime) -> Sequence[Row]:
    """Return the approved works of which a window begins within a time, the first one first."""
    rows = [
        row(words, works, now)
        for works in all_works
        if works.in_force and (window := next_window(works, now)) and now < window.starts < until
    ]
    return sorted(rows, key=lambda each: (each.window.starts if each.window else now, each.works.number))
