"""Mail to a real SMTP server: encrypted, logged in, or refused with the server's name."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from demo.ports import free_port
from service import mail
from service.mail import Server
from service.settings import Secret
from tests.contract.mailbox import Box, taking_mail
from tests.contract.streams.certificates import Authority


class Guarded(Box):
    """A mail server that wants to know who comes."""

    def __init__(self) -> None:
        super().__init__()
        self.logins: list[tuple[bytes, bytes]] = []

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"s3cret", handled=False)


def refused(port: int, reason: str) -> pytest.RaisesExc[OSError]:
    return pytest.raises(OSError, match=rf"mail to (localhost|127\.0\.0\.1):{port}: .*{reason}")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    now = datetime.now(UTC)
    return Authority(tmp_path, now - timedelta(hours=1), now + timedelta(hours=1))


@pytest.fixture
def password(tmp_path: Path) -> Secret:
    return secret(tmp_path, "s3cret")


def secret(folder: Path, text: str) -> Secret:
    file = folder / "password"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    return Secret(file=file)


@contextmanager
def serving(authority: Authority, security: mail.Security) -> Iterator[tuple[Guarded, int]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.issue("mail", ["localhost"], datetime.now(UTC) + timedelta(minutes=30)))
    box = Guarded()
    encrypted: dict[str, Any] = {"ssl_context": context} if security == "tls" else {"tls_context": context}
    # The library's own conditions know of STARTTLS only.
    wanted = dict.fromkeys(("auth_required", "auth_require_tls"), security == "starttls")
    with taking_mail(box, "localhost", authenticator=box.authenticate, **wanted, **encrypted) as port:
        yield box, port


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ottwatch@example.kz", "noc@example.kz", "Заявка 7"
    message.set_content("edge-1 не отвечает")
    return message


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_goes_encrypted_and_with_a_login(
    authority: Authority, password: Secret, security: mail.Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with serving(authority, security) as (box, port):
        mail.send(Server("localhost", port, security, "desk", password), letter())
    assert box.logins == [(b"desk", b"s3cret")]
    ((_, taken),) = box.mails
    assert taken["Subject"] == "Заявка 7"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Message-ID"].endswith("@example.kz>")
    assert abs((taken["Date"].datetime.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()) < 300


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_whose_certificate_nobody_vouches_for_gets_neither_password_nor_letter(
    authority: Authority, password: Secret, security: mail.Security
) -> None:
    with (
        serving(authority, security) as (box, port),
        refused(port, "CERTIFICATE_VERIFY_FAILED"),
    ):
        mail.send(Server("localhost", port, security, "desk", password), letter())
    assert (box.logins, box.mails) == ([], [])


def test_a_wrong_password_is_an_error_that_does_not_show_it(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with (
        serving(authority, "starttls") as (box, port),
        refused(port, "535") as caught,
    ):
        mail.send(Server("localhost", port, "starttls", "desk", secret(tmp_path, "n0t-it")), letter())
    assert "n0t-it" not in str(caught.value)
    assert box.mails == []


def test_a_password_that_mail_cannot_carry(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with (
        serving(authority, "starttls") as (_, port),
        refused(port, "not plain ASCII"),
    ):
        mail.send(Server("localhost", port, "starttls", "desk", secret(tmp_path, "құпия")), letter())


def test_a_password_that_cannot_be_read_is_said_before_anybody_is_called(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone cannot be read"):
        mail.send(Server("localhost", free_port(), "tls", "desk", Secret(file=tmp_path / "gone")), letter())


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_server_that_says_nothing_is_left_in_the_end(
    security: mail.Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with refused(port, "timed out"):
            mail.send(Server("127.0.0.1", port, security), letter())
