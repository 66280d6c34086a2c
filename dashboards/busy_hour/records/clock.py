"""From the stamps of a file to instants: which zone they are in, and what contradicts it."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboards.busy_hour.records import stamps
from dashboards.busy_hour.records.table import CsvError


@dataclass(slots=True)
class Clock:
    """Turns stamps into instants; the first row decides whether stamps carry an offset."""

    path: Path
    zone: ZoneInfo
    repeated_hour: str
    read: stamps.Read
    shift: float  # seconds from the start of an interval to its stamp
    stated: timezone | None = None  # of stamps without an offset, where their column states it
    machine: tuple[int, str] | None = None  # as `Table.offset`
    aware: bool | None = None
    offset: timedelta | None = None  # the first row's

    def is_local(self, text: str) -> bool:
        """Return whether a stamp has no offset, so that the zone says which instant it is."""
        try:
            return self.read(text).tzinfo is None
        except (ValueError, OverflowError, OSError):
            return False

    def instant(self, text: str, row: int) -> float | None:
        found = self._instant(text, row)
        return None if found is None else found - self.shift

    def _instant(self, text: str, row: int) -> float | None:
        try:
            moment = self.read(text)
        except (ValueError, OverflowError, OSError):
            raise CsvError(
                f"{self.path}: row {row}: {text!r} is no time stamp; write ISO 8601 or Unix seconds, "
                "or name another form with --time-format"
            ) from None
        aware = moment.tzinfo is not None
        if self.aware is None:
            self.aware = aware
            self._check_machine(moment, text, row)
        elif aware != self.aware:
            has, others = ("an offset", "none") if aware else ("no offset", "one")
            raise CsvError(f"{self.path}: row {row}: {text!r} has {has}, the rows before have {others}; use one form")
        if aware:
            self._check_offset(moment, text, row)
            return moment.timestamp()
        if self.stated is not None:
            return moment.replace(tzinfo=self.stated).timestamp()
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return first.timestamp()
        if datetime.fromtimestamp(first.timestamp(), self.zone).replace(tzinfo=None) != moment:
            raise CsvError(
                f"{self.path}: row {row}: {text} does not exist in {self.zone}: clocks jump over "
                "it; name the zone of the stamps with --zone"
            )
        if self.repeated_hour == "skip":
            return None
        raise CsvError(
            f"{self.path}: row {row}: {text} happens twice in {self.zone}; give stamps with their offset, "
            "or leave such rows out with --repeated-hour skip"
        )

    def _check_offset(self, moment: datetime, text: str, row: int) -> None:
        """Refuse a second offset unless the zone itself changed its own: then the file mixes zones."""
        offset = moment.utcoffset()
        self.offset = offset if self.offset is None else self.offset
        if offset != self.offset:
            if offset != moment.astimezone(self.zone).utcoffset():
                raise CsvError(
                    f"{self.path}: row {row}: {text} is neither at the offset of the first row nor at that of "
                    f"{self.zone}: the file mixes zones; use one zone"
                )
            self.offset = offset

    def _check_machine(self, moment: datetime, text: str, row: int) -> None:
        """Refuse a zone that the file contradicts at its first stamp."""
        if self.machine is None or moment.tzinfo is not None:
            return
        ahead, name = timedelta(seconds=self.machine[0]), self.machine[1]
        if ahead not in [moment.replace(tzinfo=self.zone, fold=fold).utcoffset() for fold in (0, 1)]:
            raise CsvError(
                f"{self.path}: row {row}: {text} is in the zone {name!r} at {timezone(ahead)}, not in {self.zone}; say "
                "the zone of that machine with --zone, or write the stamps with their offset"
            )
