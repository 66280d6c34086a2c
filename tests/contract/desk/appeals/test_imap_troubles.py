"""A mailbox that cannot be read is named with the reason and the remedy, whatever else the server does."""

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from alerts.desk.appeals.mail import imap
from alerts.desk.core.appeal_settings import Imap
from demo.ports import free_port
from service.mail import Security
from service.settings import Secret

Answers = Mapping[str, bytes | None]
CAPABILITY = b"* CAPABILITY IMAP4rev1 MOVE\r\n%t OK done\r\n"
EMPTY: Answers = {
    "CAPABILITY": CAPABILITY,
    "LIST": b'* LIST () "/" "ottwatch"\r\n%t OK done\r\n',
    "UID": b"* SEARCH\r\n%t OK done\r\n",
    "LOGOUT": b"* BYE\r\n%t OK done\r\n",
}


@contextmanager
def answering(answers: Answers, greeting: bytes = b"* OK ready\r\n") -> Iterator[int]:
    """Answer each command with its lines, others with OK; None hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with suppress(OSError), connection, connection.makefile("rb") as said:
                connection.sendall(greeting)
                for line in said:
                    tag, command, *_ = *line.split(), b"", b""
                    answer = answers.get(command.decode("ascii", "replace").upper(), b"%t OK done\r\n")
                    if answer is None:
                        return
                    connection.sendall(answer.replace(b"%t", tag))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def mailbox(
    folder: Path, port: int, security: Security = "none", password: str = "s3cret", host: str = "127.0.0.1"
) -> Imap:
    file = folder / "password"
    file.write_text(password, "utf-8")
    file.chmod(0o600)
    return Imap(host, "appeals", Secret(file=file), port, security)


def failing(settings: Imap, reason: str) -> None:
    place = re.escape(f"mailbox INBOX at {settings.host}:{settings.port}: ")
    with pytest.raises(OSError, match=f"^{place}{reason}"):
        imap.fetch(settings, print)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    failing(mailbox(tmp_path, free_port()), "Connection refused$")
    failing(mailbox(tmp_path, 143, host="nowhere.invalid"), "the host's name is not known")


def test_security_that_does_not_fit_the_port_has_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(EMPTY) as port:
        failing(mailbox(tmp_path, port, "tls"), 'TLS failed: .*; security = "starttls" may be right')
    monkeypatch.setattr(imap, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failing(mailbox(tmp_path, silent.getsockname()[1]), 'no answer within .*; security = "tls" may be right')


@pytest.mark.parametrize("goodbye", [None, b"%t NO not now\r\n", EMPTY["LOGOUT"]], ids=["gone", "no", "bye"])
def test_how_a_server_says_goodbye_hides_no_reason_and_undoes_nothing(tmp_path: Path, goodbye: bytes | None) -> None:
    wrong = {**EMPTY, "LOGIN": b"%t NO [AUTHENTICATIONFAILED] Invalid credentials\r\n", "LOGOUT": goodbye}
    with answering(wrong) as port:
        failing(mailbox(tmp_path, port), r".*AUTHENTICATIONFAILED\] Invalid credentials")
    with answering({**EMPTY, "LOGOUT": goodbye}) as port:
        assert imap.fetch(mailbox(tmp_path, port), print) == imap.Fetched(0, 0)


def test_a_password_that_the_library_cannot_send_is_said(tmp_path: Path) -> None:
    with answering(EMPTY) as port:
        failing(mailbox(tmp_path, port, password="құпия"), "the username or password is not plain ASCII")
