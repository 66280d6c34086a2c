"""What may have caused an appeal: emergency tickets that are open for its service and region, and billing cases.

A complaint about a fee is never put down to an outage, nor an outage to billing: alarms of billing concern the codes of
billing and no other one. A request for information has no cause.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, Text, cast, select

from alerts.desk.appeals.codes import Code
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mass import ANY
from alerts.desk.core.billing_tables import billing_case
from alerts.desk.core.record import Column
from alerts.desk.core.tables import OPEN, alarm, ticket
from alerts.desk.tickets.ticket import Ticket

CAUSE = "cause"  # of a ticket that another one explains
MASS_REGION, MASS_GROUP = "appeals_region", "appeals_group"  # labels of a ticket that a mass of appeals opened
_BILLING = (
    select(alarm.c.id)
    .where(alarm.c.ticket_id == ticket.c.id, cast(alarm.c.labels, Text).like('%"component": "billing"%'))
    .exists()
)
"""The condition on tickets whose alarms are about billing."""


class _TicketOfCase(Ticket):
    """The ticket of a billing case."""

    __slots__ = ()

    accounts = Column[Mapping[str, int] | None]()  # that the case concerns, by tariff; None: not counted yet


def incidents(
    connection: Connection, rules: Rules, service: str, region: str, group: str | None = None
) -> list[Ticket]:
    """Return the open emergency tickets of a service in a region or on the whole platform, the most urgent first.

    A ticket without a service concerns all of them; one that another ticket explains is left to that one. A ticket of
    a mass of appeals concerns only its region, or all of them, and what its customers appealed about; None: it is not
    known yet. `ANY` for the region: those that concern at least one, apart from the ones of masses in one region.
    """
    conditions = [
        ticket.c.priority.in_(("P1", "P2", "P3")),
        *(ticket.c.status != "resolved", ticket.c.status_reason != CAUSE),
    ]
    if region != ANY:
        conditions.append(ticket.c.site.in_(["", *(rules.settings.sites_of(region) if region else ())]))
    if group is not None:
        conditions.append(_BILLING if _is_billing(rules, group) else ~_BILLING)
    rows = connection.execute(
        select(ticket).where(OPEN, *conditions).order_by(ticket.c.priority, ticket.c.id)
    ).mappings()
    wanted = {"service": {service}, MASS_REGION: {region, ANY}} | ({MASS_GROUP: {group}} if group is not None else {})
    found = (
        each for each in map(Ticket, rows) if all(each.labels.get(name) in {None, *of} for name, of in wanted.items())
    )
    return [each for each in found if region != ANY or concerned(rules, each) != ()]


def concerned(rules: Rules, of: Ticket) -> tuple[str, ...] | None:
    """Return the regions that the site of a ticket serves; None: it concerns the whole platform."""
    if not of.site:
        return None
    return tuple(each for each in rules.settings.regions if of.site in rules.settings.sites_of(each))


def incidents_of(connection: Connection, rules: Rules, service: str, region: str, code: Code | None) -> list[Ticket]:
    """Return the emergency tickets that may have caused an appeal with this code, without those of billing cases."""
    if code is not None and code.kind == "request":
        return []
    found = incidents(connection, rules, service, region, code.group if code else None)
    if not found or code is None or not code.billing:
        return found  # alarms about billing are left out already
    numbers = [each.id for each in found]
    known = set(connection.scalars(select(billing_case.c.ticket_id).where(billing_case.c.ticket_id.in_(numbers))))
    return [each for each in found if each.id not in known]


def billing_cases(connection: Connection, service: str, tariff: str = "") -> list[Ticket]:
    """Return the tickets of a service's open billing cases, the oldest first.

    Of a tariff: also those whose scope is not counted yet, since nobody knows then that it does not concern the tariff.
    """
    open_ = (billing_case.c.service == service, billing_case.c.state != "closed", ticket.c.status != "resolved")
    accounts = billing_case.c.figures[("scope", "accounts")].label("accounts")
    joined = select(ticket, accounts).join(billing_case, billing_case.c.ticket_id == ticket.c.id)
    rows = connection.execute(joined.where(OPEN, *open_).order_by(billing_case.c.id)).mappings()
    found = map(_TicketOfCase, rows)
    return [each for each in found if not tariff or not each.accounts or each.accounts.get(tariff)]


def _is_billing(rules: Rules, group: str) -> bool:
    return any(code.billing for code in rules.codes.values() if code.group == group)
