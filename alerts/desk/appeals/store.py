"""Appeals in the database: found, locked, written. The event log, the row and a free month are one transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Connection, Executable, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import interactions as interactions_
from alerts.desk.appeals import listeners, tmf621, tmf683
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.contacts import Contact, Keys
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.events import Event
from alerts.desk.appeals.interaction import Interaction, NewInteraction
from alerts.desk.appeals.link import Link, NamedLink
from alerts.desk.appeals.listeners import News
from alerts.desk.appeals.log_json import from_json, kind_of, to_json
from alerts.desk.appeals.terms import accounting_period
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_tables import (
    appeal,
    appeal_contact,
    appeal_event,
    appeal_link,
    compensation,
    interaction,
)
from alerts.desk.core.tables import OPEN, defaults, ticket

_BLANK: dict[str, object] = {each.name: None for each in appeal.columns} | defaults(appeal)


class NoSuchAppealError(LookupError):
    """There is no appeal with this number."""


class StaleAppealError(Exception):
    """The appeal changed since the caller looked at it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"appeal {number} changed meanwhile; look again")


def find(connection: Connection, number: int) -> Appeal | None:
    """Return an appeal."""
    row = connection.execute(select(appeal).where(appeal.c.id == number)).mappings().one_or_none()
    return Appeal(row) if row is not None else None


def log_of(connection: Connection, number: int) -> list[Event]:
    """Return an appeal's events, oldest first."""
    return _logs(connection, [number])[number]


def _logs(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Event]]:
    """Return the events of appeals, oldest first, with one question."""
    logs: dict[int, list[Event]] = {number: [] for number in numbers}
    wanted = select(*(appeal_event.c[name] for name in ("appeal_id", "at", "actor", "kind", "data")))
    for number, at, actor, kind, data in connection.execute(
        wanted.where(appeal_event.c.appeal_id.in_(numbers)).order_by(appeal_event.c.id)
    ):
        logs[number].append(Event(at, actor, from_json(kind, data)))
    return logs


def lock(connection: Connection, number: int, version: int | None = None) -> Draft:
    """Lock an appeal; raise StaleAppealError where it is not in the version that the caller saw."""
    row = connection.execute(select(appeal).where(appeal.c.id == number).with_for_update()).mappings().one_or_none()
    if row is None:
        raise NoSuchAppealError(f"there is no appeal {number}")
    draft = Draft(row, log_of(connection, number))
    if version is not None and version != draft.version:
        raise StaleAppealError(number)
    return draft


def lock_some(connection: Connection, numbers: Sequence[int]) -> list[Draft]:
    """Lock appeals in the order of their numbers, with two questions for all of them; who is gone is left out."""
    wanted = select(appeal).where(appeal.c.id.in_(numbers)).order_by(appeal.c.id)
    return drafts_of(connection, _some(connection, wanted.with_for_update()))


def lock_due(connection: Connection, now: datetime, limit: int) -> list[Draft]:
    """Lock appeals whose moment has come; those that another desk is at are its business."""
    due = select(appeal).where(appeal.c.due_at <= now).order_by(appeal.c.due_at).limit(limit)
    return drafts_of(connection, _some(connection, due.with_for_update(skip_locked=True)))


def _some(connection: Connection, wanted: Executable) -> list[Appeal]:
    return [Appeal(row) for row in connection.execute(wanted).mappings()]


def drafts_of(connection: Connection, appeals: Sequence[Appeal]) -> list[Draft]:
    """Return appeals with their logs, which one question reads."""
    logs = _logs(connection, [each.id for each in appeals])
    return [Draft(each.row, logs[each.id]) for each in appeals]


def open_like(connection: Connection, customers: Sequence[str], service: str, code: str) -> Draft | None:
    """Lock the open appeal of a customer about the same service and code."""
    same = (appeal.c.customer.in_(customers), appeal.c.service == service, appeal.c.code == code)
    # Two are open where the answer to the earlier one came back after the later one was registered: that one counts.
    latest = select(appeal.c.id).where(*same, OPEN).order_by(appeal.c.id.desc()).limit(1)
    number = connection.scalar(latest.with_for_update())
    return lock(connection, number) if number else None


def of_customer(connection: Connection, customers: Sequence[str], limit: int = 20) -> list[Appeal]:
    """Return a customer's appeals, open ones first, then the latest."""
    order = (appeal.c.status.in_(("closed", "rejected", "cancelled")), appeal.c.id.desc())
    return _some(connection, select(appeal).where(appeal.c.customer.in_(customers)).order_by(*order).limit(limit))


