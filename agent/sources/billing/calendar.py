"""Days as the operator's customers live them: a day begins at local midnight, whatever the zone does."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Calendar(NamedTuple):
    """The operator's time zone."""

    zone: ZoneInfo

    def day(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(self.zone).date()

    def at(self, day: date, clock: time = time()) -> datetime:
        """Return the moment, in UTC, at which a local day reaches a time of day."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def anchors(day: date) -> tuple[int, int]:
    """Return the first and the last anchor day whose period begins on `day`: at a month's end also the later ones."""
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day, 31 if day.day == last else day.day
