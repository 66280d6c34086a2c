"""Appeals of another system, from a CSV file: every mistake with line, column and remedy; all rows or none.

The rows go through the registration that calls and the cabinet go through, so that routes and terms are the same. A row
whose reference the desk knows is there already: the same file may be brought in again after a correction.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, or_, select

from alerts.desk.appeals.contacts import Contact, ContactError, check_answer, dialled
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.registration import LONGEST, Said, register_within
from alerts.desk.appeals.states import AnswerBy, Entry
from alerts.desk.appeals.store import find
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_tables import appeal, interaction
from alerts.desk.core.database import Database
from service import progress
from service.nouns import counted

NEEDED = ("entry", "reference", "number", "service", "code", "appealed_at")
OPTIONAL = ("region", "answer_by", "email", "mobile", "city", "name", "text", "claim")
COLUMNS = (*NEEDED, *OPTIONAL)
ENTRIES = {"160": Entry.CALL_160, "cabinet": Entry.CABINET}
FLAGS = {"": False, "no": False, "yes": True}
MOST = 10_000  # rows of a file: they are one transaction
SHOWN = 50  # mistakes
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+")  # a long number as Excel saves it, without its last digits
REMEDIES = {
    "no_number": "is no telephone number; write it with its country code, such as +77012345678",
    "not_mobile": "is no mobile number; give one, or another answer_by",
    "not_city": "is no city number; give one, or another answer_by",
    "no_mailbox": "is no e-mail address; give one, or another answer_by",
}


class FileError(ValueError):
    """The file cannot be brought in; the message has a line for each mistake."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that has no mistake."""

    line: int
    said: Said


@dataclass(slots=True)
class Done:
    """What became of the rows."""

    registered: int = 0
    added: int = 0  # to an appeal of the same customer that is open
    known: int = 0
    late: int = 0  # of the registered ones: their term had passed before they came


class _Undone(Exception):  # noqa: N818 - nothing failed
    """A dry run ends: everything is rolled back."""


def read(file: Path, rules: Rules, now: datetime) -> list[Row]:
    """Return the rows of a file; raise FileError with each mistake in it, OSError where it cannot be read."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileError(f"{file}:{line}: is not UTF-8; save it as CSV UTF-8") from None
    mistakes: list[str] = []
    rows: list[Row] = []
    lines: dict[str, int] = {}
    for line, values in _values(file, text):
        said, wrong = _said(values, rules, now)
        reference = values["reference"]
        if reference in lines:
            wrong.append(("reference", f'"{reference}" is on line {lines[reference]} already; delete one of them'))
        lines.setdefault(reference, line)
        mistakes += [f"{file}:{line}: {column}: {problem}" for column, problem in wrong]
        if said is not None and not wrong:
            rows.append(Row(line, said))
    if mistakes:
        more = [f"{file}: {len(mistakes) - SHOWN} more"] if len(mistakes) > SHOWN else []
        raise FileError("\n".join([*mistakes[:SHOWN], *more]))
    if not rows:
        raise FileError(f"{file}: has no rows; write one below the line of columns")
    if len(rows) > MOST:
        raise FileError(f"{file}: has {len(rows)} rows, more than {MOST}; divide it")
    return rows


def bring_in(database: Database, rules: Rules, rows: list[Row], now: datetime, *, dry_run: bool) -> Done:
    """Register the rows in one transaction; a dry run does the same and stores nothing."""
    done = Done()
    with suppress(_Undone), database.write() as connection:
        for row in progress.over(rows, "import", "rows"):
            _bring_in(connection, rules, row, now, done)
        if dry_run:
            raise _Undone
    return done


def _bring_in(connection: Connection, rules: Rules, row: Row, now: datetime, done: Done) -> None:
    if _is_known(connection, rules, row.said):
        done.known += 1
        return
    result = register_within(connection, rules, row.said, DESK, now)
    if result.repeat:
        done.added += 1
        return
    done.registered += 1
    found = find(connection, result.number or 0)
    done.late += bool(found and found.late)


def _is_known(connection: Connection, rules: Rules, said: Said) -> bool:
    """Return whether a row came before: as an appeal, or as a contact that was added to an open one."""
    reference = said.cabinet_ref or said.crm_ref
    same = or_(appeal.c.cabinet_ref == reference, appeal.c.crm_ref == reference)
    customers = rules.keys.customers(dialled("number", said.number, rules.settings.phone_country))
    theirs = (appeal.c.customer.in_(customers), appeal.c.service == said.service, appeal.c.code == said.code)
    moment = (interaction.c["at"] == said.appealed_at, interaction.c.reason == "repeat")
    added = select(appeal.c.id).join(interaction, interaction.c.appeal_id == appeal.c.id).where(*theirs, *moment)
    return any(connection.scalar(each.limit(1)) is not None for each in (select(appeal.c.id).where(same), added))


def _values(file: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row with the line that it begins on."""
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not columns:
                columns = _columns(file, [cell.strip() for cell in cells])
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(columns):
                    raise FileError(
                        f"{file}:{begins}: has {counted(len(cells), 'cell')}, the line of columns {len(columns)}; "
                        f'put text that holds "{delimiter}" in quotation marks'
                    )
                yield (
                    begins,
                    dict.fromkeys(OPTIONAL, "")
                    | {name: cell.strip() for name, cell in zip(columns, cells, strict=True)},
                )
    except csv.Error:
        problem = "a quotation mark is not closed, or text follows the closing one"
        raise FileError(f"{file}:{line}: {problem}; write a quotation mark inside of text twice") from None
    if not columns:
        raise FileError(f"{file}:1: is empty; begin with the columns {', '.join(NEEDED)}")


