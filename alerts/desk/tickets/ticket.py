"""A ticket as a typed record of its row."""

from collections.abc import Mapping
from datetime import datetime

from alerts.desk.core.record import Column, Record
from alerts.desk.tickets.impact import Impact, of_kept
from alerts.desk.tickets.states import Status

Texts = Mapping[str, str]
"""A text by language."""

Deadlines = Mapping[str, datetime]
"""When each running clock ends, by its name; those of a ticket are rows of `ticket_clock`."""

_STATES = {status.value: status for status in Status}


class Ticket(Record):
    """A ticket by the columns of its table, which says what they mean, with the deadlines of its clocks."""

    __slots__ = ()

    id = Column[int]()
    version = Column[int]()
    problem_key = Column[str]()
    labels = Column[Mapping[str, str]]()
    site = Column[str]()
    node = Column[str]()
    names = Column[Texts]()
    descriptions = Column[Texts]()
    runbook_url = Column[str]()
    severity = Column[str]()
    priority = Column[str]()
    priority_fixed = Column[bool]()
    ticket_type = Column[str]()
    status_at = Column[datetime]()
    status_reason = Column[str]()
    firing = Column[int]()
    automatic = Column[bool]()
    unverified = Column[bool]()
    flapping = Column[bool]()
    owner = Column[str]()
    vendor = Column[str]()
    opened_at = Column[datetime]()
    updated_at = Column[datetime]()
    resolved_at = Column[datetime | None]()
    deadlines = Column[Deadlines]()
    deadline_at = Column[datetime | None]()
    verify_at = Column[datetime | None]()
    due_at = Column[datetime | None]()
    impact_rank = Column[float | None]()
    impact_at = Column[datetime | None]()
    kept_open = Column[str]()
    extra = Column[Mapping[str, object]]()

    @property
    def status(self) -> Status:
        """Return the state."""
        return _STATES[self.value("status")]

    @property
    def impact(self) -> Impact | None:
        """Return what is known of the impact."""
        return of_kept(self.value("impact"))

    @property
    def restore_by(self) -> datetime | None:
        """Return when the service has to be restored; None while that clock does not run."""
        return self.deadlines.get("restore")

    @property
    def waits_for_verification(self) -> bool:
        """Return whether its alarms have ended and nobody could tell yet whether the problem has."""
        return self.verify_at is not None and not self.firing and not self.unverified
