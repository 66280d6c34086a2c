"""Mail of appeals over real servers: messages of twelve kinds come in while the desk is killed again and again.

A real desk sends requests and answers over SMTP (aiosmtpd); everything that is written back reaches it over SMTP and
a mailbox of Dovecot. The messages: replies, replies in HTML, replies that lost their thread, forwarded ones, Russian
and Kazakh ones in several encodings, automatic replies, copies, bounces, reports of delivery, robots that answer each
other with and without a mark, replies of customers. A part of those that lost their thread names no appeal at all. Each
has to be stored once, with its appeal or for a person to look at; no message may make an appeal or be answered by the
desk. Then answers bounce while the desk looks as often as it does by default: the appeal has to be open again within a
minute. Prints one JSON object; exit status 1 when a bound is passed.

    python -m bench.appeal_mail [--messages 2000] [--kills 10] [--bounces 12] [--seed 1]
"""

import argparse
import json
import random
import smtplib
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from imaplib import IMAP4
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from alerts.desk.appeals import actions
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mail.reading import read
from alerts.desk.appeals.registration import Said, register
from alerts.desk.appeals.states import AnswerBy, Entry
from alerts.desk.core.appeal_settings import AppealSettings
from alerts.desk.core.appeal_tables import appeal, appeal_event, appeal_mail
from alerts.desk.core.database import Database
from bench.both_databases import concluded
from tests.contract.desk.appeals.appeals_desk import rules
from tests.contract.desk.conftest import Process
from tests.contract.dovecot import PASSWORD, mailbox_server
from tests.contract.mailbox import Box, taking_mail
from tests.unit.desk.appeals.test_mail_reading import REPORT

OURS, SUPPLIER, DOMAIN = "desk@desk.example", "support@supplier.example", "supplier.example"
KEY, USER = "k" * 40, "appeals"
REGIONS = tuple(f"Region {number}" for number in range(20))
UNNAMED = 10  # of those that lost their thread, every so-many-th names no appeal
ROBOTS = 8
MATCHED = 0.99
BOUNCE_SECONDS = 60.0
START_SECONDS = 600.0  # for a desk to start, on a machine that does other things as well
PATIENCE = 3000.0  # for everything to be sent, and to be taken
TO_SUPPLIER = ("reply", "html", "lost", "forwarded", "russian", "kazakh", "automatic", "receipt")
TO_CUSTOMER = ("bounce", "customer")
KINDS = (*TO_SUPPLIER, *TO_CUSTOMER, "robots", "copy")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message to the desk, and the appeal that it belongs to; None: nobody can know."""

    kind: str
    sender: str
    raw: bytes
    appeal: int | None

    @property
    def digest(self) -> str:
        """Return by what the desk recognises it."""
        return read(self.raw).digest


class PostOffice(Box):
    """Takes mail: what is for the desk goes into its mailbox, the rest is kept."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self._box: IMAP4 | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if OURS not in envelope.rcpt_tos:
            return await super().handle_DATA(server, session, envelope)
        if self._box is None:
            self._box = IMAP4("127.0.0.1", self.port, 60)
            self._box.login(USER, PASSWORD)
        assert self._box.append("INBOX", "", "", envelope.content)[0] == "OK"
        return "250 taken"

    def close(self) -> None:
        """Leave the mailbox."""
        if self._box is not None:
            self._box.logout()


@dataclass(slots=True)
class Stage:
    """The desk, its database and its mail."""

    process: Process
    database: Database
    rules: Rules
    office: PostOffice
    smtp: int
    letters: dict[int, EmailMessage] = field(default_factory=dict)  # of the desk, by appeal


def settings(folder: Path, smtp: int, imap: int, every: str) -> str:
    for name, secret in (("appeals.key", KEY), ("imap", PASSWORD)):
        (folder / name).write_text(secret, "utf-8")
        (folder / name).chmod(0o600)
    return (
        'watchdog = ""\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp}\nsender = "{OURS}"\nsecurity = "none"\n'
        f'[appeals]\nkeys = [{{ file = "{folder}/appeals.key" }}]\nregions = {json.dumps(REGIONS)}\n'
        f'[appeals.mail]\nsupplier = "{SUPPLIER}"\nsenders = ["@{DOMAIN}"]\nper_minute = 100000\n'
        f'[appeals.mail.imap]\nhost = "127.0.0.1"\nport = {imap}\nsecurity = "none"\nusername = "{USER}"\n'
        f'password = {{ file = "{folder}/imap" }}\n{every}'
    )


