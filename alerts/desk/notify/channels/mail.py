"""Letters over mail."""

from collections.abc import Sequence
from email.message import EmailMessage

from alerts.desk.core.settings import Smtp
from alerts.desk.notify.texts import Letter
from service import mail


def send(smtp: Smtp, to: Sequence[str], letter: Letter) -> None:
    """Deliver a letter; raise OSError when the server does not take it or it cannot be told to one."""
    message = EmailMessage()
    message["From"] = smtp.sender
    message["To"] = ", ".join(to)
    message["Subject"] = letter.subject
    message.set_content(letter.text)
    mail.send(mail.Server(smtp.host, smtp.port, smtp.security, smtp.username, smtp.password), message)