def _columns(file: Path, columns: list[str]) -> list[str]:
    if missing := [name for name in NEEDED if name not in columns]:
        raise FileError(f"{file}:1: {missing[0]}: is missing; the columns {', '.join(NEEDED)} have to be there")
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise FileError(f"{file}:1: {unknown[0]}: is no column; known: {', '.join(COLUMNS)}")
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise FileError(f"{file}:1: {twice[0]}: is there twice; delete one of them")
    return columns


def _said(values: Mapping[str, str], rules: Rules, now: datetime) -> tuple[Said | None, list[tuple[str, str]]]:
    """Return what a row says, None where it cannot be told, and what is wrong in it, by column."""
    wrong = [(name, "is empty; fill it in") for name in NEEDED if not values[name]]
    limits = {"reference": LONGEST["cabinet_ref"]} | LONGEST
    wrong += [
        (name, f"has more than {limits[name]} characters, or a zero byte; shorten it")
        for name in values
        if name in limits and (len(values[name]) > limits[name] or "\0" in values[name])
    ]
    choices = {
        "entry": (*ENTRIES,),
        "service": rules.settings.services,
        "code": (*rules.codes,),
        "region": ("", *rules.settings.regions),
        "answer_by": ("", *AnswerBy),
        "claim": (*FLAGS,),
    }
    wrong += [
        (name, f'"{values[name][:40]}" is not known; write one of {", ".join(filter(None, known))}')
        for name, known in choices.items()
        if values[name] not in known and (values[name] or name not in NEEDED)
    ]
    wrong += [
        (name, f'"{values[name][:40]}" was shortened by a spreadsheet; make the column text there, and export it again')
        for name in ("reference", "number", "mobile", "city")
        if _SHORTENED.fullmatch(values[name])
    ]
    moment = _moment(values["appealed_at"], now, wrong) if values["appealed_at"] else None
    if wrong or moment is None:
        return None, wrong
    said = _plain(values, moment)
    _reach(said, rules, wrong)
    return said, wrong


def _moment(text: str, now: datetime, wrong: list[tuple[str, str]]) -> datetime | None:
    example = "such as 2026-03-02T10:00:00+05:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wrong.append(("appealed_at", f'"{text[:40]}" is no time; write it {example}'))
        return None
    if moment.tzinfo is None:
        wrong.append(("appealed_at", f'"{text[:40]}" does not tell its time zone; write it {example}'))
        return None
    if moment > now:
        wrong.append(("appealed_at", f'"{text[:40]}" lies in the future; correct it'))
        return None
    return moment


def _plain(values: Mapping[str, str], moment: datetime) -> Said:
    entry, reference = ENTRIES[values["entry"]], values["reference"]
    return Said(
        entry=entry,
        broadband="works" if entry is Entry.CALL_160 else "unknown",  # 160 registers nothing else
        number=values["number"],
        service=values["service"],
        code=values["code"],
        region=values["region"],
        answer_by=AnswerBy(values["answer_by"] or AnswerBy.MOBILE),
        mobile=values["mobile"],
        city=values["city"],
        email=values["email"],
        name=values["name"],
        text=values["text"],
        claim=FLAGS[values["claim"]],
        crm_ref=reference if entry is Entry.CALL_160 else "",
        cabinet_ref=reference if entry is Entry.CABINET else "",
        appealed_at=moment,
    )


def _reach(said: Said, rules: Rules, wrong: list[tuple[str, str]]) -> None:
    """Check that the customer's number and the way of answering can be used."""
    country = rules.settings.phone_country
    try:
        number = dialled("number", said.number, country)
        given = {
            name: dialled(name, getattr(said, name), country) if getattr(said, name) else ""
            for name in ("mobile", "city")
        }
        if said.answer_by in given and not given[said.answer_by]:
            given[said.answer_by] = number
        check_answer(Contact(number, said.email, given["mobile"], given["city"], said.name), said.answer_by)
    except ContactError as error:
        wrong.append((error.field, REMEDIES[error.problem]))
