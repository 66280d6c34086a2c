"""An event of TMF656: a service problem or a group, as it is when the event is delivered."""

from sqlalchemy import Connection

from alerts.desk.notify.event_envelope import Resource, envelope
from alerts.desk.notify.message import Message
from alerts.desk.notify.routing import ACKNOWLEDGED, GROUPED, UNGROUPED
from alerts.desk.tickets import queries, service_problems, tmf656
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.service_problems import Group


def problem_event(runtime: Runtime, message: Message) -> dict[str, object]:
    """Return the event as TMF656 v5 puts it."""
    number, kind = message.ticket, message.kind
    with runtime.database.read() as connection:
        return envelope(message, _resource(connection, number, kind, runtime.settings.language))


def _resource(connection: Connection, number: int, kind: str, language: str) -> Resource:
    if kind == GROUPED:
        parent = service_problems.parent_of(connection, number)
        _, found = service_problems.groups(connection, 1, 0, parent) if parent is not None else (0, [])
        group = found[0] if found else Group(number, None, [number])  # it has come out again meanwhile
        return _about("problemGroup", number, tmf656.group_body(tmf656.GROUP, group), tmf656.GROUP, group.number)
    if kind == UNGROUPED:
        _, found = service_problems.ungrouped(connection, 1, 0, number)
        group = found[0] if found else Group(number, None, [number])
        return _about("problemUngroup", number, tmf656.group_body(tmf656.UNGROUP, group), tmf656.UNGROUP, group.number)
    if kind == ACKNOWLEDGED:
        _, taken = service_problems.acknowledged(connection, 1, 0, number)
        if taken:
            shown = tmf656.acknowledgement_body(taken[0])
            return _about("problemAcknowledgement", number, shown, tmf656.TAKEN, taken[0].number)
    ticket = queries.find(connection, number)
    if ticket is None:
        shown = {"id": str(number), "href": tmf656.address(tmf656.PROBLEM, number), "@type": tmf656.PROBLEM}
    else:
        events = queries.timeline(connection, [number])[number]
        context = service_problems.contexts(connection, [number])[number]
        shown = tmf656.body(ticket, events, context, language)
    return _about("serviceProblem", number, shown, tmf656.PROBLEM, number)


def _about(name: str, problem: int, shown: dict[str, object], kind: str, number: int) -> Resource:
    """Return the resource of a kind with its own number; events are correlated by that of the problem."""
    return Resource(name, str(problem), tmf656.address(kind, number), shown)
