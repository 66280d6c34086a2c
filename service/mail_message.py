"""Mail messages as servers, mail programs and helpdesks read them.

The folding of `email.policy` loses and adds blanks where long Russian words meet encoded words (seen with CPython
3.11), so that subjects and names are folded here.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from email.charset import BASE64, Charset
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formataddr, parseaddr
from typing import Any

LINE = 76
LONGEST_WORD = 75  # RFC 2047, 2; some readers put a blank between two of a name
LINE_END = "\r\n"
ADDRESSES = frozenset({"from", "to"})

# Not the name "utf-8": what that means is a setting of the whole process, and libraries that send mail change it.
_UTF_8 = Charset("utf-8")
_UTF_8.header_encoding = BASE64


@dataclass(frozen=True, slots=True)
class Envelope:
    """The head of a message. `number` and `thread` are message ids without their angle brackets."""

    sender: str
    to: Sequence[str]
    subject: str
    number: str  # the same at every attempt, so that a server which took the message already recognises it
    at: datetime
    thread: Sequence[str] = ()  # the earlier messages of the conversation, the first one first


class _Wire(EmailPolicy):
    """Seven bits and short lines: any server takes them, with or without 8BITMIME.

    Except for an address whose name before the @ is not ASCII, which only a server with SMTPUTF8 takes.
    """

    def fold(self, name: str, value: Any) -> str:
        """Return a header in lines."""
        return _folded(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header in lines, as bytes."""
        folded = _folded(name, value)
        return folded.encode() if folded else super().fold_binary(name, value)


WIRE = _Wire(linesep=LINE_END, cte_type="7bit", max_line_length=LINE)


def compose(head: Envelope, text: str) -> EmailMessage:
    """Return the message."""
    message = EmailMessage(policy=WIRE)
    message["From"] = head.sender
    message["To"] = ", ".join(head.to)
    message["Subject"] = " ".join(head.subject.split())  # a line break would forge headers
    message["Date"] = head.at
    message["Message-ID"] = f"<{head.number}>"
    if head.thread:
        message["In-Reply-To"] = f"<{head.thread[-1]}>"
        message["References"] = " ".join(f"<{each}>" for each in head.thread)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    message["X-Auto-Response-Suppress"] = "All"  # the same for Exchange, which does not read that header
    message.set_content(text)
    return message


def in_ascii(message: EmailMessage) -> EmailMessage:
    """Return a message for a server without SMTPUTF8: those whose address it cannot write are not shown."""
    shown = [each for each in message["To"].addresses if each.username.isascii()]
    if len(shown) == len(message["To"].addresses):
        return message
    result = deepcopy(message)
    del result["To"]
    result["To"] = ", ".join(map(str, shown))
    return result


def domain_of(sender: str) -> str:
    """Return the domain of an address in ASCII."""
    return parseaddr(sender)[1].rpartition("@")[2].encode("idna").decode("ascii")


def _folded(name: str, value: Any) -> str:
    """Return a subject or an address header in lines; empty for another header."""
    kind = name.lower()
    if kind == "subject":
        return f"{name}: {_words(str(value), name)}{LINE_END}"
    if kind in ADDRESSES:
        listed = [_address(each.display_name, each.addr_spec, name) for each in value.addresses]
        return f"{name}: {f',{LINE_END} '.join(listed)}{LINE_END}"
    return ""


def _words(text: str, header: str) -> str:
    text = " ".join(text.split())  # an encoded word of somebody else's may have hidden a line break
    if text.isascii() and len(header) + 2 + len(text) <= LINE and "=?" not in text:
        return text
    return Header(text, _UTF_8, LINE, header).encode(linesep=LINE_END)


def _address(name: str, address: str, header: str) -> str:
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        address = f"{local}@{domain.encode('idna').decode('ascii')}"
    name = " ".join(name.split())
    if name.isascii():
        return (
            formataddr((name, address)) if address.isascii() else str(Address(name, local, address[len(local) + 1 :]))
        )
    word = Header(name, _UTF_8).encode(maxlinelen=0)
    if len(word) > LONGEST_WORD:
        word = Header(name, _UTF_8, LINE, header).encode(linesep=LINE_END)
    return f"{word} <{address}>"
