"""A merge patch applied to a draft, in the order in which a person would do it: texts, priority, notes, state."""

from collections.abc import Mapping
from datetime import datetime

from pydantic.alias_generators import to_camel

from alerts.desk.api.tmf_models import TicketPatch, severity_said
from alerts.desk.core.one_line import one_line
from alerts.desk.core.words import languages
from alerts.desk.tickets import actions
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import Edited
from alerts.desk.tickets.states import Status
from alerts.desk.tickets.ticket import Ticket

_STAYS = ("status", "name", "description", "severity", "priority", "ticket_type", "note")


def check_removals(changes: TicketPatch) -> None:
    """Raise ValueError where a null asks to remove what every ticket has."""
    gone = [name for name in _STAYS if name in changes.model_fields_set and getattr(changes, name) is None]
    if gone:
        raise ValueError(f"{', '.join(map(to_camel, gone))}: cannot be removed; leave it out of the patch")


def check_reason(ticket: Ticket, changes: TicketPatch) -> None:
    """Raise ValueError where a reason comes with no change that it could be the reason of."""
    reason = (changes.status_change_reason or "").strip()
    moved = changes.status not in (None, ticket.status) or changes.priority not in (None, ticket.priority)
    if reason and not moved and reason != ticket.status_reason:
        raise ValueError(
            "statusChangeReason is the reason of a change of status or priority, and this patch changes neither; "
            "write a note instead"
        )


def patch(draft: Draft, changes: TicketPatch, extra: Mapping[str, object], actor: str, now: datetime) -> None:
    """Apply the patch, with `extra` to be kept; on ValueError or IllegalMoveError the transaction undoes the rest."""
    edited = _texts(draft, changes)
    if extra:
        merged = {name: value for name, value in {**draft.extra, **extra}.items() if value not in (None, [])}
        if merged != draft.extra:
            draft.extra = merged
            edited += sorted(extra)
    if edited:
        draft.record(now, Edited(tuple(edited)), actor)
    reason = changes.status_change_reason or ""
    if changes.priority is not None and changes.priority != draft.priority:
        actions.override_priority(draft, changes.priority, reason or "changed over the API", actor, now)
    for note in changes.note or ():
        # A note that carries a number came from us: a client that sends back what it read adds nothing twice.
        if not note.id:
            actions.write_note(draft, actor, note.text, now)
    if changes.status is not None and changes.status is not draft.status:
        actions.change_status(draft, Status(changes.status), reason, actor, now)


def title_said(name: str | None) -> str | None:
    """Return a title as it is shown; raise ValueError for one in which nothing can be seen."""
    if name is None:
        return None
    if not (line := one_line(name)):
        raise ValueError("name has no character that can be seen; give a title")
    return line


def _texts(draft: Draft, changes: TicketPatch) -> list[str]:
    edited = []
    for field, column in (("name", "names"), ("description", "descriptions")):
        text = title_said(changes.name) if field == "name" else changes.description
        if text is not None and text not in draft.value(column).values():
            draft.change(column, dict.fromkeys(languages(), text))
            edited.append(field)
    severity = draft.severity if changes.severity is None else severity_said(changes.severity)
    if severity != draft.severity:
        draft.severity = severity
        edited.append("severity")
    if changes.ticket_type is not None and changes.ticket_type != draft.ticket_type:
        draft.ticket_type = changes.ticket_type
        edited.append("ticketType")
    return edited
