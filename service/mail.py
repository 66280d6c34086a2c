"""Mail over SMTP, encrypted unless the settings say that the server is on this machine."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal

from service.settings import Secret

TIMEOUT = 30.0

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Server:
    """Who takes our mail, and as whom we come: without a password nobody logs in."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: Secret | None = None


def refuse_open_password(security: Security, password: Secret | None) -> None:
    """Raise ValueError where the settings would show a password to the network."""
    if security == "none" and password is not None:
        raise ValueError('security = "none" would send the password in the clear; write "starttls" or "tls"')


def send(server: Server, message: EmailMessage) -> None:
    """Hand a message to the server; raise OSError that names it where it does not take the message."""
    password = server.password.read() if server.password is not None else None
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=str(message["From"]).rpartition("@")[2].rstrip(">") or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    try:
        with _connect(server) as connection:
            if password is not None:
                connection.login(server.user, password)
            connection.send_message(message)
    except UnicodeError:
        # The library has no words for a name or password outside of ASCII.
        raise OSError(f"{_of(server)}: a name, password or address is not plain ASCII") from None
    except OSError as error:  # what the library raises is one too
        raise OSError(f"{_of(server)}: {error}") from error


def _of(server: Server) -> str:
    return f"mail to {server.host}:{server.port}"


def _connect(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    if server.security == "starttls":
        try:
            connection.starttls(context=context)
        except OSError:
            connection.close()
            raise
    return connection
