"""The monthly report by mail: the figures as text, the page with charts attached."""

from collections.abc import Sequence
from datetime import date
from email.message import EmailMessage

from dashboards.busy_hour.app.settings import Mail
from dashboards.busy_hour.report import words
from dashboards.busy_hour.report.render_html import page
from dashboards.busy_hour.report.render_text import table
from dashboards.busy_hour.report.report import Report
from dashboards.busy_hour.report.words import Language
from service import mail as smtp


def message(reports: Sequence[Report], month: date, mail: Mail, language: Language, now: float) -> EmailMessage:
    """Return the message about a month."""
    made = EmailMessage()
    subject = "Busy hour and capacity, {}" if language == "en" else "ЧНН и ёмкость, {}"
    made["Subject"] = subject.format(words.month(month, language))
    made["From"], made["To"] = mail.sender, ", ".join(mail.to)
    made.set_content("\n".join(table(report, language) for report in reports))
    made.add_attachment(
        page(reports, language, now).encode(), maintype="text", subtype="html", filename=f"busy-hour-{month:%Y-%m}.html"
    )
    return made


def send(made: EmailMessage, mail: Mail) -> None:
    """Hand the message to the server; raise OSError where it does not take it."""
    smtp.send(smtp.Server(mail.host, mail.port, mail.security, mail.user or "", mail.password), made)
