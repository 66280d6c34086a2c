"""Listeners of TMF621, TMF656 and TMF683: several are told at once, and one that hangs holds up nobody for long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import httpx

from alerts.desk.core.listening import HUB_PREFIX
from alerts.desk.notify import attempt, hubs, outbox
from alerts.desk.notify.attempt import Answer, RefusedError
from alerts.desk.notify.channels import web
from alerts.desk.notify.event_envelope import Resource, envelope, kept_resource
from alerts.desk.notify.message import Message
from alerts.desk.notify.problem_event import problem_event
from alerts.desk.notify.routing import PROBLEM_EVENT_TYPES
from alerts.desk.tickets import queries
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.tmf621 import address as ticket_address
from alerts.desk.tickets.tmf621 import body as tmf_body

FEW = 5  # events of one claim: were each answered at the last moment, the claim would still stand
TURN = timedelta(seconds=10)  # how long a listener is talked to before the others are looked at again
LISTENERS = 8  # of these at once


def deliver_hubs(runtime: Runtime, client: httpx.Client) -> None:
    """Send events to listeners."""
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
            messages = outbox.claim(connection, target, runtime.now(), FEW)
        if not messages:
            return
        for place, message in enumerate(messages, 1):
            answer = _told(client, callback, hub_event(runtime, message), message)
            attempt.note(runtime, [message], [""], [answer])
            if answer.error and not answer.final:
                untried = [each.id for each in messages[place:]]
                rest = answer.wait or min(attempt.REST, outbox.rest(message))
                with runtime.database.write() as connection:
                    outbox.put_off(connection, target, untried, runtime.now() + rest)
                return


def _told(client: httpx.Client, callback: str, event: dict[str, object], message: Message) -> Answer:
    try:
        _tell(client, callback, message.kind, event)
    except OSError as error:
        return attempt.failed("", [message.id], error)
    return Answer("", [message.id])


def _tell(client: httpx.Client, callback: str, kind: str, event: dict[str, object]) -> None:
    """POST an event to where its listener wants to hear of its kind; the callback's query stays behind the path."""
    try:
        parts = urlsplit(callback)
        path = f"{parts.path.rstrip('/')}/listener/{kind[0].lower()}{kind[1:]}"
        address = urlunsplit(parts._replace(path=path))
    except ValueError:
        raise RefusedError("the callback is no address") from None
    web.post(client, address, event)


def hub_event(runtime: Runtime, message: Message) -> dict[str, object]:
    """Return the event as TMF621, TMF656 or TMF683 v5 puts it, with the ticket or problem as it is now.

    What happens to appeals and their interactions is sent as it was then.
    """
    kept = message.event
    if kept.shown is not None:
        return envelope(message, kept_resource(kept.name, kept.shown))
    if message.kind in PROBLEM_EVENT_TYPES:
        return problem_event(runtime, message)
    number = message.ticket
    with runtime.database.read() as connection:
        ticket = queries.find(connection, number)
        events = queries.timeline(connection, [number])[number]
    shown = tmf_body(ticket, events, runtime.settings.language) if ticket else {"id": str(number)}
    return envelope(message, Resource("troubleTicket", str(number), ticket_address(number), shown))
