"""A message as it came from the mailbox, read without trusting a byte of it.

Nothing in it is carried out or shown as markup, attachments are named and left in the mailbox, and a message that
cannot be read is kept as far as it can be.
"""

import email
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import getaddresses
from html.parser import HTMLParser

from flufl.bounce import all_failures

from alerts.desk.appeals.mail.charsets import decoded, with_readable_head
from alerts.desk.appeals.mail.quoted import cut

LONGEST_TEXT = 100_000
MOST_PARTS = 500
MOST_BOUNDARIES = 60
MOST_ATTACHMENTS = 20
OWN_ID = re.compile(r"appeal\.\d{1,12}\.[0-9a-f]{32}@[A-Za-z0-9.-]{1,200}")
_NUMBER = re.compile(
    r"(?<![\w-])[AАaа]-(\d{4})-(\d{6,9})(?![\w-])"
)  # the Latin letter, or the Cyrillic one typed by hand
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_DAEMONS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon")
_DELIVERED = frozenset({"delivered", "relayed", "expanded"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a message says. `kind`: reply, automatic, notice, receipt, delay, bounce, unclear.

    - automatic: a program's answer to our message, such as "we have received your request";
    - notice: sent by a program on its own account, perhaps with a person's words in it;
    - unclear: a mail server's message of which nobody can tell whether it is final.
    """

    kind: str
    digest: str
    sender: str  # the address alone, in lower case; empty: none, or more than one
    shown_sender: str
    subject: str
    text: str
    reply: str  # the text without what it quotes
    own_ids: tuple[str, ...]  # our messages that it answers or reports about, the nearest first
    subject_numbers: tuple[tuple[int, int], ...]  # year and number
    text_numbers: tuple[tuple[int, int], ...]
    attachments: tuple[str, ...] = ()


def read(raw: bytes) -> Incoming:
    """Return what a message says; it never raises."""
    if raw.lower().count(b"boundary") > MOST_BOUNDARIES:
        return _unread(raw)  # the parser would take hours over so many nested parts
    try:
        return _read(raw)
    except Exception:  # noqa: BLE001 - the standard library's parser raises errors of many kinds for forged messages
        return _unread(raw)


def _unread(raw: bytes) -> Incoming:
    text = _clean(raw[:LONGEST_TEXT].decode("utf-8", "replace"))
    return Incoming("unclear", _digest(raw), "", "", "", text, text, (), (), ())


def _read(raw: bytes) -> Incoming:
    message = email.message_from_bytes(with_readable_head(raw), EmailMessage, policy=default)
    text, attachments = _content(message)
    sender, shown = _sender(message)
    subject = _clean(" ".join(_header(message, "subject").split()))[:500]
    kind, reported = _kind(message, sender)
    direct = [*reported, *_ids(_header(message, "in-reply-to")), *reversed(_ids(_header(message, "references")))]
    if kind in ("bounce", "delay", "unclear") and not direct:
        # Servers that follow no standard quote the message, or its head, as text.
        direct = _ids(raw[:LONGEST_TEXT].decode("latin-1"))
    return Incoming(
        kind,
        _digest(raw, message),
        sender,
        shown,
        subject,
        text,
        cut(text),
        tuple(dict.fromkeys(direct)),
        _numbers(subject),
        _numbers(text),
        attachments,
    )


def _digest(raw: bytes, message: Message | None = None) -> str:
    """Return what a message and its copies have in common: the message id and the body."""
    number = str(message.get("message-id", "")).strip() if message is not None else ""
    _, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    hashed = hashlib.sha256(number.encode("utf-8", "replace") + b"\0" + body if number else raw)
    return hashed.hexdigest()


def _header(message: Message, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except Exception:  # noqa: BLE001 - see `read`
        found = (value for key, value in message.raw_items() if key.lower() == name)
        return str(next(found, ""))


def _sender(message: Message) -> tuple[str, str]:
    shown = _clean(" ".join(_header(message, "from").split()))[:320]
    addresses = {address.lower() for _, address in getaddresses([shown]) if "@" in address}
    return (addresses.pop() if len(addresses) == 1 else ""), shown


def _ids(text: str) -> list[str]:
    return list(dict.fromkeys(OWN_ID.findall(text)))


def _numbers(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(dict.fromkeys((int(year), int(number)) for year, number in _NUMBER.findall(text)))


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text.replace("\r\n", "\n"))


# Which kind of message it is


def _kind(message: EmailMessage, sender: str) -> tuple[str, list[str]]:
    """Return the kind, and the ids of our messages that a report names."""
    reports = message.get_content_type() == "multipart/report"
    empty_path = _header(message, "return-path").strip() == "<>"
    if reports or empty_path or sender.partition("@")[0] in _DAEMONS:
        found = _report(message)
        if found or not empty_path:
            return found or "unclear", _reported(message)
    submitted = re.split(r"[;(\s]", _header(message, "auto-submitted").strip())[0].lower()
    precedence = _header(message, "precedence").strip().lower()
    answers = any(message[name] is not None for name in ("x-autoreply", "x-autorespond", "x-auto-reply"))
    if submitted == "auto-replied" or empty_path or precedence == "auto_reply" or answers:
        return "automatic", []
    if submitted not in ("", "no") or precedence in ("bulk", "junk", "list") or message["x-auto-response-suppress"]:
        return "notice", []
    return "reply", []


def _report(message: EmailMessage) -> str:
    """Return what a mail server reports; empty where it is nothing known."""
    temporary, permanent = all_failures(message)
    if permanent:
        return "bounce"  # of several recipients, one that failed is what somebody has to know
    if temporary:
        return "delay"
    return "receipt" if any(_is_receipt(part) for part in _parts(message)) else ""


def _is_receipt(part: EmailMessage) -> bool:
    if part.get_content_type() == "message/disposition-notification":
        return True
    blocks = part.get_payload() if part.get_content_type() == "message/delivery-status" else []
    actions = [_header(block, "action").split() for block in blocks if isinstance(block, Message)]
    return any(action and action[0].lower() in _DELIVERED for action in actions)


def _reported(message: EmailMessage) -> list[str]:
    ids: list[str] = []
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/disposition-notification":
            ids += _ids(_whole(part))
        elif kind in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"):
            ids += _original_id(part)
    return ids


def _original_id(part: Message) -> list[str]:
    head = re.search(r"^message-id:\s*(<[^>]*>)", _whole(part), re.IGNORECASE | re.MULTILINE)
    return _ids(head[1]) if head else []


def _whole(part: Message) -> str:
    """Return a part with the messages in it, as text."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n".join(f"{each.as_string()}" for each in payload if isinstance(each, Message))
    decoded = part.get_payload(decode=True)
    return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)


# What it says


def _parts(message: Message) -> Iterator[EmailMessage]:
    for place, part in enumerate(message.walk()):
        if place == MOST_PARTS:
            return
        if isinstance(part, EmailMessage):
            yield part


def _content(message: EmailMessage) -> tuple[str, tuple[str, ...]]:
    plain: list[str] = []
    marked: list[str] = []
    attachments: list[str] = []
    for part in _parts(message):
        kind, name = part.get_content_type(), part.get_filename()
        if part.is_multipart():
            continue
        # Some programs give the words themselves a name; what has one behind them is a file.
        file = part.get_content_disposition() == "attachment" or bool(name and (plain or marked))
        if file or part.get_content_maintype() != "text":
            attachments.append(_attachment(part, name or kind))
        elif kind == "text/html":
            marked.append(_text_of(_decoded(part)))
        elif kind == "text/plain":
            plain.append(_decoded(part))
    text = "\n".join(plain) if any(each.strip() for each in plain) else "\n".join(marked)
    return _clean(text)[:LONGEST_TEXT], tuple(attachments[:MOST_ATTACHMENTS])


def _attachment(part: EmailMessage, name: str) -> str:
    payload = part.get_payload(decode=True)
    size = len(payload) if isinstance(payload, bytes) else 0
    return f"{_clean(' '.join(name.split()))[:100]} ({size})"


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    return decoded(content, part.get_content_charset() or "")


class _Words(HTMLParser):
    """Collects the words of a page, line by line; quotations of earlier messages are left out."""

    BREAKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "pre", "table"})
    SILENT = frozenset({"script", "style", "head", "title", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, _attributes: Sequence[tuple[str, str | None]]) -> None:
        """Begin a line, or what is not shown."""
        if tag in self.SILENT:
            self._silent.append(tag)
        elif tag == "blockquote":
            self.words.append("\n> ")
        elif tag in self.BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End what is not shown."""
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        """Take words."""
        if not self._silent:
            self.words.append(" ".join(data.split("\n")))


def _text_of(page: str) -> str:
    parser = _Words()
    parser.feed(page[: 4 * LONGEST_TEXT])
    parser.close()
    lines = [" ".join(line.split()) for line in "".join(parser.words).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
