"""What is attached to the monthly report."""

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest

from dashboards.busy_hour.app import mail
from dashboards.busy_hour.app.mail import Readers
from dashboards.busy_hour.report.words import Words
from service.mail import Smtp
from tests.unit.busy_hour.test_xlsx import report

NOW = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
SMTP = Smtp("mail.example", "ottwatch@example.kz", security="none")


def attachments(*attach: str) -> tuple[str, dict[str, bytes]]:
    """Return the text of the mail and its files by name."""
    readers = Readers(SMTP, ["planner@example.kz"], Words("en"), attach)
    made = mail.message([report(60, lambda day, hour: 1000.0 + day + hour)], date(2026, 2, 1), readers, NOW)
    body = made.get_body(("plain",))
    assert body is not None
    files = {each.get_filename() or "": each.get_content() for each in made.iter_attachments()}
    return body.get_content(), {name: each.encode() if isinstance(each, str) else each for name, each in files.items()}


def test_the_page_and_the_workbook_are_attached() -> None:
    text, files = attachments("html", "xlsx")
    assert list(files) == ["busy-hour-2026-02.html", "busy-hour-2026-02.xlsx"]
    assert b"<svg" in files["busy-hour-2026-02.html"]
    assert len(openpyxl.load_workbook(io.BytesIO(files["busy-hour-2026-02.xlsx"])).worksheets) == 5
    assert "PDF" not in text


def test_a_pdf_that_cannot_be_printed_is_said_in_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    text, files = attachments("xlsx", "pdf")
    assert list(files) == ["busy-hour-2026-02.xlsx"]
    assert "The PDF could not be made: a PDF needs Chromium" in text


def test_a_pdf_is_attached_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "printed", lambda html: b"%PDF-" + html[:9].encode())
    _, files = attachments("pdf")
    assert files == {"busy-hour-2026-02.pdf": b"%PDF-<!doctype"}
