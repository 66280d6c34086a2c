"""Deliver what waits: claim, send outside any transaction, note the outcome.

At least once: a desk that dies between sending and noting sends again. Each target has its own worker and its own
pace, so that one dead server delays nobody else; when more waits than a target wants to read, it gets one digest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import httpx

from alerts.desk.core.settings import TargetSettings
from alerts.desk.core.words import Words
from alerts.desk.notify import attempt, outbox, texts
from alerts.desk.notify.attempt import Answer
from alerts.desk.notify.channels import chats, mail, web
from alerts.desk.notify.channels.chats import Chat
from alerts.desk.notify.message import Message, Messages
from alerts.desk.notify.peer_desk import forward
from alerts.desk.notify.routing import TEST
from alerts.desk.notify.texts import Letter
from alerts.desk.tickets import queries
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.ticket import Ticket

BATCH = 500  # messages of one digest

Tickets = Mapping[int, Ticket]


@dataclass(slots=True)
class Pace:
    """At most so many deliveries a minute."""

    per_minute: int
    minute: int = 0
    used: int = 0

    def allows(self, now: datetime) -> bool:
        """Return whether one more delivery may go out now."""
        minute = int(now.timestamp() // 60)
        if minute != self.minute:
            self.minute, self.used = minute, 0
        return self.used < self.per_minute


@dataclass(frozen=True, slots=True)
class _Post:
    """What deliveries to a target need."""

    runtime: Runtime
    client: httpx.Client
    target: TargetSettings

    @property
    def words(self) -> Words:
        """Return the target's language."""
        return Words(self.target.language, self.runtime.settings.zone)


def deliver_target(runtime: Runtime, client: httpx.Client, target: TargetSettings, pace: Pace) -> None:
    """Deliver what is due for a target, as one message where it is too much."""
    post = _Post(runtime, client, target)
    digests = target.kind in ("mail", "apprise")
    while pace.allows(runtime.now()):
        with runtime.database.write() as connection:
            much = digests and outbox.waiting(connection, target.name, runtime.now()) > target.digest_over
            messages = outbox.claim(connection, target.name, runtime.now(), BATCH if much else 1)
        if not messages:
            return  # and a look that found nothing is no delivery
        pace.used += 1
        for message in messages:
            if message.kind == TEST:
                _deliver(post, [message], {})
        news = [message for message in messages if message.kind != TEST]
        if news:
            _deliver(post, news, _tickets(runtime, news))


def _deliver(post: _Post, messages: Messages, found: Tickets) -> None:
    numbers = [message.id for message in messages]
    try:
        if post.target.kind == "mail":
            recipients, answers = list(post.target.to), list(_by_mail(post, messages, found))
        elif post.target.kind == "apprise" and post.target.url:
            known = chats.chats(post.target.url)
            recipients, answers = [each.name for each in known], _by_chat(post, known, messages, found)
        else:
            recipients, answers = [""], [Answer("", numbers)]
            for message in messages:
                _to_system(post, message, found)
    except OSError as error:
        recipients, answers = [""], [attempt.failed("", numbers, error)]
    attempt.note(post.runtime, messages, recipients, answers)


def _letter(post: _Post, messages: Messages, found: Tickets) -> Letter:
    """Return the letter that one message becomes, be it a test."""
    (message,) = messages
    url = post.runtime.settings.public_url
    if message.kind == TEST:
        return texts.test(post.target.name, message.test, post.words, url)
    return texts.one(found[message.ticket], message.kind, message.body, post.words, url)


def _letters(
    post: _Post, messages: Messages, found: Tickets, fits: Callable[[Letter], bool]
) -> list[tuple[Letter, Messages]]:
    """Return the letters that messages become, each with its messages."""
    if len(messages) == 1:
        return [(_letter(post, messages, found), messages)]
    items = [(found[message.ticket], message.kind) for message in messages]
    result, start = [], 0
    for letter, number in texts.digest(items, post.words, post.runtime.settings.public_url, fits):
        result.append((letter, messages[start : start + number]))
        start += number
    return result


def _owed(messages: Messages, found: Tickets, recipient: str) -> Messages:
    """Return what a recipient has not got; the message of a ticket that is gone is owed to nobody."""
    return [
        message
        for message in messages
        if attempt.owed(message, recipient) and (message.kind == TEST or message.ticket in found)
    ]


