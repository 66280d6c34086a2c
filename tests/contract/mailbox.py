"""A real SMTP server in this process that remembers what it took."""

import email
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller

from demo.ports import free_port


class Mail(NamedTuple):
    """What was taken, and for whom."""

    to: list[str]
    letter: EmailMessage


class Box:
    """A mail server's memory; it refuses addresses that begin with "nobody"."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        letter = email.message_from_bytes(envelope.content, EmailMessage, policy=default)
        self.mails.append(Mail(envelope.rcpt_tos, letter))
        return "250 taken"


@contextmanager
def taking_mail(box: Box, host: str = "127.0.0.1", **options: Any) -> Iterator[int]:
    """Run the server and yield its port."""
    port = free_port()
    controller = Controller(box, hostname=host, port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
