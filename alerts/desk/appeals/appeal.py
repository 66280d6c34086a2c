"""An appeal as a typed record of its row."""

from datetime import datetime

from alerts.desk.appeals.states import Status
from alerts.desk.appeals.terms import Terms, thawed
from alerts.desk.core.record import Column, Record

_STATES = {status.value: status for status in Status}


class Appeal(Record):
    """An appeal by the columns of the table `appeal`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    version = Column[int]()
    status_reason = Column[str]()
    status_at = Column[datetime]()
    queue = Column[str]()
    owner = Column[str]()
    entry = Column[str]()
    kind = Column[str]()
    code = Column[str]()
    code_group = Column[str]()
    service = Column[str]()
    region = Column[str]()
    answer_by = Column[str]()
    fault = Column[str]()
    claim = Column[bool]()
    repeats = Column[int]()
    request_due = Column[bool]()
    crm_ref = Column[str]()
    cabinet_ref = Column[str]()
    customer = Column[str]()
    contact_id = Column[int | None]()
    appealed_at = Column[datetime]()
    registered_at = Column[datetime]()
    deadline_at = Column[datetime | None]()
    due_at = Column[datetime | None]()
    delivered_at = Column[datetime | None]()
    late = Column[bool]()
    reopened = Column[bool]()
    route = Column[str | None]()
    mass_id = Column[int | None]()
    mass_mail_id = Column[int | None]()

    @property
    def status(self) -> Status:
        """Return the state."""
        return _STATES[self.value("status")]

    @property
    def terms(self) -> Terms:
        """Return the terms that were frozen at the registration."""
        return thawed(self.value("terms"))

    @property
    def has_answer_term(self) -> bool:
        """Return whether there is a time for the answer; statistics ask this of each appeal and no other term."""
        return bool(self.value("terms")["has_answer_term"])
