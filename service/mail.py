"""Mail over SMTP, encrypted unless the settings say that the server is on this machine.

A server may take a message for some of its recipients and refuse the others. What it says finally (5xx) stays so at
the next attempt; everything else is worth another one.
"""

import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from typing import Literal

from service.mail_message import in_ascii
from service.settings import Secret

TIMEOUT = 30.0
FINAL = 500
LONGEST_ANSWER = 300

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Smtp:
    """The table [smtp]: the server that takes our mail, and the account there; without a password nobody logs in."""

    host: str
    sender: str
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    password: Secret | None = None

    def __post_init__(self) -> None:
        check_mailbox("sender", self.sender)
        if not 0 < self.port < 65536:
            raise ValueError(f"port {self.port} is not between 1 and 65535")
        if self.security == "none" and self.password is not None:
            raise ValueError('security = "none" would send the password in the clear; write "starttls" or "tls"')
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password go together; give both or neither")


def check_mailbox(key: str, text: str) -> None:
    """Raise ValueError unless the text is one mail address, with or without a name before it."""
    found = getaddresses([text]) if text.isprintable() else []  # a line break in one would forge headers
    if len(found) > 1:
        raise ValueError(f"{key}: {text!r} is more than one mail address; write a list with one in each")
    local, at, domain = (found[0][1] if found else "").rpartition("@")
    if not (local and at and domain) or " " in local + domain:
        raise ValueError(f"{key}: {text!r} is not a mail address")
    try:
        domain.encode("idna")
    except UnicodeError:
        raise ValueError(f"{key}: {text!r} is not a mail address: no domain is called {domain!r}") from None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server answered about one recipient."""

    code: int
    text: str

    @property
    def final(self) -> bool:
        """Return whether another attempt is pointless."""
        return self.code >= FINAL

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class MailError(OSError):
    """A server did not take a message for anybody."""

    def __init__(self, sentence: str, *, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


def send(smtp: Smtp, message: EmailMessage, to: Sequence[str], *, receipts: bool = False) -> dict[str, Refusal]:
    """Hand a message to the server for these recipients, and return what it answered about those that it refused.

    With `receipts`, a server that can do so is asked to report the delivery as well as its failure (RFC 3461).

    Raises:
        MailError: the server took it for nobody; `final` says whether another attempt is pointless.
        OSError: the password cannot be read.
    """
    password = smtp.password.read() if smtp.password is not None else None
    try:
        connection = _connect(smtp)
        try:
            if password is not None:
                _log_in(connection, smtp, password)
            refused = _hand_over(connection, smtp, message, to, receipts=receipts)
        except BaseException:
            connection.close()
            raise
        _leave(connection)
    except MailError:
        raise
    except OSError as error:  # what the library raises is one too
        raise _told(smtp, error) from error
    return refused


def _log_in(connection: smtplib.SMTP, smtp: Smtp, password: str) -> None:
    """Log in: by PLAIN or LOGIN where there is a choice, as all of it is encrypted.

    The library would try CRAM-MD5 first. Servers offer it that store no passwords for it and count the attempt as a
    wrong password, and a machine under FIPS has no MD5 at all.
    """
    connection.ehlo_or_helo_if_needed()
    offered = connection.esmtp_features.get("auth", "").upper().split()
    if {"PLAIN", "LOGIN"} & {*offered}:
        connection.esmtp_features["auth"] = " ".join(each for each in offered if each != "CRAM-MD5")
    elif connection.has_extn("auth") and "CRAM-MD5" not in offered:
        raise MailError(
            f"{_of(smtp)}: the server offers no login by password (AUTH {' '.join(offered)}); let it offer PLAIN or "
            "LOGIN, or leave out username and password where it takes mail from this machine without them"
        )
    try:
        connection.login(smtp.username, password)
    except UnicodeError:
        # The library has no words for a name or password outside of ASCII.
        raise MailError(f"{_of(smtp)}: the username or password is not plain ASCII", final=True) from None
    except ValueError as error:  # a challenge that cannot be read, or no MD5 here
        raise MailError(f"{_of(smtp)}: the login by CRAM-MD5 does not work ({error})") from None


def _hand_over(
    connection: smtplib.SMTP, smtp: Smtp, message: EmailMessage, to: Sequence[str], *, receipts: bool
) -> dict[str, Refusal]:
    by_address = {_ascii_domain(parseaddr(each)[1]): each for each in to}
    sender = _ascii_domain(parseaddr(smtp.sender)[1])
    connection.ehlo_or_helo_if_needed()
    refused: dict[str, Refusal] = {}
    if not connection.has_extn("smtputf8"):
        if not sender.isascii():
            raise MailError(f"{_of(smtp)}: the server takes no sender outside of ASCII (SMTPUTF8)", final=True)
        hopeless = [address for address in by_address if not address.isascii()]
        for address in hopeless:
            refused[by_address.pop(address)] = Refusal(553, "the server takes no address outside of ASCII (SMTPUTF8)")
        message = in_ascii(message)
    if not by_address:
        return refused
    content = message.as_bytes()
    # Whoever gets the message sees all addresses: it is one of RFC 6531 though its own recipients are in ASCII.
    plain = content.isascii() and all(address.isascii() for address in (sender, *by_address))
    needed = [] if plain else ["SMTPUTF8"]
    reports = ["NOTIFY=SUCCESS,FAILURE,DELAY"] if receipts and connection.has_extn("dsn") else []
    if reports:
        needed = [*needed, "RET=HDRS"]  # a report needs no word of the message
    try:
        answers = connection.sendmail(sender, list(by_address), content, needed, reports)
    except smtplib.SMTPRecipientsRefused as error:
        answers = error.recipients
        # After 421 the server has hung up: it never heard of the others.
        missing = Refusal(421, "the server closed the connection before this recipient")
        refused |= {name: missing for address, name in by_address.items() if address not in answers}
    return refused | {by_address[address]: _refusal(answer) for address, answer in answers.items()}


def _refusal(answer: tuple[int, bytes]) -> Refusal:
    return Refusal(answer[0], _words(answer[1]))


def _words(text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(shown.split())[:LONGEST_ANSWER]


def _ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _of(smtp: Smtp) -> str:
    return f"mail to {smtp.host}:{smtp.port}"


def _connect(smtp: Smtp) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT, context=context)
    try:
        connection = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT)
    except smtplib.SMTPServerDisconnected as error:
        # A port for TLS from the first byte on waits for the client's.
        raise MailError(f'{_of(smtp)}: no greeting came ({error}); security = "tls" may be right') from None
    if smtp.security == "starttls":
        try:
            connection.starttls(context=context)
        except OSError:
            connection.close()
            raise
    return connection


def _leave(connection: smtplib.SMTP) -> None:
    """Say goodbye. The message is taken by now: a server that leaves without an answer must not get it twice."""
    try:
        connection.quit()
    except OSError:
        connection.close()


_REMEDIES: Mapping[str, str] = {
    "STARTTLS": 'the server offers no STARTTLS on this port; write security = "tls" with its port for TLS (465), '
    'or "none" for a server on this machine',
    "AUTH": "the server offers no login here; check port and security, or leave out username and password",
}
_OLD_TLS = frozenset(
    {
        "CA_KEY_TOO_SMALL",
        "CA_MD_TOO_WEAK",
        "DH_KEY_TOO_SMALL",
        "EE_KEY_TOO_SMALL",
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
        "UNSUPPORTED_PROTOCOL",
    }
)
"""OpenSSL's reasons where both speak TLS, and the server's is not good enough for this machine."""


def _told(smtp: Smtp, error: OSError) -> MailError:
    """Return an error of the library as a sentence that names server and remedy."""
    final = False
    match error:
        case smtplib.SMTPResponseException():
            final = error.smtp_code >= FINAL
            said = f"{error.smtp_code} {_words(error.smtp_error)}"
            if isinstance(error, smtplib.SMTPAuthenticationError) and final:
                said += "; check username and password in [smtp]"
            if isinstance(error, smtplib.SMTPHeloError):
                said += (
                    f'; this machine calls itself "{socket.getfqdn()}": give it a full name of letters, digits, hyphens'
                    " and dots"
                )
        case smtplib.SMTPNotSupportedError():
            said = next((text for word, text in _REMEDIES.items() if word in str(error)), str(error))
        case ssl.SSLCertVerificationError():
            remedy = "host must be a name in the server's certificate, and its authority one that this machine trusts"
            said = f"{error.verify_message} (CERTIFICATE_VERIFY_FAILED); {remedy}"
        case ssl.SSLError() if smtp.security == "tls" and error.reason not in _OLD_TLS:
            said = f'no TLS with this server ({error.reason}); security = "starttls" may be right'
        case ssl.SSLError():
            said = (
                f"no TLS with this server ({error.reason}): its own may be older or weaker than this machine allows; "
                "let it offer TLS 1.2 with a key of 2048 bits or more"
            )
        case smtplib.SMTPServerDisconnected():
            said = f"the server closed the connection ({error})"
        case socket.gaierror():
            said = f"no server is called {smtp.host}: {error.strerror}"
        case _:
            said = str(error)
    return MailError(f"{_of(smtp)}: {said}", final=final)
