"""The monthly report handed to a real SMTP server."""

import socket
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from dashboards.busy_hour.app.mail import send
from dashboards.busy_hour.app.settings import Mail
from tests.contract.mailbox import Box, taking_mail


@pytest.fixture
def server() -> Iterator[tuple[Box, int]]:
    box = Box()
    with taking_mail(box) as port:
        yield box, port


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
    ((to, taken),) = box.mails
    assert to == ["planner@example.kz"]
    assert taken["Subject"] == "ЧНН и ёмкость, сентябрь 2026"
    [page] = taken.iter_attachments()
    assert page.get_filename() == "busy-hour-2026-09.html"


def test_a_refusal_is_an_error_that_names_the_server(server: tuple[Box, int]) -> None:
    box, port = server
    with pytest.raises(OSError, match=f"mail to 127.0.0.1:{port}: .*no such person"):
        send(report("nobody@example.kz"), settings(port, "nobody@example.kz"))
    assert box.mails == []


def test_a_server_without_encryption_gets_nothing_where_it_is_wanted(server: tuple[Box, int]) -> None:
    box, port = server
    with pytest.raises(OSError, match=f"mail to 127.0.0.1:{port}: STARTTLS"):
        send(report("planner@example.kz"), Mail("127.0.0.1", "ottwatch@example.kz", ["planner@example.kz"], port))
    assert box.mails == []


def test_a_server_that_is_not_there(server: tuple[Box, int]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"mail to 127.0.0.1:{port}: .*refused"):
            send(report("planner@example.kz"), settings(port, "planner@example.kz"))
