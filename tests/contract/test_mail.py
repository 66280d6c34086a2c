"""Mail to a real SMTP server: encrypted, logged in, or refused with the server's name."""

import smtplib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import charset
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from demo.ports import free_port
from service import mail
from service.mail import MailError, Refusal, Smtp
from service.mail_message import Envelope, compose, domain_of
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


def refused(port: int, reason: str) -> pytest.RaisesExc[MailError]:
    return pytest.raises(MailError, match=rf"mail to (localhost|127\.0\.0\.1):{port}: .*{reason}")


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


SENDER = "ОТТ-мониторинг <ottwatch@example.kz>"
TO = ["noc@example.kz"]
AT = datetime(2026, 11, 28, 9, tzinfo=UTC)


def test_a_library_that_changes_what_utf_8_means_changes_no_mail() -> None:
    """Apprise does so when it is imported."""
    before = letter().as_bytes()
    try:
        charset.add_charset("utf-8", charset.QP, charset.QP, "utf-8")
        assert letter().as_bytes() == before
    finally:
        charset.add_charset("utf-8", charset.SHORTEST, charset.BASE64, "utf-8")


def letter(
    subject: str = "Билет 7", text: str = "edge-1 не отвечает\n", *, sender: str = SENDER, to: Sequence[str] = TO
) -> EmailMessage:
    return compose(Envelope(sender, to, subject, "ticket.7.1@example.kz", AT, ["ticket.7@example.kz"]), text)


