"""Settings of ott-busyhour. Every key has a default but none is guessed: see docs/busy-hour.md."""

import re
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cattrs import Converter
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dashboards.busy_hour.measures.capacity import Capacity
from dashboards.busy_hour.measures.quantities import Source
from dashboards.busy_hour.measures.series import HOUR, SETTLED, Calendar
from dashboards.busy_hour.records import replicas
from dashboards.busy_hour.report.words import HOUSE, languages
from service.mail import Smtp, check_mailbox
from service.setting_types import HttpUrl, ListenAddress, add_types, check_rules
from service.settings import Seconds, Secret, load, make_converter, structure
from service.toml import shown

PORT = 9782  # where the busy hour listens unless told otherwise


@dataclass(frozen=True, slots=True)
class ExceptionalDay:
    """A day that an operator confirmed as exceptional."""

    date: date
    reason: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Where the monthly report goes; the server that takes it is in [smtp]."""

    to: list[str]
    attach: list[Literal["html", "xlsx", "pdf"]] = field(default_factory=lambda: ["html", "xlsx"])

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("to is empty; name at least one address")
        for address in self.to:
            check_mailbox("to", address)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file."""

    listen: ListenAddress = field(default=ListenAddress(f"127.0.0.1:{PORT}"))
    prometheus: HttpUrl = field(default=HttpUrl("http://127.0.0.1:9090"))
    prometheus_token: Secret | None = None
    prometheus_timeout: Seconds = field(default=Seconds(60.0))
    database: str | Secret = "sqlite:////var/lib/ottwatch-busyhour/busyhour.db"
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Almaty"))
    language: str = HOUSE
    day_begins: time = time(0)
    record_after: Seconds = field(default=Seconds(1200.0))  # after the local day's end
    catch_up: Seconds = field(default=Seconds(14 * 86400.0))
    min_coverage: float = 0.9
    weekend: list[str] = field(default_factory=lambda: ["saturday", "sunday"])
    fixed_hour: time | None = None
    fixed_period: str | None = None
    capacity: list[Capacity] = field(default_factory=list)
    exceptional_day: list[ExceptionalDay] = field(default_factory=list)
    source: list[Source] = field(default_factory=list)
    replica_labels: list[str] = field(default_factory=lambda: list(replicas.LABELS))
    smtp: Smtp | None = None
    mail: Mail | None = None

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))

    def _problems(self) -> list[str]:
        problems = []
        try:
            check_rules(self.time_zone)
        except ValueError as error:
            problems.append(f"time_zone: {error}")
        if not 0 < self.min_coverage <= 1:
            problems.append("min_coverage is a share above 0 and up to 1")
        if not SETTLED <= self.record_after <= 12 * HOUR:
            problems.append('record_after lies between "5m" (the last samples must have arrived) and "12h"')
        if self.fixed_hour is not None and self.fixed_hour.minute % 15:
            problems.append("fixed_hour must be on a quarter of an hour")
        if self.mail is not None and self.smtp is None:
            problems.append("[mail] needs the table [smtp], which names the mail server")
        try:
            check_language("language", self.language)
            weekdays(self.weekend)
            if self.fixed_period is not None:
                period(self.fixed_period)
            if isinstance(self.database, str):
                make_url(self.database)
        except ArgumentError:
            problems.append(
                'database is not a URL; write for example "sqlite:////var/lib/ottwatch-busyhour/busyhour.db"'
            )
        except ValueError as error:
            problems.append(str(error))
        return problems

    @property
    def calendar(self) -> Calendar:
        """Where the local days begin."""
        return Calendar(self.time_zone, self.day_begins)

    def database_url(self) -> str:
        """Return the URL, read from its file or variable if it stands there."""
        return self.database.read() if isinstance(self.database, Secret) else self.database


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def check_language(key: str, language: str) -> None:
    """Raise ValueError for a language without texts."""
    if language not in languages():
        known = ", ".join(f'"{each}"' for each in languages())
        raise ValueError(f'{key}: there are no texts in "{language}"; write {known}')


def weekdays(names: list[str]) -> frozenset[int]:
    """Return weekday numbers, Monday 0; raise ValueError for another word."""
    unknown = [name for name in names if name not in _WEEKDAYS]
    if unknown:
        raise ValueError(f"weekend: {unknown[0]!r} is not one of {', '.join(_WEEKDAYS)}")
    return frozenset(map(_WEEKDAYS.index, names))


def period(text: str) -> tuple[int, int]:
    """Return the first and last second of the clock of "19:00-23:00"."""
    match = re.fullmatch(r"(\d\d:\d\d)-(\d\d:\d\d)", text)
    if not match:
        raise ValueError(f'fixed_period: "{text}" is not a period; write for example "19:00-23:00"')
    first, last = clock_seconds(match[1]), clock_seconds(match[2]) or 24 * HOUR
    if last - first < HOUR:
        raise ValueError(f'fixed_period: "{text}" holds no full hour')
    return first, last


def clock_seconds(text: str) -> int:
    """Return the seconds since midnight of HH:MM on a quarter."""
    moment = clock_time(text)
    return moment.hour * HOUR + moment.minute * 60


def clock_time(text: Any) -> time:
    """Return the time of HH:MM, which must be a quarter of an hour."""
    match = re.fullmatch(r"(\d\d):(\d\d)", text) if isinstance(text, str) else None
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f'expected a clock time in quotes such as "20:45", found {shown(text)}')
    if int(match[2]) % 15:
        raise ValueError(f'"{text}" is not on a quarter of an hour; write :00, :15, :30 or :45')
    return time(int(match[1]), int(match[2]))


def any_clock_time(text: Any) -> time:
    """Return the time of HH:MM."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text) if isinstance(text, str) else None
    if not match:
        raise ValueError(f'expected a clock time in quotes such as "00:20", found {shown(text)}')
    return time(int(match[1]), int(match[2]))


def read(path: Path | None) -> Settings:
    """Return the settings of a file, or the defaults without one."""
    if path is None:
        return structure({}, Settings, Path("defaults"), converter())
    return load(path, Settings, converter())


def converter() -> Converter:
    """Return the common converter with what only this file has."""
    result = make_converter()
    add_types(result, PORT)
    result.register_structure_hook(time, lambda value, _: any_clock_time(value))
    result.register_structure_hook(date, lambda value, _: _date(value))
    return result


def _date(value: Any) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if type(found) is not date:
        raise ValueError(f"expected a date such as 2026-12-31, found {shown(value)}")
    return found
