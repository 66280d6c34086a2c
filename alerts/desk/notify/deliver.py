"""Deliver what waits: claim, send outside any transaction, note the outcome.

At least once: a desk that dies between sending and noting sends again. Each target has its own worker and its own
pace, so that one dead server delays nobody else; when more waits than a target wants to read, it gets one digest.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
from sqlalchemy import RowMapping

from alerts.desk.core.actors import DESK
from alerts.desk.core.json_body import read_json
from alerts.desk.core.settings import TargetSettings
from alerts.desk.core.words import Words
from alerts.desk.notify import hubs, outbox, texts
from alerts.desk.notify.channels import mail, others
from alerts.desk.notify.evidence import measure
from alerts.desk.notify.redact import redacted
from alerts.desk.notify.routing import HUB_PREFIX, TEST, VENDOR_PREFIX
from alerts.desk.tickets import queries
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.events import Delivered, EventBody, ReferenceGiven
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.tmf621 import BASE, instant
from alerts.desk.tickets.tmf621 import body as tmf_body

BATCH = 500  # messages of one digest
FEW = 5  # events of one claim: were each answered at the last moment, the claim would still stand
TURN = timedelta(seconds=10)  # how long a listener is talked to before the others are looked at again
LISTENERS = 8  # of these at once
REST = timedelta(seconds=60)  # of a listener that just failed

Rows = Sequence[RowMapping]


@dataclass(slots=True)
class Pace:
    """At most so many deliveries a minute."""

    per_minute: int
    minute: int = 0
    used: int = 0

    def allows(self, now: datetime) -> bool:
        """Say whether one more delivery may go out now."""
        minute = int(now.timestamp() // 60)
        if minute != self.minute:
            self.minute, self.used = minute, 0
        return self.used < self.per_minute


def deliver_target(runtime: Runtime, client: httpx.Client, target: TargetSettings, pace: Pace) -> None:
    """Deliver what is due for a target, as one message where it is too much."""
    digests = target.kind in ("mail", "apprise")
    while pace.allows(runtime.now()):
        with runtime.database.write() as connection:
            much = digests and outbox.waiting(connection, target.name, runtime.now()) > target.digest_over
            rows = outbox.claim(connection, target.name, runtime.now(), BATCH if much else 1)
        if not rows:
            return  # and a look that found nothing is no delivery
        pace.used += 1
        tests = [row for row in rows if row["kind"] == TEST]
        for row in tests:
            attempt(runtime, [row], partial(_test, runtime, client, target, row))
        news = [row for row in rows if row["kind"] != TEST]
        if news:
            found = _tickets(runtime, news)
            attempt(runtime, news, partial(_to_target, runtime, client, target, news, found))


def _test(runtime: Runtime, client: httpx.Client, target: TargetSettings, row: RowMapping) -> None:
    words = Words(target.language, runtime.settings.zone)
    letter = texts.test(target.name, row["body"], words, runtime.settings.public_url)
    if target.kind == "mail" and runtime.settings.smtp:
        mail.send(runtime.settings.smtp, target.to, letter)
    elif target.kind == "apprise" and target.url:
        others.notify(target.url, letter)
    elif target.kind == "grafana" and target.url:
        note = others.Annotation(runtime.now(), ["ottwatch", TEST], letter.text)
        others.annotate(client, target.url, target.token, note)
    elif target.url:
        others.look(client, target.url, target.token)


def _to_target(
    runtime: Runtime, client: httpx.Client, target: TargetSettings, rows: Rows, found: Mapping[int, RowMapping]
) -> None:
    words = Words(target.language, runtime.settings.zone)
    items = [(row, found[row["ticket_id"]]) for row in rows if row["ticket_id"] in found]
    if not items:
        return
    row, ticket = items[0]
    url = runtime.settings.public_url
    if target.kind == "tmf621":
        forward(runtime, client, target, row, ticket)
        return
    if len(items) > 1:
        letter = texts.digest([(ticket, row["kind"]) for row, ticket in items], words, url)
    else:
        letter = texts.one(ticket, row["kind"], row["body"], words, url)
    if target.kind == "mail" and runtime.settings.smtp:
        mail.send(runtime.settings.smtp, target.to, letter)
    elif target.kind == "apprise" and target.url:
        others.notify(target.url, letter)
    elif target.kind == "grafana" and target.url:
        note = others.annotation(ticket, row["kind"], letter.text)
        others.annotate(client, target.url, target.token, note)


def forward(
    runtime: Runtime, client: httpx.Client, target: TargetSettings, row: RowMapping, ticket: RowMapping
) -> None:
    """Create a ticket at another TMF621 desk and remember its number; later topics become notes there."""
    if target.url is None:
        return
    base = target.url.read().rstrip("/")
    headers = {"Authorization": f"Bearer {target.token.read()}"} if target.token else {}
    words = Words(target.language, runtime.settings.zone)
    with runtime.database.read() as connection:
        events = queries.timeline(connection, [ticket["id"]])[ticket["id"]]
    known = next(
        (b.reference for e in events if isinstance(b := e.body, ReferenceGiven) and b.owner == target.name), None
    )
    if known is not None:
        note = {"@type": "Note", "text": texts.one(ticket, row["kind"], row["body"], words, "").text}
        others.patch(
            client, f"{base}/troubleTicket/{quote(known, safe='')}", {"@type": "TroubleTicket", "note": [note]}, headers
        )
        return
    whole = tmf_body(dict(ticket), events, target.language)
    names = ("@type", "name", "description", "severity", "priority", "ticketType")
    fresh = {name: whole[name] for name in names} | {
        "externalIdentifier": [
            {"@type": "ExternalIdentifier", "owner": "ottwatch", "externalIdentifierType": "TroubleTicket",
             "id": whole["id"]}
        ]
    }  # fmt: skip
    answer = others.post(client, f"{base}/troubleTicket", fresh, headers)
    try:
        reference = str(read_json(answer.content)["id"])
    except (ValueError, KeyError, TypeError):
        raise OSError("the other desk created a ticket and did not say its id") from None
    record(runtime, ticket["id"], ReferenceGiven(target.name, reference[:200]))


def record(runtime: Runtime, number: int, body: EventBody) -> None:
    """Add a line to a ticket's log."""
    with runtime.database.write() as connection:
        now = runtime.now()
        draft = tickets.lock(connection, number)
        draft.record(now, body, DESK)
        draft.finish(runtime.policy, now)
        tickets.save(connection, [draft], runtime.policy.publish)