def account(port: int, security: mail.Security = "none", password: Secret | None = None) -> Smtp:
    host = "localhost" if security != "none" else "127.0.0.1"
    return Smtp(host, SENDER, port, security, "desk" if password else "", password)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_goes_encrypted_and_with_a_login(
    authority: Authority, password: Secret, security: mail.Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with serving(authority, security) as (box, port):
        mail.send(account(port, security, password), letter(), TO)
    assert box.logins == [(b"desk", b"s3cret")]
    ((_, taken),) = box.mails
    assert taken["Subject"] == "Билет 7"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Message-ID"] == "<ticket.7.1@example.kz>"
    assert (taken["In-Reply-To"], taken["References"]) == ("<ticket.7@example.kz>", "<ticket.7@example.kz>")
    assert taken["Date"].datetime == AT
    assert taken["From"].addresses[0].display_name == "ОТТ-мониторинг"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_whose_certificate_nobody_vouches_for_gets_neither_password_nor_letter(
    authority: Authority, password: Secret, security: mail.Security
) -> None:
    with (
        serving(authority, security) as (box, port),
        refused(port, "CERTIFICATE_VERIFY_FAILED"),
    ):
        mail.send(account(port, security, password), letter(), TO)
    assert (box.logins, box.mails) == ([], [])


def test_a_wrong_password_is_an_error_that_does_not_show_it(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with (
        serving(authority, "starttls") as (box, port),
        refused(port, "535") as caught,
    ):
        mail.send(account(port, "starttls", secret(tmp_path, "n0t-it")), letter(), TO)
    assert "n0t-it" not in str(caught.value)
    assert "check username and password in [smtp]" in str(caught.value)
    assert caught.value.final, "a password that is wrong is not tried until the account is locked"
    assert box.mails == []


def test_a_password_that_mail_cannot_carry(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with (
        serving(authority, "starttls") as (_, port),
        refused(port, "not plain ASCII"),
    ):
        mail.send(account(port, "starttls", secret(tmp_path, "құпия")), letter(), TO)


def test_a_password_that_cannot_be_read_is_said_before_anybody_is_called(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone cannot be read"):
        mail.send(account(free_port(), "tls", Secret(file=tmp_path / "gone")), letter(), TO)


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_server_that_says_nothing_is_left_in_the_end(
    security: mail.Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with refused(port, "timed out"):
            mail.send(Smtp("127.0.0.1", SENDER, port, security), letter(), TO)


class Odd(Box):
    """A mail server that refuses as told: answers by recipient, by command, or by closing the connection."""

    def __init__(self, recipients: dict[str, str] | None = None, **commands: str) -> None:
        super().__init__()
        self.recipients, self.commands = recipients or {}, commands

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        return self.commands.get("mail", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if answer := self.recipients.get(address):
            return answer
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.commands.get("data", "250")[0] != "2":
            return self.commands["data"]
        taken = await super().handle_DATA(server, session, envelope)
        if "gone" in self.commands:
            server.transport.abort()
        return taken

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return self.commands.get("quit", "221 Bye")


def test_refused_recipients_are_named_with_the_answer_and_the_others_get_the_message() -> None:
    box = Odd({"old@example.kz": "550 5.1.1 no such user", "slow@example.kz": "450 4.2.0 greylisted, try again"})
    to = ["noc@example.kz", "old@example.kz", "Смена <slow@example.kz>"]
    with taking_mail(box) as port:
        refused = mail.send(account(port), letter(), to)
    assert refused == {
        "old@example.kz": Refusal(550, "5.1.1 no such user"),
        "Смена <slow@example.kz>": Refusal(450, "4.2.0 greylisted, try again"),
    }
    assert [each.final for each in refused.values()] == [True, False]
    assert [to for to, _ in box.mails] == [["noc@example.kz"]]


def test_a_server_that_hangs_up_among_the_recipients_leaves_the_rest_for_later() -> None:
    box = Odd({"second@example.kz": "421 4.3.2 shutting down"})
    with taking_mail(box) as port:
        refused = mail.send(account(port), letter(), ["noc@example.kz", "second@example.kz", "third@example.kz"])
    assert set(refused) == {"noc@example.kz", "second@example.kz", "third@example.kz"}
    assert not any(each.final for each in refused.values())
    assert box.mails == []


@pytest.mark.parametrize(
    ("box", "said", "final"),
    [
        pytest.param(Odd(data="552 5.3.4 Message too big"), "552 5.3.4 Message too big", True, id="too large"),
        pytest.param(Odd(data="451 4.3.0 queue full"), "451 4.3.0 queue full", False, id="queue full"),
        pytest.param(Odd(mail="550 5.7.1 sender not allowed"), "550 5.7.1 sender not allowed", True, id="sender"),
        pytest.param(Odd(mail="530 5.7.0 Authentication required"), "530 5.7.0", True, id="login wanted"),
    ],
)
def test_what_a_server_refuses_for_everybody(box: Odd, said: str, final: bool) -> None:
    with taking_mail(box) as port, refused(port, said) as caught:
        mail.send(account(port), letter(), TO)
    assert caught.value.final is final
    assert box.mails == []


def test_a_server_that_takes_a_message_and_is_gone_gets_it_again_under_the_same_number() -> None:
    box = Odd(gone="")
    with taking_mail(box) as port:
        with refused(port, "closed the connection") as caught:
            mail.send(account(port), letter(), TO)
        assert not caught.value.final
        box.commands.clear()
        mail.send(account(port), letter(), TO)
    assert [taken["Message-ID"] for _, taken in box.mails] == ["<ticket.7.1@example.kz>"] * 2


def test_a_goodbye_that_fails_does_not_send_a_message_again() -> None:
    box = Odd(quit="451 4.3.0 cannot say goodbye")
    with taking_mail(box) as port:
        assert mail.send(account(port), letter(), TO) == {}
    assert len(box.mails) == 1


def test_remedies_for_security_that_does_not_fit_the_server(
    authority: Authority, password: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with taking_mail(Box()) as port:
        with refused(port, "the server offers no STARTTLS on this port"):
            mail.send(Smtp("127.0.0.1", SENDER, port), letter(), TO)
        with refused(port, r'no TLS with this server \(.*\); security = "starttls" may be right'):
            mail.send(Smtp("127.0.0.1", SENDER, port, "tls"), letter(), TO)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.issue("mail", ["other.example"], datetime.now(UTC) + timedelta(minutes=30)))
    with (
        taking_mail(Box(), "localhost", tls_context=context) as port,
        refused(port, "Hostname mismatch.*host must be a name in the server's certificate"),
    ):
        mail.send(account(port, "starttls"), letter(), TO)
    context.load_cert_chain(authority.issue("right", ["localhost"], datetime.now(UTC) + timedelta(minutes=30)))
    with (
        taking_mail(Box(), "localhost", tls_context=context, auth_exclude_mechanism=["LOGIN", "PLAIN"]) as port,
        pytest.raises(MailError, match="no login by password"),
    ):
        mail.send(account(port, "starttls", password), letter(), TO)


def test_an_address_outside_of_ascii_needs_a_server_that_takes_it() -> None:
    to = ["Смена <смена@example.kz>", "shift@example.kz", "noc@пример.қаз"]
    message = letter(to=to)
    old, new = Box(), Box()
    with taking_mail(old, enable_SMTPUTF8=False) as port:
        refused = mail.send(account(port), message, to)
    assert list(refused) == ["Смена <смена@example.kz>"]
    assert refused["Смена <смена@example.kz>"].final
    ((told, taken),) = old.mails
    assert told == ["shift@example.kz", "noc@xn--e1afmkfd.xn--80ao21a"]
    assert taken["To"] == "shift@example.kz, noc@xn--e1afmkfd.xn--80ao21a", "an old server writes no such address"
    with taking_mail(new, enable_SMTPUTF8=True) as port:
        assert mail.send(account(port), message, to) == {}
        assert mail.send(account(port), message, ["shift@example.kz"]) == {}, "who sees the address needs SMTPUTF8, too"
    assert [each.to for each in new.mails] == [
        ["смена@example.kz", "shift@example.kz", "noc@xn--e1afmkfd.xn--80ao21a"],
        ["shift@example.kz"],
    ]
    shown = [each.username.encode("utf-8", "surrogateescape") for each in new.mails[0].letter["To"].addresses]
    assert [each.decode() for each in shown] == ["смена", "shift", "noc"]


def test_a_sender_outside_of_ascii_needs_a_server_that_takes_it() -> None:
    sender = "дежурный@example.kz"
    message = letter(sender=sender)
    old, new = Box(), Box()
    with taking_mail(old, enable_SMTPUTF8=False) as port, refused(port, "no sender outside of ASCII") as caught:
        mail.send(Smtp("127.0.0.1", sender, port, "none"), message, TO)
    assert caught.value.final
    with taking_mail(new, enable_SMTPUTF8=True) as port:
        assert mail.send(Smtp("127.0.0.1", sender, port, "none"), message, TO) == {}
    assert [each.letter["From"].encode("utf-8", "surrogateescape").decode() for each in new.mails] == [sender]


def answering(lines: Iterable[bytes]) -> Iterator[int]:
    """Answer each line of a client with the next of these, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as said:
                for answer in lines:
                    connection.sendall(answer)
                    said.readline()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_a_server_that_does_not_take_the_name_of_this_machine() -> None:
    """Exim's answer to a name with an underscore, such as those of Docker Compose."""
    wrong = b"501 Syntactically invalid HELO argument(s)\r\n"
    for port in answering([b"220 mx ESMTP Exim 4.96\r\n", wrong, wrong]):
        with refused(port, f'this machine calls itself "{socket.getfqdn()}"'):
            mail.send(account(port), letter(), TO)


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_port_for_tls_greets_nobody(security: mail.Security, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with refused(port, 'no greeting came .*; security = "tls" may be right'):
            mail.send(Smtp("127.0.0.1", SENDER, port, security), letter(), TO)


def test_a_server_whose_tls_is_too_old(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(authority.issue("mail", ["localhost"], datetime.now(UTC) + timedelta(minutes=30)))
    with taking_mail(Box(), "localhost", tls_context=context) as port, refused(port, "older or weaker") as caught:
        mail.send(account(port, "starttls"), letter(), TO)
    assert 'security = "tls" may be right' not in str(caught.value)


def test_plain_login_goes_before_one_that_a_machine_under_fips_cannot_do(
    authority: Authority, password: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_md5(*_: object) -> None:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr("hmac.HMAC", no_md5)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with serving(authority, "starttls") as (box, port):
        monkeypatch.setattr(smtplib.SMTP, "ehlo", _offering(smtplib.SMTP.ehlo, "CRAM-MD5 PLAIN LOGIN"))
        mail.send(account(port, "starttls", password), letter(), TO)
        assert box.logins == [(b"desk", b"s3cret")]
        monkeypatch.setattr(smtplib.SMTP, "ehlo", _offering(smtplib.SMTP.ehlo, "XOAUTH2 NTLM"))
        with refused(port, r"no login by password \(AUTH XOAUTH2 NTLM\)"):
            mail.send(account(port, "starttls", password), letter(), TO)


def _offering(ehlo: Callable[..., tuple[int, bytes]], mechanisms: str) -> Callable[..., tuple[int, bytes]]:
    def said(client: smtplib.SMTP, name: str = "") -> tuple[int, bytes]:
        answer = ehlo(client, name)
        client.esmtp_features["auth"] = mechanisms
        return answer

    return said


LONG = "Достопримечательность: многоканальная телерадиовещательная головная станция"


@pytest.mark.parametrize(
    "subject",
    [
        "[P1] № 7 Новый билет: edge-1 (almaty) не отвечает",
        " ".join([LONG] * 4),
        f"{'a' * 70} {LONG} {'b' * 70} 17",
        "a" * 200,
        'Қазақстан 😀 < > & "кавычки" ' * 6 + "конец",
        "\\ =?broken?= ?= _",
    ],
)
def test_subjects_and_texts_arrive_as_they_were_in_seven_bits_and_short_lines(subject: str) -> None:
    text = "слово " * 400 + "\n.\n" + "x" * 2000 + "\nFrom here\n"
    raw = letter(subject, text).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    box = Box()
    with taking_mail(box) as port:
        mail.send(account(port), letter(subject, text), TO)
    ((_, taken),) = box.mails
    assert taken["Subject"] == subject
    assert taken.get_content().replace("\r\n", "\n") == text
    assert str(make_header(decode_header(taken.as_string().partition("From: ")[2].partition("To:")[0]))).startswith(
        "ОТТ-мониторинг"
    )


@pytest.mark.parametrize("hidden", ["=?utf-8?q?a=0D=0ABcc:_x@y.z?=", "a\r\nBcc: x@y.z"])
def test_no_subject_forges_a_header(hidden: str) -> None:
    box = Box()
    with taking_mail(box) as port:
        mail.send(account(port), letter(hidden), TO)
    ((_, taken),) = box.mails
    assert taken["Bcc"] is None
    assert taken["Subject"] == "a Bcc: x@y.z"


def test_the_domain_of_a_number_is_the_senders_own() -> None:
    assert domain_of("ОТТ <desk@пример.қаз>") == "xn--e1afmkfd.xn--80ao21a"


@pytest.mark.parametrize(
    "text", ["noc", "a@b.kz, c@d.kz", "a@b.kz\nBcc: c@d.kz", "@b.kz", "a@", "", f"a@{'b' * 70}.kz"]
)
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"to: .*mail address"):
        mail.check_mailbox("to", text)
