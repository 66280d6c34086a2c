"""When fees are due on days on which their run is moved."""

from datetime import date, datetime

from agent.sources.billing.calendar import DAY, Calendar
from agent.sources.billing.settings import BillingSettings, time_of_day

WHOLE_DAY = 86_400


class Moves:
    """The operator's declared moves: what falls due on such a day before a time of day is due at that time."""

    def __init__(self, settings: BillingSettings, calendar: Calendar) -> None:
        self._calendar = calendar
        self._times = {date.fromisoformat(day): time_of_day("moved", to) for day, to in settings.moved.items()}
        self._due_by, self._cut_off = (time_of_day(key, getattr(settings, key)) for key in ("due_by", "cut_off"))

    def due_before(self, moment: datetime) -> datetime:
        """Return the moment before which a cursor must lie for its charge to be due by `moment`."""
        day = self._calendar.day(moment)
        to = self._moved(day)
        return moment if to is None or moment >= to else self._calendar.at(day)

    def due(self, moment: datetime) -> datetime:
        """Return when something that falls due at a moment is due."""
        return max(moment, self._moved(self._calendar.day(moment)) or moment)

    def due_by(self, day: date) -> datetime:
        """Return when a charge of a day without a moment of its own is due."""
        return self.due(self._calendar.at(day, self._due_by))

    def cut_off(self, day: date) -> datetime:
        """Return when nothing of a day may be left over: after a move as much later as its charges are."""
        later = self.due_by(day) - self._calendar.at(day, self._due_by)
        return self._calendar.at(day, self._cut_off) + later

    def seconds_due(self, day: date, moment: datetime) -> int:
        """Return up to which second of a day something has to fall due to be due by a moment."""
        start, end = self._calendar.at(day), self._calendar.at(day + DAY)
        due = self.due_before(moment)
        if due >= end:
            return WHOLE_DAY
        local = due.astimezone(self._calendar.zone)
        return 0 if due <= start else local.hour * 3600 + local.minute * 60 + local.second

    def timely(self, day: date, grace: float) -> int:
        """Return until which second of the day a charge is in time whenever it fell due; -1 where nothing is moved."""
        to = self._times.get(day)
        return -1 if to is None else to.hour * 3600 + to.minute * 60 + int(grace)

    def _moved(self, day: date) -> datetime | None:
        to = self._times.get(day)
        return None if to is None else self._calendar.at(day, to)