def fresh() -> Draft:
    """Return an appeal that nobody has said anything about yet."""
    return Draft(_BLANK)


def create(connection: Connection, rules: Rules, draft: Draft, contact: Contact | None) -> int:
    """Store a new appeal with its contact, and give the draft its number."""
    sealed = seal_contact(connection, rules.keys, contact) if contact else None
    draft.contact_id = sealed
    values = {name: value for name, value in (draft.row | draft.changes).items() if name != "id"}
    number: int = connection.execute(insert(appeal).values(**values).returning(appeal.c.id)).scalar_one()
    draft.stored(number)
    return number


def seal_contact(connection: Connection, keys: Keys, contact: Contact) -> int:
    """Store a contact and return its number."""
    values = {"sealed": keys.seal_contact(contact), "key_id": keys.current}
    stored = insert(appeal_contact).values(**values).returning(appeal_contact.c.id)
    number: int = connection.execute(stored).scalar_one()
    return number


def contact_of(connection: Connection, keys: Keys, number: int | None) -> Contact | None:
    """Return a contact; None where it has been deleted, or where its key is gone."""
    if number is None:
        return None
    wanted = select(appeal_contact.c.sealed, appeal_contact.c.key_id).where(appeal_contact.c.id == number)
    found = connection.execute(wanted).one_or_none()
    return keys.open_contact(*found) if found else None


def save(connection: Connection, rules: Rules, draft: Draft, now: datetime) -> None:
    """Store what became of a locked appeal: the row, the new events, and the free month that it may cost."""
    save_some(connection, rules, [draft], now)


def save_some(connection: Connection, rules: Rules, drafts: Sequence[Draft], now: datetime) -> None:
    """Store what became of locked appeals, with a few questions for all of them."""
    for draft in drafts:
        draft.finish(rules, now)
    _propose(connection, rules, [draft for draft in drafts if draft.compensate is not None], now)
    for draft in drafts:
        _keep_contact(connection, rules, draft, now)
    _update(connection, [draft for draft in drafts if draft.fresh or draft.changes])
    told = [draft for draft in drafts if draft.fresh]
    if told:
        connection.execute(insert(appeal_event), [_stored(draft, event) for draft in told for event in draft.fresh])
        _tell(connection, rules, told, now)
    for draft in drafts:
        draft.stored(draft.id)


