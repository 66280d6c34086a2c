"""What the clock tests share: a zone, calendars, and a way to write moments as the worked cases do."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.desk.appeals.events import Body, Event
from alerts.desk.appeals.terms import calendars_of

ALMATY = ZoneInfo("Asia/Almaty")
CALENDARS = calendars_of(ALMATY, {})
MONDAY = datetime(2026, 3, 2, tzinfo=ALMATY)


def at(text: str, base: datetime = MONDAY) -> datetime:
    """Return a local moment: "10:00", "10:00:01", or "+3 11:00" for three days later."""
    days, clock = text.split() if text.startswith("+") else ("+0", text)
    parts = [*(int(part) for part in clock.split(":")), 0][:3]
    return base + timedelta(days=int(days), hours=parts[0], minutes=parts[1], seconds=parts[2])


def log(*events: tuple[str, Body], base: datetime = MONDAY) -> list[Event]:
    """Return a log of events at such moments."""
    return [Event(at(moment, base), "Aigerim", body) for moment, body in events]


def seconds(text: str) -> float:
    """Return what "24:00:01" or "-0:30" comes to."""
    parts = [*(int(part) for part in text.lstrip("-").split(":")), 0][:3]
    total = parts[0] * 3600 + parts[1] * 60 + parts[2]
    return -total if text.startswith("-") else total
