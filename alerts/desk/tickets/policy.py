"""What the contract says: priorities, targets, calendars, pauses, vendors. All of it is configuration with defaults."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from sqlalchemy import Connection

from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.settings import DEFAULT_PRIORITIES, PRIORITIES, Settings, VendorSettings
from alerts.desk.tickets.calendars import Always, Calendar, business_hours
from alerts.desk.tickets.clock import Clock
from alerts.desk.tickets.events import Event, Recorded
from alerts.desk.tickets.severities import INFO, SEVERITIES, is_mere_warning, known_severity

_FLAGS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
_RANK = {"critical": 0, "major": 1, "minor": 2, "warning": 3, "indeterminate": 2}

Publish = Callable[[Connection, Sequence[Recorded], datetime], None]
"""Write the messages that new events cause, in the transaction that stores the events."""

ReadClocks = Callable[[Sequence[Event], "Policy", datetime], Mapping[str, Clock]]
"""Return the clocks of a ticket by name, from the events of its log that clocks read."""


@dataclass(frozen=True, slots=True)
class Target:
    """Working seconds until someone must have taken the ticket and until service must be back."""

    acknowledge: float
    restore: float
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Vendor:
    """A support contract."""

    name: str
    mail: str
    escalation_mail: str
    language: str
    accept: float
    restore: float
    calendar: Calendar
    pauses_restore: bool  # whether the agreement lets a ticket held at this vendor stop the NCC's clock


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the pure parts need to know of the configuration."""

    targets: Mapping[str, Target]
    vendors: Mapping[str, Vendor] = field(default_factory=dict)
    confirmation: float = 600.0  # a recovered problem that stays quiet for so long is closed
    late: float = 60.0  # a firing repeat of an ended occurrence within this time is a late duplicate
    settled: float = 180.0  # how long an Alertmanager runs before what it lacks is believed
    one_ticket_per: str = "group"
    separate: Sequence[str] = ()  # labels that tell installations apart
    missed: float = 3600.0  # an alarm that ended longer ago and was never heard of before opens no ticket
    recurrence: float = 86400.0  # a problem that had flap_count tickets within this time is flapping
    verify_recovery: bool = False  # evaluate the condition of alarms that ended at Prometheus
    flap_count: int = 3  # coming back so often within flap_window is flapping
    flap_window: float = 1800.0
    watchdog: str = "Watchdog"
    watchdog_missing: float = 300.0
    zone: tzinfo = UTC
    clocks: Mapping[str, ReadClocks] = field(default_factory=dict)  # of types of ticket that bring their own
    publish: Publish = field(kw_only=True)


def policy_of(settings: Settings, publish: Publish, clocks: Mapping[str, ReadClocks] | None = None) -> Policy:
    """Return what the settings say; `clocks` are those of types of ticket that bring their own."""
    calendars: dict[str, Calendar] = {"24x7": Always(), "business": business_hours(CalendarSettings(), settings.zone)}
    calendars |= {name: business_hours(table, settings.zone) for name, table in settings.calendars.items()}
    priorities = {**DEFAULT_PRIORITIES, **settings.priorities}
    return Policy(
        targets={n: Target(p.acknowledge, p.restore, calendars[p.calendar]) for n, p in priorities.items()},
        vendors={v.name: _vendor(v, calendars[v.calendar]) for v in settings.vendor},
        confirmation=settings.confirmation,
        late=settings.late_duplicates,
        settled=settings.settled,
        one_ticket_per=settings.one_ticket_per,
        separate=settings.separate,
        verify_recovery=bool(settings.prometheus),
        watchdog=settings.watchdog,
        watchdog_missing=settings.watchdog_missing,
        zone=settings.zone,
        clocks=clocks or {},
        publish=publish,
    )


def _vendor(table: VendorSettings, calendar: Calendar) -> Vendor:
    return Vendor(
        name=table.name,
        mail=table.mail,
        escalation_mail=table.escalation_mail or table.mail,
        language=table.language,
        accept=table.accept,
        restore=table.restore,
        calendar=calendar,
        pauses_restore=table.pauses_restore,
    )


def severity_of(labels: Mapping[str, str]) -> str:
    """Return X.733's perceived severity; an unknown word is indeterminate and wants triage."""
    severity = known_severity(labels.get("severity", "")) or "indeterminate"
    return "warning" if severity == INFO else severity


def priority_of(labels: Mapping[str, str]) -> str:
    """Return P1 to P4 by severity; an alert that says it affects no service is one step less urgent.

    An unknown severity is P3: somebody has to look, nobody has to be woken.
    """
    rank = _RANK[severity_of(labels)]
    if rank < 2 and _flag(labels, "service_affecting") is False:
        rank += 1
    return PRIORITIES[rank]


def wants_ticket(labels: Mapping[str, str]) -> bool:
    """Return whether this alert opens a ticket: a warning only where its rule asks for one."""
    asked = _flag(labels, "ticket")
    return asked if asked is not None else not is_mere_warning(labels.get("severity", ""))


def _flag(labels: Mapping[str, str], name: str) -> bool | None:
    """Return what a label says, however YAML's writers spell it; None where it says neither."""
    return _FLAGS.get(labels.get(name, "").strip().lower())


def worse(one: str, other: str) -> str:
    """Return the worse of two severities."""
    return min(one, other, key=SEVERITIES.index)
