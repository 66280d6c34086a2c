"""Messages as mail programs, help desks and mail servers write them, and as nobody should."""

import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from alerts.desk.appeals.mail.quoted import cut
from alerts.desk.appeals.mail.reading import read

OWN = "appeal.7.0123456789abcdef0123456789abcdef@desk.example"
REPORT = """\
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: desk@desk.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

Words for people.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Mon,  2 Mar 2026 10:00:00 +0500 (+05)

Final-Recipient: rfc822; saule@example.kz
Action: {action}
Status: {status}

--B
Content-Type: text/rfc822-headers

From: desk@desk.example
Message-ID: <{own}>
Subject: [#A-2026-000007] No channel plays

--B--
"""


def message(
    text: str = "It works again.", subject: str = "Re: [#A-2026-000007] No channel plays", **heads: str
) -> bytes:
    found = EmailMessage(policy=SMTP)
    found["From"] = heads.pop("sender", "Support <support@supplier.example>")
    found["To"] = "desk@desk.example"
    found["Subject"] = subject
    found["Message-ID"] = "<1@supplier.example>"
    for name, value in heads.items():
        found[name.replace("_", "-")] = value
    found.set_content(text)
    return found.as_bytes()


def test_a_reply_names_its_thread_its_number_and_its_sender() -> None:
    found = read(message(In_Reply_To=f"<{OWN}>", References=f"<other@x> <{OWN}>"))
    assert (found.kind, found.sender, found.own_ids) == ("reply", "support@supplier.example", (OWN,))
    assert (found.subject_numbers, found.reply) == (((2026, 7),), "It works again.")


@pytest.mark.parametrize(
    ("heads", "kind"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, "automatic"),
        ({"Return_Path": "<>"}, "automatic"),
        ({"Precedence": "auto_reply"}, "automatic"),
        ({"X_Autoreply": "yes"}, "automatic"),
        # A help desk marks a person's words so, too.
        ({"Auto_Submitted": "auto-generated"}, "notice"),
        ({"Precedence": "bulk"}, "notice"),
        ({"Auto_Submitted": "no"}, "reply"),
        ({"sender": "MAILER-DAEMON@mx.example"}, "unclear"),
    ],
)
def test_programs_are_told_from_people(heads: dict[str, str], kind: str) -> None:
    assert read(message(**heads)).kind == kind


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", "bounce"),
        ("Failed", "5.0.0", "bounce"),
        ("delayed", "4.4.1", "delay"),
        ("delivered", "2.0.0", "receipt"),
        ("relayed", "2.0.0", "receipt"),
    ],
)
def test_reports_of_mail_servers_name_our_message(action: str, status: str, kind: str) -> None:
    found = read(REPORT.format(action=action, status=status, own=OWN).encode())
    assert (found.kind, found.own_ids) == (kind, (OWN,))


def test_a_bounce_that_follows_no_standard_quotes_our_message() -> None:
    text = (
        "Hi. This is the qmail-send program at mx.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        "<saule@example.kz>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\nMessage-ID: <{OWN}>\n"
    )
    found = read(message(text, "failure notice", sender="MAILER-DAEMON@mx.example"))
    assert (found.kind, found.own_ids) == ("bounce", (OWN,))


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r"])
def test_russian_in_any_encoding(charset: str) -> None:
    found = EmailMessage(policy=SMTP)
    found["From"], found["Subject"] = "Поддержка <support@supplier.example>", "Отв: [#А-2026-000007] Нет звука"
    found.set_content("Исправлено.", charset=charset, cte="base64")
    got = read(found.as_bytes())
    assert (got.reply, got.subject_numbers) == ("Исправлено.", ((2026, 7),))  # with a Cyrillic letter


def test_kazakh_in_its_own_encoding() -> None:
    head = b"From: a@b.kz\r\nSubject: A-2026-000007\r\nContent-Type: text/plain; charset=kz-1048\r\n"
    got = read(head + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + "Қате түзетілді".encode("kz1048"))
    assert got.reply == "Қате түзетілді"


@pytest.mark.parametrize(
    "named", ["cp-1251", "x-cp1251", "win-1251", "ANSI-1251", "us-ascii", "utf-8", "x-unknown", ""]
)
def test_windows_cyrillic_under_any_name(named: str) -> None:
    content = f"text/plain; charset={named}" if named else "text/plain"
    head = f"From: a@b.kz\r\nContent-Type: {content}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert read(head.encode() + "Исправлено в 10:00".encode("cp1251")).reply == "Исправлено в 10:00"


