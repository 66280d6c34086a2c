"""What became of an attempt to deliver messages, for each recipient, and what follows from it.

A recipient that was told is never told again because another one was not. What a server refuses for good is given up
at once, and loudly: as a dead letter, on the ticket, and in the metrics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.desk.core import metrics
from alerts.desk.core.actors import DESK
from alerts.desk.core.listening import HUB_PREFIX
from alerts.desk.notify import outbox
from alerts.desk.notify.message import Message, Messages, Told
from alerts.desk.notify.outbox import Ending
from alerts.desk.notify.redact import redacted
from alerts.desk.notify.routing import TEST
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.events import Delivered, EventBody
from alerts.desk.tickets.runtime import Runtime

REST = timedelta(seconds=60)  # of a target whose server just failed
LONGEST_WAIT = timedelta(days=1)  # that a server may ask for
TOGETHER = 50  # tickets of one transaction


class RefusedError(OSError):
    """The other side will not take this message, however often it is sent."""


class BusyError(OSError):
    """The other side asks to be left alone for a while."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.wait = timedelta(seconds=min(max(seconds, 1.0), LONGEST_WAIT.total_seconds()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of some messages for one recipient; without an error it has got them."""

    recipient: str
    numbers: Sequence[int]  # of the messages
    error: str = ""
    final: bool = False
    left: Sequence[str] = ()  # the parts that it has not got, where it has got others
    wait: timedelta | None = None  # what the server asked for
    notice: str = ""  # what somebody should change although it arrived


def failed(recipient: str, numbers: Sequence[int], error: OSError, left: Sequence[str] = ()) -> Answer:
    """Return the answer that an error amounts to."""
    final = isinstance(error, RefusedError) or bool(getattr(error, "final", False))
    wait = error.wait if isinstance(error, BusyError) else None
    return Answer(recipient, numbers, str(error), final=final, left=left, wait=wait)


def owed(message: Message, recipient: str) -> bool:
    """Return whether a recipient still has to get a message."""
    told = message.told.get(recipient)
    return told is None or not told.over


def left_of(message: Message, recipient: str) -> list[str]:
    """Return the parts of a message that are left for a recipient; empty where it is owed the whole."""
    told = message.told.get(recipient)
    return list(told.left) if told is not None else []


@dataclass(slots=True)
class _Tally:
    """What the answers make of the claimed messages."""

    runtime: Runtime
    recipients: Sequence[str]
    now: datetime
    endings: list[Ending] = field(default_factory=list)
    lines: list[tuple[int, EventBody]] = field(default_factory=list)  # for the tickets
    refused: int = 0


def note(runtime: Runtime, messages: Messages, recipients: Sequence[str], answers: Iterable[Answer]) -> bool:
    """Store what became of claimed messages; return whether all of them went out.

    `recipients` are all that the target has now: whoever is no longer among them is owed nothing.
    """
    now, found = runtime.now(), list(answers)
    tally = _Tally(runtime, recipients, now)
    for message in messages:
        _count(tally, message, [each for each in found if message.id in each.numbers])
    failing = [each for each in found if each.error and not each.final]
    with runtime.database.write() as connection:
        outbox.end(connection, tally.endings)
        if rest := _rest(messages, failing, len(found)):
            outbox.put_off(connection, messages[0].target, [], now + rest)
    runtime.counts.add(metrics.RECIPIENTS_REFUSED, tally.refused, messages[0].target)
    _tell_tickets(runtime, tally.lines)
    return all(each.state == "sent" for each in tally.endings)


def _rest(messages: Messages, failing: Sequence[Answer], among: int) -> timedelta | None:
    """Return how long the target is left alone: as long as its server asks, else for a moment."""
    news = [message for message in messages if message.kind != TEST]
    if not failing or not news:
        return None
    asked = [each.wait for each in failing if each.wait is not None]
    if asked:
        return max(asked)
    return min(REST, outbox.rest(news[0])) if len(failing) == among else None  # else it is the recipient's own trouble


def _count(tally: _Tally, message: Message, mine: Sequence[Answer]) -> None:
    now, recipients = tally.now, tally.recipients
    told = dict(message.told)
    errors: list[tuple[str, str]] = []
    for each in mine:
        error = redacted(each.error, tally.runtime.settings)
        if not each.error:
            told[each.recipient] = Told(sent=True)
        elif each.final:
            told[each.recipient] = Told(refused=error)
            tally.refused += 1
            _add_line(tally, message, each.recipient, "refused", error)
        else:
            errors.append((each.recipient, error))
            if each.left:
                told[each.recipient] = Told(left=each.left)
    gone = [(name, told[name].refused) for name in recipients if name in told and told[name].refused]
    waits = any(each.wait is not None for each in mine if each.error and not each.final)
    over = message.attempts >= outbox.RETRIES and not waits
    notices = [each.notice for each in mine if each.notice]
    ending = Ending(
        message.id,
        told,
        "; ".join([*_named(errors, recipients), *_named(gone, recipients), *notices])[: outbox.LONGEST_ERROR],
    )
    if message.kind == TEST and (errors or gone):
        ending.close("failed", now)
    elif not errors and not gone:
        ending.close("sent", now)
    elif not errors or over:
        ending.close("dead", now)
        for each in mine:
            if each.error and not each.final:
                _add_line(tally, message, each.recipient, "given up", redacted(each.error, tally.runtime.settings))
    else:
        # An attempt that the server asked to put off is none.
        ending.next_at = now + (max(each.wait or timedelta() for each in mine) if waits else outbox.rest(message))
        ending.attempts = message.attempts - 1 if waits else message.attempts
    tally.endings.append(ending)


def _named(errors: Sequence[tuple[str, str]], recipients: Sequence[str]) -> list[str]:
    """Return errors with their recipients; what concerns all of them alike, once and without."""
    kinds = {error for _, error in errors}
    if len(kinds) == 1 and len(errors) == len(recipients):
        return [*kinds]
    return [f"{recipient}: {error}" for recipient, error in errors]


def _add_line(tally: _Tally, message: Message, recipient: str, outcome: str, reason: str) -> None:
    # That a listener refuses events is no news of the ticket: its dead letters and the metrics say it.
    if message.ticket_id is not None and not message.target.startswith(HUB_PREFIX):
        target = recipient or message.target
        tally.lines.append((message.ticket_id, Delivered(target, outcome, reason[: outbox.LONGEST_ERROR])))


def _tell_tickets(runtime: Runtime, lines: Sequence[tuple[int, EventBody]]) -> None:
    by_ticket: dict[int, list[EventBody]] = {}
    for number, body in lines:
        by_ticket.setdefault(number, []).append(body)
    numbers = sorted(by_ticket)
    for start in range(0, len(numbers), TOGETHER):
        record(runtime, {number: by_ticket[number] for number in numbers[start : start + TOGETHER]})


def record(runtime: Runtime, bodies: Mapping[int, Sequence[EventBody]]) -> None:
    """Add lines to the logs of tickets; one that is gone meanwhile has none."""
    with runtime.database.write() as connection:
        now = runtime.now()
        drafts = []
        for number in sorted(bodies):
            try:
                draft = tickets.lock(connection, number)
            except tickets.NoSuchTicketError:
                continue
            for body in bodies[number]:
                draft.record(now, body, DESK)
            draft.finish(runtime.policy, now)
            drafts.append(draft)
        tickets.save(connection, drafts, runtime.policy.publish)
