"""The monthly report handed to a real SMTP server."""

from datetime import UTC, date, datetime

from dashboards.busy_hour.app import mail
from dashboards.busy_hour.records.store import Store
from service.mail import Smtp, send
from service.mail_message import Envelope, compose
from tests.contract.mailbox import Box, taking_mail

NOW = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
TO = ["planner@example.kz", "nobody@example.kz", "chief@example.kz"]


def test_a_server_takes_the_report_with_its_page_for_those_whom_it_knows() -> None:
    box, store, month = Box(), Store("sqlite://"), date(2026, 9, 1)
    problems = []
    with taking_mail(box) as port:
        smtp = Smtp("127.0.0.1", "ottwatch@example.kz", port, security="none")
        head = Envelope(
            smtp.sender, TO, "ЧНН и ёмкость, сентябрь 2026", "1@example.kz", datetime.fromtimestamp(NOW, UTC)
        )
        made = compose(head, "platform · сессии")
        made.add_attachment(b"<!doctype html>", maintype="text", subtype="html", filename="busy-hour-2026-09.html")
        while not store.mailed(month):
            try:
                mail.deliver(store, month, TO, lambda to: send(smtp, made, to), NOW)
            except OSError as error:
                problems.append(str(error))
    ((to, taken),) = box.mails
    assert to == ["planner@example.kz", "chief@example.kz"]
    assert taken["Subject"] == "ЧНН и ёмкость, сентябрь 2026"
    [page] = taken.iter_attachments()
    assert page.get_filename() == "busy-hour-2026-09.html"
    assert problems == [
        "the mail server refused recipients of the report of 2026-09: nobody@example.kz: 550 no such person"
    ]
    assert store.mailed(month)