def deliver_vendors(runtime: Runtime, client: httpx.Client) -> None:
    """Send hand-overs, with the evidence, to the vendors' addresses."""
    for name, vendor in runtime.policy.vendors.items():
        while row := _next(runtime, VENDOR_PREFIX + name):
            to = vendor.escalation_mail if row["kind"] == "escalated" else vendor.mail
            told = attempt(runtime, [row], partial(_to_vendor, runtime, client, row, to, vendor.language))
            if not told and row["attempts"] >= outbox.RETRIES:
                record(runtime, row["ticket_id"], Delivered(to, "given up"))


def _next(runtime: Runtime, target: str) -> RowMapping | None:
    with runtime.database.write() as connection:
        rows = outbox.claim(connection, target, runtime.now(), 1)
    return rows[0] if rows else None


def _to_vendor(runtime: Runtime, client: httpx.Client, row: RowMapping, to: str, language: str) -> None:
    if runtime.settings.smtp is None:
        raise OSError("there is no [smtp] in the settings: tell the vendor yourself")
    words = Words(language, runtime.settings.zone)
    number = row["ticket_id"]
    with runtime.database.read() as connection:
        ticket = queries.find(connection, number)
        events = queries.timeline(connection, [number])[number]
        alarms = queries.alarms_of(connection, number, texts.MAX_ALARMS)
    if ticket is None:
        return
    known = bool(runtime.settings.prometheus)
    measured = measure(runtime.prometheus(client), ticket["opened_at"], alarms) if known else None
    letter = texts.one(ticket, row["kind"], row["body"], words, "")
    facts = texts.evidence(ticket, events, alarms, measured, words)
    mail.send(runtime.settings.smtp, [to], texts.Letter(letter.subject, f"{letter.text}\n{facts}"))
    record(runtime, number, Delivered(to, "sent"))


