"""Another TMF621 desk as a target: it gets the ticket once, and what becomes of it as notes."""

from contextlib import suppress
from urllib.parse import quote

import httpx

from alerts.desk.core.json_body import read_json
from alerts.desk.core.settings import TargetSettings
from alerts.desk.core.words import Words
from alerts.desk.notify import texts
from alerts.desk.notify.attempt import RefusedError, record
from alerts.desk.notify.channels import web
from alerts.desk.notify.message import Message
from alerts.desk.tickets import queries
from alerts.desk.tickets.events import ReferenceGiven
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.tmf621 import body as tmf_body

NAMES = ("@type", "name", "description", "severity", "priority", "ticketType")


def forward(runtime: Runtime, client: httpx.Client, target: TargetSettings, message: Message, ticket: Ticket) -> None:
    """Create a ticket at another TMF621 desk and remember its number; later topics become notes there."""
    if target.url is None:
        return
    base = target.url.read().rstrip("/")
    headers = web.bearer(target.token)
    words = Words(target.language, runtime.settings.zone)
    with runtime.database.read() as connection:
        events = queries.timeline(connection, [ticket.id])[ticket.id]
    known = next(
        (b.reference for e in events if isinstance(b := e.body, ReferenceGiven) and b.owner == target.name), None
    )
    if known is not None:
        note = {"@type": "Note", "text": texts.one(ticket, message.kind, message.body, words, "").text}
        changed = {"@type": "TroubleTicket", "note": [note]}
        noted = web.patch(client, f"{base}/troubleTicket/{quote(known, safe='')}", changed, headers)
        if noted.content:  # 202 and 204 come without a body
            web.check_api(noted, dict)
        return
    whole = tmf_body(ticket, events, target.language)
    fresh: dict[str, object] = {name: whole[name] for name in NAMES} | {
        "externalIdentifier": [
            {"@type": "ExternalIdentifier", "owner": "ottwatch", "externalIdentifierType": "TroubleTicket",
             "id": whole["id"]}
        ]
    }  # fmt: skip
    answer = web.post(client, f"{base}/troubleTicket", fresh, headers)
    record(runtime, {ticket.id: [ReferenceGiven(target.name, _number(answer.content)[:200])]})


def _number(created: bytes) -> str:
    """Return the id in the other desk's answer; raise RefusedError where there is none."""
    with suppress(ValueError):
        match read_json(created):
            case {"id": number}:
                return str(number)
    # Final: another attempt would create another ticket.
    raise RefusedError(
        "the answer to a new ticket has no id: what follows cannot be told; see whether the address leads to a desk of "
        "TMF621"
    )