def _update(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Store the rows; those whose same columns changed are one statement."""
    alike: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for draft in drafts:
        draft.version = draft.version + 1
        names = tuple(sorted(draft.changes))
        values = {f"new_{name}": draft.changes[name] for name in names}
        alike.setdefault(names, []).append({"number": draft.id} | values)
    for names, rows in alike.items():
        changed = {name: bindparam(f"new_{name}", type_=appeal.c[name].type) for name in names}
        connection.execute(update(appeal).where(appeal.c.id == bindparam("number")).values(changed), rows)


def _stored(draft: Draft, event: Event) -> dict[str, object]:
    body = {"kind": kind_of(event.body), "data": to_json(event.body)}
    return {"appeal_id": draft.id, "at": event.at, "actor": event.actor} | body


def _tell(connection: Connection, rules: Rules, drafts: Sequence[Draft], now: datetime) -> None:
    """Tell listeners what happened to appeals."""

    def shown(draft: Draft) -> dict[str, object]:
        return tmf621.body(rules, draft, draft.log, tmf621.links_of(connection, [draft.id])[draft.id])

    news = [News(draft.kind, tmf621.event_types(draft.fresh), partial(shown, draft)) for draft in drafts]
    listeners.tell_of_appeals(connection, news, now)


def claim_key(free_months: str, draft: Draft, start: datetime) -> str:
    """Return what two free months may not have in common."""
    if free_months == "one_per_appeal":
        return f"appeal:{draft.id}"
    return f"{draft.customer}:{draft.service}:{start.date().isoformat()}"


def _propose(connection: Connection, rules: Rules, drafts: Sequence[Draft], now: datetime) -> None:
    """Propose the free months of late appeals, each once."""
    if not drafts:
        return
    rows = [
        _free_month(rules, draft, draft.compensate or now) | {"state_at": now, "proposed_at": now} for draft in drafts
    ]
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = kind.insert(compensation).on_conflict_do_nothing().returning(compensation.c.appeal_id)
    stored = set(connection.scalars(statement, rows))
    for draft in drafts:
        draft.compensate = None
        # Another late appeal of the period, or this one before it was taken up again, has the free month already.
        draft.record(ev.CompensationMoved("proposed" if draft.id in stored else "covered"), DESK, now)
        if draft.id in stored:
            draft.finish(rules, now)  # its own clock begins


def _free_month(rules: Rules, draft: Draft, late_at: datetime) -> dict[str, object]:
    start, end = accounting_period(late_at, rules.calendars.zone, rules.settings.accounting_day)
    return {
        "appeal_id": draft.id,
        "claim_key": claim_key(rules.questions.free_months, draft, start.astimezone(rules.calendars.zone)),
        "service": draft.service,
        "period_start": start,
        "period_end": end,
        "state": "proposed",
        "actor": DESK,
        "reason": "",
    }


def _keep_contact(connection: Connection, rules: Rules, draft: Draft, now: datetime) -> None:
    """Say until when the contact may be kept: while the appeal is open, and for a time after it."""
    if "status" not in draft.changes or draft.contact_id is None:
        return
    keep = rules.settings.keep_claims if draft.claim else rules.settings.keep_contacts
    until = None if draft.is_open else now + timedelta(seconds=keep)
    one = update(appeal_contact).where(appeal_contact.c.id == draft.contact_id)
    connection.execute(one.values(delete_after=until))


def add_interaction(connection: Connection, rules: Rules, fresh: NewInteraction, text: str = "") -> int:
    """Store a call, a mail or a message, and return its number; its text is sealed. Listeners are told."""
    keys = rules.keys
    sealed = {"sealed": keys.seal(text) if text else None, "key_id": keys.current if text else ""}
    stored = insert(interaction).values(**asdict(fresh), **sealed).returning(interaction.c.id)
    number: int = connection.execute(stored).scalar_one()

    def shown() -> dict[str, object]:
        row = interactions_.find(connection, number)
        return tmf683.body(row, rules.calendars.zone) if row is not None else {}

    listeners.tell_of_interaction(connection, shown, fresh.at)
    return number


def interactions(connection: Connection, number: int) -> list[Interaction]:
    """Return an appeal's interactions, oldest first."""
    wanted = select(interaction).where(interaction.c.appeal_id == number).order_by(interaction.c.id)
    return [Interaction(row) for row in connection.execute(wanted).mappings()]


def link(connection: Connection, number: int, ticket_id: int) -> Link | None:
    """Return the link of an appeal to a ticket."""
    both = (appeal_link.c.appeal_id == number, appeal_link.c.ticket_id == ticket_id)
    row = connection.execute(select(appeal_link).where(*both)).mappings().one_or_none()
    return Link(row) if row is not None else None


def put_link(  # noqa: PLR0913 - which appeal and ticket, and who did what when
    connection: Connection, number: int, ticket_id: int, state: str, *, actor: str, at: datetime
) -> None:
    """Store that a link was proposed, confirmed or undone."""
    known = link(connection, number, ticket_id)
    if known is None:
        add_link(connection, number, ticket_id, state, actor=actor, at=at)
        return
    values = {"state": state, "actor": actor, "at": at}
    connection.execute(update(appeal_link).where(appeal_link.c.id == known.id).values(**values))


def add_link(  # noqa: PLR0913 - which appeal and ticket, and who did what when
    connection: Connection, number: int, ticket_id: int, state: str, *, actor: str, at: datetime
) -> None:
    """Store a link that is not there yet."""
    values = {"state": state, "actor": actor, "at": at}
    connection.execute(insert(appeal_link).values(appeal_id=number, ticket_id=ticket_id, **values))


def linked_to(connection: Connection, numbers: Sequence[int], ticket_id: int) -> set[int]:
    """Return those of some appeals that have a link to a ticket, whatever its state."""
    mine = (appeal_link.c.appeal_id.in_(numbers), appeal_link.c.ticket_id == ticket_id)
    return set(connection.scalars(select(appeal_link.c.appeal_id).where(*mine)))


def links(connection: Connection, number: int) -> list[NamedLink]:
    """Return an appeal's links with the tickets that they lead to."""
    joined = select(appeal_link, ticket.c.names).join(ticket, ticket.c.id == appeal_link.c.ticket_id)
    rows = connection.execute(joined.where(appeal_link.c.appeal_id == number).order_by(ticket.c.id)).mappings()
    return [NamedLink(row) for row in rows]


def listing(connection: Connection, *conditions: ColumnElement[bool], limit: int = 200) -> list[Appeal]:
    """Return open appeals, the most urgent first."""
    order = (appeal.c.deadline_at.is_(None), appeal.c.deadline_at, appeal.c.id)
    return _some(connection, select(appeal).where(OPEN, *conditions).order_by(*order).limit(limit))