# What customers appealed about


def appeals_of(stage: Stage, count: int, *, answered: bool) -> list[int]:
    """Register so many appeals, spread over regions, codes and hours so that none of them is a mass."""
    codes = [each.id for each in stage.rules.codes.values() if each.kind == "complaint"]
    numbers = []
    start = datetime.now(UTC) - timedelta(hours=14)
    with stage.database.read() as connection:
        first = connection.scalar(select(func.count()).select_from(appeal)) or 0
    for place in range(first, first + count):
        said = Said(
            Entry.CABINET if answered else Entry.CALL_160, "unknown" if answered else "works",
            f"+7701{2_000_000 + place}", "ott", codes[place // len(REGIONS) % len(codes)],
            REGIONS[place % len(REGIONS)], AnswerBy.EMAIL, email=customer(place + 1),
        )  # fmt: skip
        moment = start + timedelta(hours=13) * (place - first) / max(count, 1)
        done = register(stage.database, stage.rules, said, "Aigerim", moment)
        assert done.number is not None
        numbers.append(done.number)
        if answered:
            hand = Hand(stage.database, stage.rules, done.number, None, "Aigerim", datetime.now(UTC))
            actions.answer(hand, "Перезапустите приставку.")
    return numbers


def customer(number: int) -> str:
    return f"customer{number}@example.kz"


def sent(stage: Stage, numbers: list[int]) -> None:
    """Wait until the desk has written about each of these appeals; note its letters."""
    wanted = set(numbers)
    until(lambda: wanted <= {number_in(mail.letter) for mail in list(stage.office.mails)}, "the desk's own mail")
    for mail in stage.office.mails:
        stage.letters.setdefault(number_in(mail.letter), mail.letter)


def number_in(letter: EmailMessage) -> int:
    return int(str(letter["subject"]).partition("]")[0].rpartition("-")[2])


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


# What comes in


@dataclass(slots=True)
class Writer:
    """Writes messages to the desk about its letters."""

    letters: dict[int, EmailMessage]
    dice: random.Random
    written: int = 0

    def write(self, kind: str, number: int) -> Inbound:  # noqa: C901, PLR0911 - one case for each kind
        """Return a message of a kind about an appeal."""
        self.written += 1
        letter = self.letters[number]
        own, subject = str(letter["message-id"]), f"RE: {letter['subject']}"
        match kind:
            case "reply":
                return self._reply(kind, number, subject, {"In-Reply-To": own, "References": own})
            case "html":
                page = f"<p>Исправлено.</p><blockquote><p>{number}</p></blockquote>"
                return self._reply(kind, number, subject, {"References": f"<other@x> {own}"}, page=page)
            case "lost" if self.written % UNNAMED == 0:
                return self._reply(kind, None, "Ответ службы поддержки", {})
            case "lost":
                return self._reply(kind, number, subject, {})
            case "forwarded":
                said = (
                    f"Посмотрите.\n\n-------- Пересылаемое сообщение --------\nОт: {OURS}\nТема: {letter['subject']}\n"
                )
                return self._reply(
                    kind, number, f"Fwd: {letter['subject']}", {}, said, f"olga{self.written % 7}@{DOMAIN}"
                )
            case "russian":
                charset = self.dice.choice(("koi8-r", "windows-1251", "utf-8"))
                cyrillic = subject.replace("#A-", "#А-")
                return self._reply(kind, number, cyrillic, {}, "Исправлено, проверьте.", charset=charset)
            case "kazakh":
                said = "Ақау жойылды, тексеріңіз: үн мен көрініс қалпына келді."
                return self._reply(kind, number, f"Жауап: {letter['subject']}", {"In-Reply-To": own}, said)
            case "automatic":
                marks = {"In-Reply-To": own, "Auto-Submitted": "auto-replied"}
                return self._reply(kind, number, subject, marks, "Ваша заявка принята.")
            case "receipt" | "bounce":
                return self._report(kind, number, own)
            case "robots":
                marks = {"In-Reply-To": own} | ({"Auto-Submitted": "auto-replied"} if self.dice.random() < 0.5 else {})
                said = f"Я в отпуске. Это письмо номер {self.written}."
                return self._reply(kind, number, subject, marks, said, customer(number))
            case _:
                marks = {"In-Reply-To": own}
                return self._reply(kind, number, subject, marks, "Всё равно не показывает.", customer(number))

    def _reply(  # noqa: PLR0913, PLR0917 - the parts of a message
        self,
        kind: str,
        number: int | None,
        subject: str,
        heads: dict[str, str],
        said: str = "Исправлено: узел перезапущен.",
        sender: str = SUPPLIER,
        *,
        charset: str = "utf-8",
        page: str = "",
    ) -> Inbound:
        found = EmailMessage(policy=SMTP)
        found["From"], found["To"] = Address("Служба поддержки", addr_spec=sender), OURS
        found["Subject"], found["Message-ID"] = subject, f"<{self.written}.{kind}@{sender.partition('@')[2]}>"
        for name, value in heads.items():
            found[name] = value
        if page:
            found.set_content(page, subtype="html")
        else:
            encoding = self.dice.choice(("base64", "quoted-printable"))
            found.set_content(said + "\n\n> Просим рассмотреть обращение\n", charset=charset, cte=encoding)
        return Inbound(kind, sender, found.as_bytes(), number)

    def _report(self, kind: str, number: int, own: str) -> Inbound:
        action, status = ("delivered", "2.0.0") if kind == "receipt" else ("failed", "5.1.1")
        text = REPORT.format(action=action, status=status, own=own.strip("<>"))
        return Inbound(
            kind, "", f"Message-ID: <{self.written}@mx.example>\n{text}".replace("\n", "\r\n").encode(), number
        )


def copied(each: Inbound, place: int) -> Inbound:
    """Return a message as it arrives once more, by another way."""
    return replace(each, kind="copy", raw=f"Received: from relay{place}.example\r\n".encode() + each.raw)


def messages(stage: Stage, count: int, dice: random.Random) -> list[Inbound]:
    """Register appeals, start the desk, let it write about them, and answer with so many messages of each kind."""
    share = {kind: count // len(KINDS) + (place < count % len(KINDS)) for place, kind in enumerate(KINDS)}
    asked = appeals_of(stage, sum(share[kind] for kind in TO_SUPPLIER), answered=False)
    told = appeals_of(stage, sum(share[kind] for kind in TO_CUSTOMER) + ROBOTS, answered=True)
    stage.process.start(START_SECONDS)
    sent(stage, asked + told)
    writer = Writer(stage.letters, dice)
    robots = [told.pop() for _ in range(ROBOTS)]
    made = []
    for kinds, numbers in ((TO_SUPPLIER, asked), (TO_CUSTOMER, told)):
        wanted = [kind for kind in kinds for _ in range(share[kind])]
        made += [writer.write(kind, number) for kind, number in zip(wanted, numbers, strict=True)]
    made += [writer.write("robots", robots[place % ROBOTS]) for place in range(share["robots"])]
    made += [copied(each, place) for place, each in enumerate(dice.sample(made, share["copy"]))]
    dice.shuffle(made)
    return made


def post_all(stage: Stage, made: list[Inbound]) -> None:
    for each in made:
        post(stage, each)


def post(stage: Stage, each: Inbound) -> None:
    with smtplib.SMTP("127.0.0.1", stage.smtp) as server:
        server.sendmail(each.sender, [OURS], each.raw)


# What became of it


def come_in(stage: Stage, made: list[Inbound], kills: int, dice: random.Random) -> dict[str, Any]:
    """Send all messages, killing the desk meanwhile; return what the desk made of them."""
    with stage.database.read() as connection:
        appeals = connection.scalar(select(func.count()).select_from(appeal))
    before = len(stage.office.mails)
    posting = threading.Thread(target=post_all, args=(stage, made))
    posting.start()
    for _ in range(kills):
        time.sleep(1 + 3 * dice.random())
        stage.process.kill()
        stage.process.start(START_SECONDS)
    posting.join()
    until(lambda: folder(stage, "INBOX") == 0, "the mailbox")
    time.sleep(5)  # for mail that must not come
    with stage.database.read() as connection:
        rows = connection.execute(
            select(appeal_mail.c.digest, appeal_mail.c.appeal_id, appeal_mail.c.state).where(
                appeal_mail.c.direction == "inbound"
            )
        ).all()
        after = connection.scalar(select(func.count()).select_from(appeal))
        logged = Counter(connection.scalars(select(appeal_event.c.kind)))
    known = {digest: (number, state) for digest, number, state in rows}
    wanted = {each.digest: each for each in made}
    lost = [each.kind for digest, each in wanted.items() if digest not in known]
    right = [digest for digest, each in wanted.items() if digest in known and known[digest][0] == each.appeal]
    wrong = [wanted[digest].kind for digest in wanted if digest in known and digest not in set(right)]
    unmatched = [digest for digest in wanted if digest in known and known[digest][0] is None]
    automatic = Counter(mail.to[0] for mail in stage.office.mails[before:])
    kinds = Counter(each.kind for each in made)
    result = {
        "messages": len(made), "kinds": len(kinds), "kept_in_mailbox": folder(stage, "ottwatch"),
        "stored": len(rows), "lost": lost, "wrong": wrong, "matched": round(1 - len(unmatched) / len(wanted), 4),
        "unmatched": len(unmatched), "unmatched_for_a_person": sum(known[each][1] == "unread" for each in unmatched),
        "new_appeals": (after or 0) - (appeals or 0), "automatic_mails": sum(automatic.values()),
        "bounces": logged["AnswerBounced"], "receipts": logged["RequestReceived"], "kills": kills,
    }  # fmt: skip
    fine = (
        not lost
        and not wrong
        and len(rows) == len(wanted)
        and result["kept_in_mailbox"] == len(made)
        and result["matched"] >= MATCHED
        and result["unmatched_for_a_person"] == len(unmatched)
        and not result["new_appeals"]
        and max(automatic.values(), default=0) <= 1
        and logged["AnswerBounced"] == kinds["bounce"]
    )
    return result | {"fine": fine}


def folder(stage: Stage, name: str) -> int:
    with IMAP4("127.0.0.1", stage.office.port, 60) as box:
        box.login(USER, PASSWORD)
        status, found = box.select(name, readonly=True)
        return int(found[0] or 0) if status == "OK" else -1


def bounces(stage: Stage, count: int, dice: random.Random) -> dict[str, Any]:
    """Let answers bounce at any moment; return how long it took until the appeals were open again."""
    numbers = appeals_of(stage, count, answered=True)
    stage.process.start(START_SECONDS)
    sent(stage, numbers)
    writer = Writer(stage.letters, dice, written=10**6)
    since: dict[int, float] = {}
    seconds: dict[int, float] = {}

    def look() -> bool:
        open_ = select(appeal.c.id).where(appeal.c.id.in_(since), appeal.c.status == "inProgress")
        with stage.database.read() as connection:
            for number in connection.scalars(open_):
                seconds.setdefault(number, time.monotonic() - since[number])
        return len(seconds) == len(since)

    for number in numbers:
        pause = time.monotonic() + 15 * dice.random()
        while time.monotonic() < pause:
            look()
            time.sleep(0.2)
        post(stage, writer.write("bounce", number))
        since[number] = time.monotonic()
    until(look, "bounces")
    longest = max(seconds.values())
    return {"bounces": len(seconds), "longest_seconds": round(longest, 1), "fine": longest <= BOUNCE_SECONDS}


def measured(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Let messages come in and answers bounce; return what was measured, by part."""
    dice = random.Random(options.seed)
    known = rules((KEY,))
    known = replace(known, settings=AppealSettings(keys=known.settings.keys, regions=REGIONS))
    with mailbox_server() as imap:
        office = PostOffice(imap)
        with taking_mail(office) as smtp:
            process = Process(path, settings(path, smtp, imap, 'every = "1s"\n'))
            stage = Stage(process, Database(f"sqlite:///{path / 'desk.db'}"), known, office, smtp)
            try:
                result = {"mail": come_in(stage, messages(stage, options.messages, dice), options.kills, dice)}
                process.stop()
                process.config.write_text(process.config.read_text("utf-8").replace('every = "1s"\n', ""), "utf-8")
                if options.bounces:
                    result["bounces"] = bounces(stage, options.bounces, dice)
            finally:
                office.close()
                stage.database.dispose()
                if process.running:
                    process.stop()
    return result


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--bounces", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    with tempfile.TemporaryDirectory() as name:
        return concluded(measured(Path(name), parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
