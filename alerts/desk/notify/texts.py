"""The words of messages: one ticket, several in a digest, and the evidence that a vendor gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.desk.core.words import Words
from alerts.desk.notify.message import TestBody
from alerts.desk.tickets import impact_words
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.events import Event
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.timeline import sentence

MAX_LINES = 50
MAX_ALARMS = 30


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words. A mail also has a number of its own, and those of the earlier mails about the same ticket."""

    subject: str
    text: str
    number: str = ""
    thread: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """One series around the opening, for the evidence."""

    query: str
    labels: Mapping[str, str]
    values: Sequence[tuple[datetime, str]]
    rejected: str = ""  # why there are none: the reason that Prometheus gives


def one(ticket: Ticket, kind: str, body: Mapping[str, object], words: Words, public_url: str) -> Letter:
    """Return the message about one ticket."""
    lines = [
        headline(ticket, words),
        words(f"message.{kind}", **_facts(body, words)),
        words.text(ticket.descriptions),
        words("message.opened_at", time=words.time(ticket.opened_at)),
        *impact_words.sentences(ticket.impact, words),
    ]
    if ticket.restore_by:
        lines.append(words("message.restore_by", time=words.time(ticket.restore_by)))
    if public_url:
        lines.append(f"{public_url}/ticket/{ticket.id}")
    return Letter(subject(ticket, kind, words), "\n".join(lines) + "\n")


def to_vendor(ticket: Ticket, kind: str, body: Mapping[str, object], words: Words) -> Letter:
    """Return what a vendor is told of a ticket that it has, or had until now."""
    key = f"vendor_message.{kind}"
    lines = [
        headline(ticket, words),
        words(key, **_facts(body, words)),
        words("message.opened_at", time=words.time(ticket.opened_at)),
        *impact_words.sentences(ticket.impact, words),
    ]
    if ticket.resolved_at:
        lines.append(words("message.resolved_at", time=words.time(ticket.resolved_at)))
    return Letter(subject(ticket, kind, words), "\n".join(lines) + "\n")


def subject(ticket: Ticket, kind: str, words: Words) -> str:
    """Return the subject: helpdesks find the ticket by its number."""
    return f"[{ticket.priority}] № {ticket.id} {words(f'topic.{kind}')}: {title(ticket, words)}"


def _facts(body: Mapping[str, object], words: Words) -> dict[str, str]:
    found = {name: str(body.get(name, "")) for name in ("percent", "priority")}
    return found | {
        "clock": words.of("clockname", str(body.get("clock", ""))),
        "reason": words.of("reason", str(body.get("reason", ""))),
    }


def title(ticket: Ticket, words: Words) -> str:
    """Return a ticket's title on one line: a line break in a subject would forge headers."""
    return " ".join(words.text(ticket.names).split())[:150]


def headline(ticket: Ticket, words: Words) -> str:
    """Return number, priority, severity and title."""
    severity = words.of("severity", ticket.severity)
    return f"№ {ticket.id} {ticket.priority} ({severity}): {title(ticket, words)}"


def digest(
    items: Sequence[tuple[Ticket, str]], words: Words, public_url: str, fits: Callable[[Letter], bool]
) -> list[tuple[Letter, int]]:
    """Return many messages as few: each with how many of them it tells, and as long as the service takes.

    A line stays whole. A message of one line may not fit; whoever sends it splits it further.
    """
    name = words("message.digest", number=len(items))
    lines = [f"{words(f'topic.{kind}')}: {headline(ticket, words)}" for ticket, kind in items[:MAX_LINES]]
    tail = [words("message.more", number=len(items) - MAX_LINES)] if len(items) > MAX_LINES else []
    tail += [public_url] if public_url else []
    chunks: list[list[str]] = [[]]
    for line in lines:
        if chunks[-1] and not fits(_digest(name, [*chunks[-1], line, *tail])):
            chunks.append([])
        chunks[-1].append(line)
    letters = [(_digest(name, chunk), len(chunk)) for chunk in chunks[:-1]]
    rest = len(items) - sum(number for _, number in letters)
    return [*letters, (_digest(name, [*chunks[-1], *tail]), rest)]


def _digest(name: str, lines: Sequence[str]) -> Letter:
    return Letter(name, "\n".join(lines) + "\n")


def test(target: str, body: TestBody, words: Words, public_url: str) -> Letter:
    """Return the message that shows whether a target hears."""
    lines = [words("testmessage.text", target=target, by=body.by, time=words.time(body.at)), public_url]
    return Letter(words("testmessage.subject", target=target), "\n".join(lines).strip() + "\n")


def evidence(
    ticket: Ticket,
    events: Sequence[Event],
    alarms: Sequence[AlarmRecord],
    measured: Sequence[Measured] | None,
    words: Words,
) -> str:
    """Return the facts for a vendor: alarms, metrics around the opening, timeline.

    `measured` is None when Prometheus did not answer: the letter says so and does not wait.
    """
    parts = [words("evidence.facts")]
    parts += [f"  {name}: {value}" for name, value in sorted(ticket.labels.items())]
    parts += ["", words("evidence.alarms")]
    for alarm in alarms[:MAX_ALARMS]:
        end = words.time(alarm.ends_at) if alarm.ends_at else words("ticket.fires")
        parts.append(f"  {words.time(alarm.starts_at)} – {end}")
        parts.append("    " + ", ".join(f"{name}={value}" for name, value in sorted(alarm.labels.items())))
    parts += ["", words("evidence.metrics")]
    if measured is None:
        parts.append("  " + words("evidence.no_metrics"))
    for series in measured or ():
        parts.append(f"  {series.query}  {dict(series.labels)}")
        parts += [f"    {words.time(at)}  {value}" for at, value in series.values]
        if series.rejected:
            parts.append("    " + words("evidence.rejected", reason=series.rejected))
    parts += ["", words("evidence.timeline")]
    parts += [f"  {words.time(each.at)}  {words.actor(each.actor)}: {sentence(each, words)}" for each in events]
    return "\n".join(parts) + "\n"
