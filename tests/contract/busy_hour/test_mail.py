"""The monthly report handed to a real SMTP server."""

import email
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from dashboards.busy_hour.mail import send
from dashboards.busy_hour.settings import Mail
from demo.ports import free_port


class Box:
    """A mail server's memory; it takes mail for one planner only."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address != "planner@example.kz":
            return "550 no such planner"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append(email.message_from_bytes(envelope.content, EmailMessage, policy=default))
        return "250 taken"


@pytest.fixture
def server() -> Iterator[tuple[Box, int]]:
    port = free_port()
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


def report(to: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "ЧНН и ёмкость, сентябрь 2026", "ottwatch@example.kz", to
    message.set_content("platform · сессии")
    message.add_attachment(b"<!doctype html>", maintype="text", subtype="html", filename="busy-hour-2026-09.html")
    return message


def settings(port: int, to: str) -> Mail:
    return Mail("127.0.0.1", "ottwatch@example.kz", [to], port, security="none")


def test_a_server_takes_the_report_with_its_page(server: tuple[Box, int]) -> None:
    box, port = server
    send(report("planner@example.kz"), settings(port, "planner@example.kz"))
    [taken] = box.taken
    assert taken["Subject"] == "ЧНН и ёмкость, сентябрь 2026"
    [page] = taken.iter_attachments()
    assert page.get_filename() == "busy-hour-2026-09.html"


def test_a_refusal_is_an_error_that_names_the_server(server: tuple[Box, int]) -> None:
    box, port = server
    with pytest.raises(OSError, match=f"mail to 127.0.0.1:{port}: .*no such planner"):
        send(report("nobody@example.kz"), settings(port, "nobody@example.kz"))
    assert box.taken == []


def test_a_server_without_encryption_gets_nothing_where_it_is_wanted(server: tuple[Box, int]) -> None:
    box, port = server
    with pytest.raises(OSError, match=f"mail to 127.0.0.1:{port}: STARTTLS"):
        send(report("planner@example.kz"), Mail("127.0.0.1", "ottwatch@example.kz", ["planner@example.kz"], port))
    assert box.taken == []


def test_a_server_that_is_not_there(server: tuple[Box, int]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"mail to 127.0.0.1:{port}: .*refused"):
            send(report("planner@example.kz"), settings(port, "planner@example.kz"))
