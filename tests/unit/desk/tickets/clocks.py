"""Policies and event logs for clock tests."""

import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.desk.core.actors import DESK
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.settings import PRIORITIES, Settings, converter
from alerts.desk.tickets.calendars import Always, Calendar, business_hours
from alerts.desk.tickets.events import Accepted, Event, HandedOver, Opened, PriorityChanged, StatusChanged, Taken
from alerts.desk.tickets.policy import Policy, Target, Vendor
from alerts.desk.tickets.states import VENDOR, Status
from service.settings import structure
from tests.conftest import ROOT
from tests.support.policies import untold

MINUTE, HOUR = 60.0, 3600.0
ZONES = {name: ZoneInfo(name) for name in ("Asia/Almaty", "Europe/Berlin")}


def policy(calendar: Calendar) -> Policy:
    target = Target(15 * MINUTE, 4 * HOUR, calendar)
    vendors = {
        name: Vendor(name, "a@b", "a@b", "en", 30 * MINUTE, 2 * HOUR, calendar, pauses)
        for name, pauses in (("Strict", False), ("Lenient", True))
    }
    return Policy(dict.fromkeys(PRIORITIES, target), vendors, publish=untold)


def documented() -> dict[str, CalendarSettings]:
    """Return the calendars that docs/clocks.md shows."""
    text = (ROOT / "docs" / "clocks.md").read_text("utf-8")
    example = tomllib.loads(text.partition("```toml\n")[2].partition("```")[0])
    return structure(example, Settings, ROOT / "docs" / "clocks.md", converter()).calendars


def calendar(name: str) -> tuple[Calendar, ZoneInfo]:
    zone = ZONES["Europe/Berlin" if name.endswith("berlin") else "Asia/Almaty"]
    if name.startswith("24x7"):
        return Always(), zone
    if not name.startswith("business"):
        return business_hours(documented()[name], zone), zone
    return business_hours(CalendarSettings(holidays="DE" if name.endswith("berlin") else "KZ"), zone), zone


def log(steps: Iterable[tuple[datetime, str]]) -> list[Event]:
    """Return the events of steps such as (moment, "to Strict"), as the desk writes them."""
    result: list[Event] = []
    vendor = ""
    for at, step in steps:
        word, _, rest = step.partition(" ")
        at = at.astimezone(UTC)  # noqa: PLW2901
        if word == "open":
            result.append(Event(at, DESK, Opened(rest or "P1")))
        elif word == "priority":
            result.append(Event(at, "A", PriorityChanged(rest, "more viewers")))
        elif word == "take":
            result.append(Event(at, "A", Taken()))
            result.append(status(at, Status.IN_PROGRESS, "taken"))
        elif word == "to":
            vendor = rest
            result.append(Event(at, "A", HandedOver(vendor)))
            result.append(status(at, Status.HELD, VENDOR))
        elif word == "accept":
            result.append(Event(at, "A", Accepted(vendor)))
        else:
            to = {
                "pending": Status.PENDING,
                "held": Status.HELD,
                "resume": Status.IN_PROGRESS,
                "reopen": Status.IN_PROGRESS,
                "resolve": Status.RESOLVED,
                "close": Status.CLOSED,
            }[word]
            result.append(status(at, to, rest))
    return result


def status(at: datetime, to: Status, reason: str) -> Event:
    return Event(at, "A", StatusChanged(None, to, reason))