def _by_mail(post: _Post, messages: Messages, found: Tickets) -> Iterable[Answer]:
    """Send one message to all who are owed the same; yield what became of it for each of them."""
    smtp, everybody = post.runtime.settings.smtp, post.target.to
    if smtp is None:
        raise OSError("the settings have no [smtp]")
    groups: dict[tuple[int, ...], list[str]] = {}
    for each in everybody:
        groups.setdefault(tuple(message.id for message in _owed(messages, found, each)), []).append(each)
    for numbers, missing in groups.items():
        theirs = [message for message in messages if message.id in numbers]
        for letter, told in _letters(post, theirs, found, lambda _: True) if theirs else ():
            named = mail.numbered(post.runtime, letter, told)
            ids = [message.id for message in told]
            try:
                refused = mail.send(smtp, everybody, missing, named, post.runtime.now())
            except OSError as error:
                yield from (attempt.failed(each, ids, error) for each in missing)
            else:
                yield from (mail.answer(each, ids, refused.get(each)) for each in missing)


def _by_chat(post: _Post, known: Sequence[Chat], messages: Messages, found: Tickets) -> list[Answer]:
    """Send to each chat what it is owed, part by part; after a failure the rest of it waits."""
    answers: list[Answer] = []
    for chat in known:
        pending = _pending(post, chat, _owed(messages, found, chat.name), found)
        for place, (letter, told) in enumerate(pending):
            sent, failure = _to_chat(chat, letter, told)
            answers += sent
            if failure is not None and not failure.final:
                later = [message.id for _, others in pending[place + 1 :] for message in others]
                answers += [Answer(chat.name, later, failure.error, wait=failure.wait)] if later else []
                break
    return answers


def _pending(post: _Post, chat: Chat, owed: Messages, found: Tickets) -> list[tuple[Letter, Messages]]:
    """Return the messages for a chat; what it has got a part of goes on alone, not once more in a digest."""
    begun = [message for message in owed if attempt.left_of(message, chat.name)]
    fresh = [message for message in owed if not attempt.left_of(message, chat.name)]
    letters: list[tuple[Letter, Messages]] = [(_letter(post, [message], found), [message]) for message in begun]
    return letters + (_letters(post, fresh, found, partial(_fits, chat)) if fresh else [])


def _fits(chat: Chat, letter: Letter) -> bool:
    return len(chat.parts(letter)) == 1


def _to_chat(chat: Chat, letter: Letter, messages: Messages) -> tuple[list[Answer], Answer | None]:
    """Send a message part by part; return what became of it, and the answer of these that is a failure."""
    numbers = [message.id for message in messages]
    left = attempt.left_of(messages[0], chat.name)
    pending = left or chat.parts(letter)
    whole = len(pending) if not left else 0
    while pending:
        try:
            chat.send(letter, pending[0])
        except OSError as error:
            begun = len(pending) != whole
            # Of a digest that has begun, its first message keeps the parts that are left.
            failure = attempt.failed(chat.name, numbers[:1] if begun else numbers, error, pending if begun else ())
            others = [Answer(chat.name, numbers[1:])] if begun and numbers[1:] else []
            return [failure, *others], failure
        pending = pending[1:]
    return [Answer(chat.name, numbers, notice=chat.notice)], None


def _to_system(post: _Post, message: Message, found: Tickets) -> None:
    target, client = post.target, post.client
    if target.url is None or (message.kind != TEST and message.ticket not in found):
        return
    if target.kind == "tmf621":
        if message.kind == TEST:
            web.look(client, target.url, target.token)
        else:
            forward(post.runtime, client, target, message, found[message.ticket])
    elif target.kind == "grafana":
        text = _letter(post, [message], found).text
        if message.kind == TEST:
            note = web.Annotation(post.runtime.now(), ["ottwatch", TEST], text)
        else:
            note = web.annotation(found[message.ticket], message.kind, text)
        web.annotate(client, target.url, target.token, note)


def _tickets(runtime: Runtime, messages: Messages) -> Tickets:
    with runtime.database.read() as connection:
        return {ticket.id: ticket for ticket in queries.some(connection, [message.ticket for message in messages])}
