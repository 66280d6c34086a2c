"""Mail over SMTP, encrypted unless the settings say that the server is on this machine."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from alerts.desk.outbox.texts import Letter
from alerts.desk.settings import Smtp

TIMEOUT = 30.0


def send(smtp: Smtp, to: Sequence[str], letter: Letter) -> None:
    """Deliver a letter; raise OSError when the server does not take it or it cannot be told to one."""
    message = EmailMessage()
    message["From"] = smtp.sender
    message["To"] = ", ".join(to)
    message["Subject"] = letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=smtp.sender.rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    message.set_content(letter.text)
    try:
        with _connect(smtp) as server:
            if smtp.password is not None:
                server.login(smtp.username, smtp.password.read())
            server.send_message(message)
    except smtplib.SMTPException as error:
        raise OSError(f"the mail server refused: {error}") from None
    except UnicodeError:
        # The library has no words for a name or password outside of ASCII.
        raise OSError("a name, password or address in [smtp] is not plain ASCII") from None


def _connect(smtp: Smtp) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT, context=context)
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT)
    if smtp.security == "starttls":
        try:
            server.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server
