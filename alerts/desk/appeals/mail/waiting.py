"""Which appeals wait for an answer, and which masses no longer do."""

from sqlalchemy import select

from alerts.desk.appeals.states import Status
from alerts.desk.core.appeal_tables import appeal, appeal_mass
from alerts.desk.core.tables import OPEN, ticket

WAITING = (OPEN, appeal.c.status != str(Status.RESOLVED))
"""The conditions on appeals that have no answer yet."""
GIVEN_UP = (
    select(ticket.c.id)
    .where(ticket.c.id == appeal_mass.c.ticket_id, ticket.c.status.in_(("cancelled", "rejected")))
    .correlate(appeal_mass)
    .exists()
)
"""The condition on masses whose ticket turned out to be none."""