def deliver_hubs(runtime: Runtime, client: httpx.Client) -> None:
    """Send events to TMF621 listeners, several at once: one that hangs holds up nobody for long."""
    with runtime.database.read() as connection:
        due = outbox.due_targets(connection, HUB_PREFIX, runtime.now())
    with ThreadPoolExecutor(LISTENERS, "listener") as pool:
        for _ in pool.map(partial(_deliver_hub, runtime, client), due):
            pass  # what one of them raised is raised here


def _deliver_hub(runtime: Runtime, client: httpx.Client, target: str) -> None:
    end = runtime.now() + TURN
    while runtime.now() < end:
        with runtime.database.write() as connection:
            callback = hubs.callback(connection, target.removeprefix(HUB_PREFIX))
            if callback is None:
                outbox.drop(connection, target)
                return
            rows = outbox.claim(connection, target, runtime.now(), FEW)
        if not rows:
            return
        for place, row in enumerate(rows, 1):
            event = hub_event(runtime, row)
            if not attempt(runtime, [row], partial(_tell, client, callback, event)):
                untried = [each["id"] for each in rows[place:]]
                with runtime.database.write() as connection:
                    outbox.put_off(connection, target, untried, runtime.now() + min(REST, outbox.rest(row)))
                return


def _tell(client: httpx.Client, callback: str, event: dict[str, Any]) -> None:
    """POST an event to where its listener wants to hear of its kind; the callback's query stays behind the path."""
    kind = event["eventType"]
    try:
        parts = urlsplit(callback)
        path = f"{parts.path.rstrip('/')}/listener/{kind[0].lower()}{kind[1:]}"
        address = urlunsplit(parts._replace(path=path))
    except ValueError:
        raise OSError("the callback is no address") from None
    others.post(client, address, event)


def hub_event(runtime: Runtime, row: RowMapping) -> dict[str, Any]:
    """Return the event as TMF621 v5 puts it, with the ticket as it is now."""
    number = row["ticket_id"]
    with runtime.database.read() as connection:
        ticket = queries.find(connection, number)
        events = queries.timeline(connection, [number])[number]
    shown = tmf_body(dict(ticket), events, runtime.settings.language) if ticket else {"id": str(number)}
    moment = instant(datetime.fromisoformat(row["body"]["at"]))
    return {
        "@type": row["kind"],
        "eventId": row["body"]["eventId"],
        "eventType": row["kind"],
        "eventTime": moment,
        "timeOccurred": moment,
        "correlationId": str(number),
        "domain": "ottwatch",
        "title": str(shown.get("name", "")),
        "description": row["kind"],
        "priority": str(shown.get("priority", "")),
        "href": f"{BASE}/troubleTicket/{number}",
        "event": {"@type": f"{row['kind']}Payload", "troubleTicket": shown},
    }


def attempt(runtime: Runtime, rows: Rows, send: Callable[[], object]) -> bool:
    """Send and note the outcome; say whether it went out."""
    numbers = [row["id"] for row in rows]
    try:
        send()
    except OSError as error:
        with runtime.database.write() as connection:
            outbox.failed(connection, rows, redacted(str(error), runtime.settings), runtime.now())
        return False
    with runtime.database.write() as connection:
        outbox.sent(connection, numbers, runtime.now())
    return True


def _tickets(runtime: Runtime, rows: Rows) -> dict[int, RowMapping]:
    with runtime.database.read() as connection:
        return {row["id"]: row for row in queries.some(connection, [row["ticket_id"] for row in rows])}