@pytest.mark.parametrize("named", ["us-ascii", "iso-8859-1", "windows-1252", "x-unknown", "utf8mb4", ""])
def test_utf_8_under_any_name(named: str) -> None:
    content = f"text/plain; charset={named}" if named else "text/plain"
    head = f"From: a@b.kz\r\nContent-Type: {content}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert read(head.encode() + "Қате түзетілді".encode()).reply == "Қате түзетілді"


@pytest.mark.parametrize(
    ("content", "named", "text"),
    [
        ("été".encode("latin-1"), "iso-8859-1", "été"),
        ("Исправлено".encode("koi8-r"), "", "\N{REPLACEMENT CHARACTER}"),  # small letters would be large ones
        (b"\x80\x81\x82", "us-ascii", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_nothing_else_is_taken_for_cyrillic(content: bytes, named: str, text: str) -> None:
    head = f"From: a@b.kz\r\nContent-Type: text/plain; charset={named or 'x'}\r\n\r\n"
    assert text in read(head.encode() + content).text


@pytest.mark.parametrize(
    "subject",
    [
        "Отв: [#А-2026-000007] Нет звука".encode(),
        "Отв: [#А-2026-000007] Нет звука".encode("cp1251"),
        b"=?cp-1251?B?zvLiOiBbI8AtMjAyNi0wMDAwMDddIM3l8iDn4vPq4A==?=",
        b"=?utf-8?B?0J7RgtCyOiBbI9CQLTIwMjYtMDAwMDA3XSDQ?= =?utf-8?B?ndC10YIg0LfQstGD0LrQsA==?=",  # within a letter
    ],
    ids=["8-bit UTF-8", "8-bit", "name of one's own", "within a letter"],
)
def test_a_subject_with_the_number_in_a_cyrillic_word(subject: bytes) -> None:
    got = read(b"From: a@b.kz\r\nSubject: " + subject + b"\r\n\r\nIt works.")
    assert (got.subject, got.subject_numbers) == ("Отв: [#А-2026-000007] Нет звука", ((2026, 7),))


def test_words_that_have_a_name_are_no_attachment_and_a_file_behind_them_is_one() -> None:
    found = EmailMessage(policy=SMTP)
    found["From"] = "a@b.kz"
    found.set_content("Fixed.", params={"name": "message.txt"})
    assert (read(found.as_bytes()).reply, read(found.as_bytes()).attachments) == ("Fixed.", ())
    found.add_attachment("of the router", filename="log.txt", disposition="inline")
    got = read(found.as_bytes())
    assert (got.reply, [each.partition(" ")[0] for each in got.attachments]) == ("Fixed.", ["log.txt"])
    alone = EmailMessage(policy=SMTP)
    alone["From"] = "a@b.kz"
    alone.set_content("of the router", disposition="attachment", filename="log.txt")
    assert read(alone.as_bytes()).reply == ""


def test_markup_becomes_words_and_nothing_else() -> None:
    found = EmailMessage(policy=SMTP)
    found["From"] = "a@b.kz"
    page = "<html><head><style>p{}</style></head><script>alert(1)</script><p>Fixed&nbsp;it</p><div>Tomorrow</div>"
    found.set_content(page, subtype="html")
    found.add_attachment(b"MZ" * 10, maintype="application", subtype="octet-stream", filename="../invoice.exe")
    got = read(found.as_bytes())
    assert got.reply == "Fixed it\nTomorrow"
    assert len(got.attachments) == 1
    assert got.attachments[0].endswith("(20)")


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 2 Mar 2026 at 10:00, Desk <desk@desk.example> wrote:\n> Please answer",
        "пн, 2 мар. 2026 г. в 10:00, Desk <desk@desk.example>:\n> Please answer",
        "2 марта 2026 г., 10:00, Desk написал(а):\n\n> Please answer",
        "On Mon, 2 Mar 2026 at 10:00, Desk\n<desk@desk.example> wrote:\n> Please answer",
        "-----Original Message-----\nFrom: Desk\nPlease answer",
        "-----Исходное сообщение-----\nPlease answer",
        "От: Desk\nОтправлено: 2 марта 2026 г. 10:00\nКому: Support\nТема: [#A-2026-000007]\n\nPlease answer",
        "From: Desk\nSent: Monday\nTo: Support\nSubject: [#A-2026-000007]\n\nPlease answer",
        "##- Please write your reply above this line -##\nPlease answer",
        "> ##- Please write your reply above this line -##\n> Please answer",
        # Mail.ru, Yandex, Thunderbird, The Bat!, Roundcube, SOGo
        "Понедельник, 2 марта 2026, 10:00 +05:00 от Desk <desk@desk.example>:\nPlease answer",
        '02.03.2026, 10:00, "Desk" <desk@desk.example>:\nPlease answer',
        "02.03.2026 10:00, Desk пишет:\nPlease answer",
        "Вы писали 2 марта 2026 г., 10:00:14:\n\nPlease answer",
        "Desk писал(а) 2026-03-02 10:00:\nPlease answer",
        "Понедельник, Март 02, 2026 10:00 +05, Desk <desk@desk.example> писал:\nPlease answer",
        # Gmail and Outlook in other languages, with stars for what was bold, and an invitation
        "дс, 2026 ж. 2 нау., 10:00 Desk <desk@desk.example> жазды:\nPlease answer",
        "Desk <desk@desk.example> 于2026年3月2日周一 10:00写道：\nPlease answer",
        "Desk <desk@desk.example>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:\nPlease answer",
        "------------------ 原始邮件 ------------------\n发件人: Desk;\nPlease answer",
        "发件人：Desk\n发送时间：2026年3月2日 10:00\n收件人：Support\n主题：[#A-2026-000007]\n\nPlease answer",
        "*От:* Desk\n*Отправлено:* понедельник, 2 марта 2026 г. 10:00\n*Кому:* Support\n\nPlease answer",
        "-----Original Appointment-----\nPlease answer",
        "-------- Оригинальное сообщение --------\nPlease answer",
        # Help desks
        "=-=-=-= To answer by email, write above this line =-=-=-=\n\nPlease answer",
        "———-—————————————\nReply above this line.\n\nPlease answer",
        "—-—-—-—\nОтвечайте выше этой линии.\n\nPlease answer",
    ],
)
def test_what_is_quoted_is_cut(quoted: str) -> None:
    assert cut(f"Fixed.\n\nSupport\n\n{quoted}\n").splitlines()[:3] == ["Fixed.", "", "Support"]
    assert "Please answer" not in cut(f"Fixed.\n\n{quoted}\n")


def test_a_text_that_is_all_quotation_is_kept() -> None:
    assert cut("> Please answer\n") == "> Please answer"
    assert cut("From: the first minute the picture froze.\nTo: be honest, it still does.") != ""


@pytest.mark.parametrize(
    "text",
    [
        "Please write to Saule <saule@x.example> by 10:00: she knows.",
        "I wrote to Saule <saule@x.example> at 10:00, in short:\nIt is the encoder.\n--\nSupport",
        "Он писал в 10:00: звук есть.\nПроверьте.",
        "The values above this line are wrong.\nSee the table.",
        "Date: 2 March\nIt works again.",
    ],
)
def test_what_somebody_wrote_is_no_quotation(text: str) -> None:
    assert cut(text) == text


@pytest.mark.parametrize("unit", ["<", "x 10:00 <a@b", "писал ", "write above ", "10:00 <a@b> ", "-", "> "])
def test_no_text_takes_long_to_cut(unit: str) -> None:
    lines = (unit * 400)[:399] + "\n"
    begun = time.process_time()
    cut(lines * 250)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"From: \r\n" * 2000,
        b"From: a@b.kz, c@d.kz\r\n\r\ntext",
        b"Content-Type: text/plain; charset=nobody-knows\r\n\r\ntext",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: =?utf-8?B?!!!!?=\r\nFrom: =?x-unknown?Q?a?= <a@b.kz>\r\n\r\ntext",
        b"From: a@b.kz\r\nMessage-ID: <" + b"x" * 100_000 + b">\r\n\r\ntext",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1500)),
        b"From: a@b.kz\r\nSubject: a\r\n Bcc: evil@x\r\n\r\n\x00\x1b[31m\xe2\x80\xaetxet",
    ],
)
def test_nothing_makes_reading_fail(raw: bytes) -> None:
    found = read(raw)
    assert found.digest
    assert not {"\0", "\x1b", "\u202e"} & set(found.text + found.subject + found.sender)


def test_more_than_one_sender_is_nobody_known() -> None:
    assert read(message(sender="support@supplier.example, evil@example.net")).sender == ""


def test_copies_have_one_digest_and_others_do_not() -> None:
    raw = message()
    assert read(b"Received: by another way\r\n" + raw).digest == read(raw).digest
    assert read(message("Another text")).digest != read(raw).digest
