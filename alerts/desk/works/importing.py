"""Calendars are taken all or not at all, against what is stored of their events."""

from collections.abc import Sequence
from datetime import datetime

from alerts.desk.access.trail import By
from alerts.desk.core.database import Database
from alerts.desk.works import ical, store
from alerts.desk.works.recording import record
from alerts.desk.works.works import Works


def take(database: Database, text: str, time_zone: str, by: By, now: datetime) -> Sequence[Works]:
    """Store the works of a calendar; raise WorksError naming the event. What is known by its UID is replaced."""
    events = ical.events_of(text, time_zone)
    with database.read() as connection:
        known = store.of_uids(connection, events)
    while True:
        # Outside the transaction: a large calendar takes its time, and webhooks write meanwhile.
        found = ical.works_of(events, now, known)
        with database.write() as connection:
            present = store.of_uids(connection, events, lock=True)
            if present == known:
                return [record(connection, works, by, now) for works in found]
        known = present
