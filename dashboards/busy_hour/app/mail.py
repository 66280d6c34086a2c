"""The monthly report by mail: the figures as text; the page with charts, the workbook and the PDF attached."""

import logging
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import NamedTuple

from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report.render_html import page
from dashboards.busy_hour.report.render_pdf import printed
from dashboards.busy_hour.report.render_text import table
from dashboards.busy_hour.report.render_xlsx import workbook
from dashboards.busy_hour.report.report import Report
from dashboards.busy_hour.report.words import Words
from service.mail import Refusal, Smtp
from service.mail_message import Envelope, compose, domain_of

LOG = logging.getLogger(__name__)

XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Send = Callable[[Smtp, EmailMessage, Sequence[str]], dict[str, Refusal]]


class Readers(NamedTuple):
    """Who gets the report, in which language, and through which server."""

    smtp: Smtp
    to: Sequence[str]
    words: Words
    attach: Sequence[str] = ("html", "xlsx")


class Attachment(NamedTuple):
    """A file of the mail, with its media type."""

    content: bytes
    maintype: str
    subtype: str
    suffix: str


def message(reports: Sequence[Report], month: date, readers: Readers, now: float) -> EmailMessage:
    """Return the message about a month."""
    smtp, to, words, attach = readers
    # One number for all attempts of this machine, so that nobody gets the report of a month twice.
    number = f"busy-hour.{month:%Y-%m}.{platform.node()}@{domain_of(smtp.sender)}"
    head = Envelope(
        smtp.sender, to, words("mail.subject", month=words.month(month)), number, datetime.fromtimestamp(now, UTC)
    )
    parts = [table(report, words) for report in reports]
    html = page(reports, words, now)
    files = []
    if "html" in attach:
        files.append(Attachment(html.encode(), "text", "html", "html"))
    if "xlsx" in attach:
        files.append(Attachment(workbook(reports, words), "application", XLSX, "xlsx"))
    if "pdf" in attach:
        try:
            files.append(Attachment(printed(html), "application", "pdf", "pdf"))
        except OSError as error:
            # The figures do not wait for a program that prints.
            LOG.warning("the report is mailed without its PDF", extra={"problem": str(error)})
            parts.append(words("mail.no_pdf", problem=error) + "\n")
    made = compose(head, "\n".join(parts))
    for file in files:
        name = f"busy-hour-{month:%Y-%m}.{file.suffix}"
        made.add_attachment(file.content, maintype=file.maintype, subtype=file.subtype, filename=name)
    return made


def deliver(
    store: Store, month: date, to: Sequence[str], send: Callable[[Sequence[str]], dict[str, Refusal]], now: float
) -> None:
    """Send a month's report to those who have not got it; raise OSError that names whom the server refused.

    Who is refused for good is not tried again; the month is done when nobody is left.
    """
    known = store.mailed_to(month)
    missing = [each for each in to if each not in known]
    refused = send(missing) if missing else {}
    done = [each for each in missing if each not in refused or refused[each].final]
    store.note_mailed_to(month, done, now)
    if len(done) == len(missing):
        store.note_mailed(month, now)
    if refused:
        told = "; ".join(f"{name}: {answer}" for name, answer in refused.items())
        raise OSError(f"the mail server refused recipients of the report of {month:%Y-%m}: {told}")
