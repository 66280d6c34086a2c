"""Who is told of tickets, how it stands with their messages, and whether a message reaches them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.refused import RefusedError
from alerts.desk.console.settings.frame import Name, back, show
from alerts.desk.core.listening import HUB_PREFIX
from alerts.desk.core.words import Words
from alerts.desk.notify import hubs, outbox
from alerts.desk.notify import test_message as trial
from alerts.desk.notify.outbox import Queue
from alerts.desk.notify.redact import redacted
from alerts.desk.notify.routing import TEST, VENDOR_PREFIX
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Administering, Administrator, by
from alerts.desk.web.render import words_for
from alerts.desk.web.session import Running, Visitor

HERE = "/settings/targets"
LETTERS = 100
SLOW = timedelta(seconds=60)  # a target's worker comes by every second and gives up on a server after 30

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, lt=2**63)]


class Other(NamedTuple):
    """Somebody beside the targets who gets messages."""

    name: str
    kind: str
    to: str
    queue: Queue


@router.get(HERE)
def every(request: Request, runtime: Running, found: Administrator) -> Response:
    """Show the targets and their queues."""
    return _page(request, runtime, found)


@router.post(HERE + "/test")
def try_(request: Request, runtime: Running, found: Administering, name: Name = "") -> Response:
    """Write a test message into the outbox; whoever delivers that target's messages delivers this one."""
    try:
        number = trial.start(runtime, by(request, found), name)
    except RefusedError as error:
        return _page(request, runtime, found, error)
    return RedirectResponse(f"{HERE}/test/{number}", 303)


@router.get(HERE + "/test/{number}")
def result(request: Request, runtime: Running, found: Administrator, number: Number) -> Response:
    """Show what became of a test message."""
    with runtime.database.read() as connection:
        row = outbox.find(connection, number)
    if row is None or row.kind != TEST:
        raise HTTPException(404)
    waited = runtime.now() - row.created_at
    return show(
        request,
        "targets",
        found,
        template="test",
        row=row,
        reason=redacted(row.error, runtime.settings),
        waited=waited.total_seconds() if waited >= SLOW else None,
    )


@router.post(HERE + "/again")
def again(
    request: Request, runtime: Running, found: Administering, number: Annotated[int, Form(ge=1, lt=2**63)]
) -> Response:
    """Send a dead letter again."""
    try:
        trial.again(runtime, by(request, found), number)
    except RefusedError as error:
        return _page(request, runtime, found, error)
    return back(HERE, "again")


@router.post(HERE + "/again-all")
def again_all(request: Request, runtime: Running, found: Administering, name: Name = "") -> Response:
    """Send all dead letters of a target again."""
    try:
        trial.again_all(runtime, by(request, found), name)
    except RefusedError as error:
        return _page(request, runtime, found, error)
    return back(HERE, "again")


def _page(request: Request, runtime: Runtime, found: Visitor, refused: RefusedError | None = None) -> Response:
    settings = runtime.settings
    with runtime.database.read() as connection:
        queues = outbox.queues(connection)
        letters = outbox.dead_letters(connection, LETTERS)
        listeners = {HUB_PREFIX + each.id: each.callback for each in hubs.every(connection)}
    words = words_for(request, found)
    own = {target.name for target in settings.target}
    reachable = own | {VENDOR_PREFIX + name for name in runtime.policy.vendors} | listeners.keys()
    return show(
        request,
        "targets",
        found,
        refused=refused,
        targets=[(target, queues.get(target.name, Queue())) for target in settings.target],
        others=_others(runtime, words, {name: queue for name, queue in queues.items() if name not in own}, listeners),
        letters=[{**letter.row, "error": redacted(letter.error, settings)} for letter in letters],
        limit=LETTERS,
        tries=outbox.RETRIES,
        hidden=lambda text: redacted(text, settings),
        reachable=reachable,
        dead=[(name, queue.dead) for name, queue in sorted(queues.items()) if queue.dead > 1 and name in reachable],
        named=lambda target: _named(words, target),
    )


def _others(runtime: Runtime, words: Words, queues: Mapping[str, Queue], listeners: Mapping[str, str]) -> list[Other]:
    result = []
    for vendor in runtime.policy.vendors.values():
        name = VENDOR_PREFIX + vendor.name
        result.append(Other(_named(words, name), words("target.vendor_kind"), vendor.mail, queues.get(name, Queue())))
    for name, callback in listeners.items():
        kind = words("target.listener")
        result.append(Other(_named(words, name), kind, host(callback), queues.get(name, Queue())))
    known = {VENDOR_PREFIX + name for name in runtime.policy.vendors} | listeners.keys()
    gone = [name for name in sorted(queues.keys() - known) if queues[name].pending or queues[name].dead]
    kind, why = words("target.gone_kind"), words("target.gone")
    return [*result, *(Other(_named(words, name), kind, why, queues[name]) for name in gone)]


def _named(words: Words, target: str) -> str:
    if target.startswith(VENDOR_PREFIX):
        return words("target.vendor", name=target.removeprefix(VENDOR_PREFIX))
    return target.removeprefix(HUB_PREFIX)


def host(callback: str) -> str:
    """Return scheme and host of an address: what follows may be a listener's secret."""
    try:
        parts = urlsplit(callback)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"
