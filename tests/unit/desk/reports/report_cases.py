"""Thirteen tickets of autumn 2026 in Almaty whose report is worked out by hand.

The policy is that of the clocks' worked cases: acknowledge in 15 min, restore in 4 h, 24x7; Strict does not pause the
restore clock, Lenient does; both accept in 30 min and restore in 2 h.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.desk.reports.outcomes import Case
from alerts.desk.tickets.events import Event
from alerts.desk.tickets.states import Status
from tests.unit.desk.tickets.clocks import ZONES, calendar, log, policy, status

ALMATY = ZONES["Asia/Almaty"]
POLICY = replace(policy(calendar("24x7")[0]), zone=ALMATY)
NOW = datetime(2026, 11, 20, 12, tzinfo=ALMATY)


@dataclass(frozen=True)
class Told:
    """A ticket as a person would tell it: the day, then local times and steps; "+1" is one day later."""

    day: str
    site: str
    priority: str
    severity: str
    state: Status
    steps: str


TICKETS = (
    # In time: 2 h used, taken after 4 min.
    Told("2026-10-05", "almaty", "P1", "critical", Status.CLOSED, "10:00 open; 10:04 take; 12:00 resolve; 12:10 close"),
    # Taken after 20 min and restored after 5 h: both targets missed.
    Told("2026-10-10", "almaty", "P1", "critical", Status.CLOSED, "10:00 open; 10:20 take; 15:00 resolve; 15:10 close"),
    # Six hours by the wall clock, three of them a pause.
    Told("2026-10-12", "astana", "P2", "major", Status.CLOSED,
         "10:00 open; 10:10 take; 11:00 pending; 14:00 resume; 16:00 resolve; 16:10 close"),
    # Recovered after 3 min, before anybody took it.
    Told("2026-10-20", "astana", "P2", "major", Status.CLOSED, "10:00 open; 10:03 resolve; 10:13 close"),
    # Opened in October, restored in November.
    Told("2026-10-31", "almaty", "P1", "critical", Status.CLOSED,
         "23:30 open; 23:40 take; +1 01:30 resolve; +1 01:40 close"),
    # Opened in November by the local clock, while it was still October in UTC.
    Told("2026-11-01", "astana", "P1", "critical", Status.CLOSED, "00:10 open; 00:15 take; 02:10 resolve; 02:20 close"),
    # At Strict: accepted after 20 min, an hour and a half of work.
    Told("2026-11-02", "almaty", "P1", "critical", Status.CLOSED,
         "10:00 open; 10:05 take; 10:10 to Strict; 10:30 accept; 12:00 resolve; 12:10 close"),
    # At Lenient: accepted after 55 min, three hours of work, which pause our clock: 5 min and 1 h are used.
    Told("2026-11-03", "oskemen", "P3", "minor", Status.CLOSED,
         "10:00 open; 10:05 to Lenient; 11:00 accept; 14:00 resume; 15:00 resolve; 15:10 close"),
    # Came back: 2 h, then 2 h 50 min.
    Told("2026-11-05", "astana", "P1", "critical", Status.CLOSED,
         "10:00 open; 10:05 take; 12:00 resolve; 12:10 reopen; 15:00 resolve; 15:10 close"),
    # Rejected after half an hour, which is too late for the acknowledgement.
    Told("2026-11-06", "", "P3", "minor", Status.REJECTED, "10:00 open; 10:30 reject"),
    # Still down after 26 h.
    Told("2026-11-19", "almaty", "P2", "major", Status.IN_PROGRESS, "10:00 open; 10:05 take"),
    # An hour old and taken by nobody.
    Told("2026-11-20", "oskemen", "P3", "minor", Status.ACKNOWLEDGED, "11:00 open"),
    # At Strict for half an hour, now at Lenient, who has not answered for an hour and a half.
    Told("2026-11-20", "astana", "P2", "major", Status.HELD,
         "09:00 open; 09:05 to Strict; 09:15 accept; 09:45 resume; 10:30 to Lenient"),
)  # fmt: skip


def cases() -> Iterator[tuple[Case, list[Event]]]:
    for number, told in enumerate(TICKETS, 1):
        events = list(_events(told))
        names = json.dumps({"en": f"Ticket {number}", "ru": f"Билет {number}"}, ensure_ascii=False)
        node = f"edge-{number}"
        opened = events[0].at
        yield Case(number, opened, told.state, told.priority, told.severity, told.site, node, names), events


def _events(told: Told) -> Iterator[Event]:
    day = datetime.fromisoformat(told.day)
    steps = []
    for step in told.steps.split(";"):
        words = step.split()
        days = int(words.pop(0)) if words[0].startswith("+") else 0
        hour, minute = map(int, words.pop(0).split(":"))
        steps.append((day.replace(hour=hour, minute=minute, tzinfo=ALMATY) + timedelta(days=days), " ".join(words)))
    known = [step for step in steps if step[1] != "reject"]
    yield from log(known)
    yield from (status(at, Status.REJECTED, "no fault") for at, word in steps if word == "reject")
