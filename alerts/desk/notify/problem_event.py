"""An event of TMF656: a service problem or a group, as it is when the event is delivered."""

from sqlalchemy import Connection

from alerts.desk.notify.event_envelope import envelope
from alerts.desk.notify.message import Message
from alerts.desk.notify.routing import ACKNOWLEDGED, GROUPED, UNGROUPED
from alerts.desk.tickets import queries, service_problems, tmf656
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.service_problems import Group


def problem_event(runtime: Runtime, message: Message) -> dict[str, object]:
    """Return the event as TMF656 v5 puts it."""
    number, kind = message.ticket, message.kind
    with runtime.database.read() as connection:
        name, shown = _payload(connection, number, kind, runtime.settings.language)
    return envelope(message, str(number), str(shown["href"]), name, shown)


def _payload(connection: Connection, number: int, kind: str, language: str) -> tuple[str, dict[str, object]]:
    if kind == GROUPED:
        parent = service_problems.parent_of(connection, number)
        _, found = service_problems.groups(connection, 1, 0, parent) if parent is not None else (0, [])
        group = found[0] if found else Group(number, None, [number])  # it has come out again meanwhile
        return "problemGroup", tmf656.group_body(tmf656.GROUP, group)
    if kind == UNGROUPED:
        _, found = service_problems.ungrouped(connection, 1, 0, number)
        return "problemUngroup", tmf656.group_body(tmf656.UNGROUP, found[0] if found else Group(number, None, [number]))
    if kind == ACKNOWLEDGED:
        _, taken = service_problems.acknowledged(connection, 1, 0, number)
        if taken:
            return "problemAcknowledgement", tmf656.acknowledgement_body(taken[0])
    ticket = queries.find(connection, number)
    if ticket is None:
        return "serviceProblem", {
            "id": str(number),
            "href": tmf656.address(tmf656.PROBLEM, number),
            "@type": "ServiceProblem",
        }
    events = queries.timeline(connection, [number])[number]
    context = service_problems.contexts(connection, [number])[number]
    return "serviceProblem", tmf656.body(ticket, events, context, language)
