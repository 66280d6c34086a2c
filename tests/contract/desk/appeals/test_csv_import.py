"""Appeals of another system: all rows or none, and every mistake with its place and remedy."""

from pathlib import Path

import pytest

from alerts.desk.appeals import csv_import
from alerts.desk.appeals.contacts import Contact
from alerts.desk.appeals.csv_import import COLUMNS, NEEDED, Done, FileError
from alerts.desk.appeals.registration import register_within
from alerts.desk.appeals.states import Queue
from alerts.desk.appeals.store import contact_of
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import Bureau, everything_stored, rules
from tests.contract.desk.conftest import Process

HEAD = "entry,reference,number,service,code,appealed_at,region,answer_by,email,name,text"
FIRST = '160,CRM-1,+77012345678,ott,01,2026-03-02T09:00:00+05:00,Astana,email,saule@example.kz,Сауле,"Froze, again"'
SECOND = "cabinet,LK-2,8 701 234 56 79,ott,04,2026-03-01T09:00:00+05:00,Almaty,,,,"


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def bring_in(bureau: Bureau, file: Path, *lines: str, dry_run: bool = False) -> Done:
    file.write_text("\n".join(lines) + "\n", "utf-8")
    rows = csv_import.read(file, bureau.rules, bureau.now)
    return csv_import.bring_in(bureau.database, bureau.rules, rows, bureau.now, dry_run=dry_run)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "appeals.csv"


def test_rows_are_registered_as_calls_and_messages_are(bureau: Bureau, file: Path) -> None:
    # The second one is 25 hours old.
    assert bring_in(bureau, file, HEAD, FIRST, SECOND) == Done(registered=2, late=1)
    first, second = bureau.appeal(1), bureau.appeal(2)
    assert (first.entry, first.crm_ref, first.route, first.queue) == (
        "160",
        "CRM-1",
        "RT3",
        Queue.CALLS_160,
    )
    assert (second.entry, second.cabinet_ref, second.route) == ("cabinet", "LK-2", "RT7")
    assert (first.late, second.late) == (False, True)
    with bureau.database.read() as connection:
        known = contact_of(connection, bureau.rules.keys, first.contact_id)
    assert known == Contact("+77012345678", "saule@example.kz", name="Сауле")


def test_the_same_file_twice_changes_nothing(bureau: Bureau, file: Path) -> None:
    again = FIRST.replace("CRM-1", "CRM-3").replace("09:00", "09:30")
    assert bring_in(bureau, file, HEAD, FIRST, SECOND, again) == Done(registered=2, added=1, late=1)
    before = everything_stored(bureau.database)
    assert bring_in(bureau, file, HEAD, FIRST, SECOND, again) == Done(known=3)
    assert everything_stored(bureau.database) == before


def test_a_dry_run_stores_nothing(bureau: Bureau, file: Path) -> None:
    before = everything_stored(bureau.database)
    assert bring_in(bureau, file, HEAD, FIRST, SECOND, dry_run=True) == Done(registered=2, late=1)
    assert everything_stored(bureau.database) == before


def test_semicolons_and_the_mark_of_a_spreadsheet_are_read(bureau: Bureau, file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + f"{HEAD}\r\n\r\n{SECOND}\r\n".replace(",", ";").encode())
    assert [row.line for row in csv_import.read(file, bureau.rules, bureau.now)] == [3]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("160,CRM-1", "161,CRM-1", '3: entry: "161" is not known; write one of 160, cabinet'),
        ("CRM-1", "", "3: reference: is empty; fill it in"),
        ("CRM-1", "LK-2", '3: reference: "LK-2" is on line 2 already; delete one of them'),
        ("CRM-1", "x" * 65, "3: reference: has more than 64 characters, or a zero byte; shorten it"),
        (
            "CRM-1",
            "2.02603E+14",
            '3: reference: "2.02603E+14" was shortened by a spreadsheet; make the column text there, and export it '
            "again",
        ),
        (
            "+77012345678",
            "7E+10",
            '3: number: "7E+10" was shortened by a spreadsheet; make the column text there, and export it again',
        ),
        (
            "+77012345678",
            "12",
            "3: number: is no telephone number; write it with its country code, such as +77012345678",
        ),
        ("ott", "tv", '3: service: "tv" is not known; write one of ott, iptv'),
        ("Astana", "Paris", '3: region: "Paris" is not known; write one of Astana, Almaty'),
        ("email,", "pigeon,", '3: answer_by: "pigeon" is not known; write one of email, mobile, city'),
        ("saule@example.kz", "saule", "3: email: is no e-mail address; give one, or another answer_by"),
        (
            "2026-03-02T09:00:00+05:00",
            "02.03.2026",
            '3: appealed_at: "02.03.2026" is no time; write it such as 2026-03-02T10:00:00+05:00',
        ),
        (
            "09:00:00+05:00",
            "09:00",
            '3: appealed_at: "2026-03-02T09:00" does not tell its time zone; write it such as '
            "2026-03-02T10:00:00+05:00",
        ),
        ("2026-03-02", "2027-03-02", '3: appealed_at: "2027-03-02T09:00:00+05:00" lies in the future; correct it'),
        (
            '"Froze, again"',
            "Froze, again",
            '3: has 12 cells, the line of columns 11; put text that holds "," in quotation marks',
        ),
        (
            'again"',
            'again"x',
            "3: a quotation mark is not closed, or text follows the closing one; "
            "write a quotation mark inside of text twice",
        ),
    ],
)
def test_a_mistake_is_told_and_nothing_is_stored(bureau: Bureau, file: Path, old: str, new: str, told: str) -> None:
    assert old in FIRST
    with pytest.raises(FileError) as caught:
        bring_in(bureau, file, HEAD, SECOND, FIRST.replace(old, new, 1))
    assert str(caught.value) == f"{file}:{told}"
    assert bureau.count() == 0


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["entry,number"], "1: reference: is missing; the columns " + ", ".join(NEEDED) + " have to be there"),
        ([f"{HEAD},colour", SECOND], "1: colour: is no column; known: " + ", ".join(COLUMNS)),
        ([f"{HEAD},text", SECOND], "1: text: is there twice; delete one of them"),
        ([], "1: is empty; begin with the columns " + ", ".join(NEEDED)),
    ],
)
def test_columns_that_cannot_be_used_are_told(bureau: Bureau, file: Path, lines: list[str], told: str) -> None:
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(FileError) as caught:
        csv_import.read(file, bureau.rules, bureau.now)
    assert str(caught.value) == f"{file}:{told}"


def test_every_mistake_is_told_at_once(bureau: Bureau, file: Path) -> None:
    text = "\n".join([HEAD, FIRST.replace("ott", "tv").replace("Astana", "Paris"), SECOND.replace(",04,", ",99,")])
    file.write_text(text, "utf-8")
    with pytest.raises(FileError) as caught:
        csv_import.read(file, bureau.rules, bureau.now)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["service", "region", "code"]


def test_another_encoding_is_told_with_its_line(bureau: Bureau, file: Path) -> None:
    file.write_bytes(f"{HEAD}\n{FIRST}\n".encode("cp1251"))
    with pytest.raises(FileError, match=r"appeals.csv:2: is not UTF-8; save it as CSV UTF-8"):
        csv_import.read(file, bureau.rules, bureau.now)


def test_a_failure_in_the_middle_leaves_nothing(bureau: Bureau, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("\n".join([HEAD, FIRST, SECOND]), "utf-8")
    rows = csv_import.read(file, bureau.rules, bureau.now)
    place = "alerts.desk.appeals.csv_import.register_within"

    def failing(*given: object) -> object:
        if given[2] is rows[1].said:
            raise OSError("the disk is full")
        return register_within(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(place, failing)
    with pytest.raises(OSError, match="the disk is full"):
        csv_import.bring_in(bureau.database, bureau.rules, rows, bureau.now, dry_run=False)
    assert bureau.count() == 0


def test_the_command_tells_what_it_did(tmp_path: Path, file: Path) -> None:
    key = tmp_path / "appeals.key"
    key.write_text("k" * 40, "utf-8")
    key.chmod(0o600)
    desk = Process(tmp_path, f'[appeals]\nkeys = [{{ file = "{key}" }}]\nregions = ["Astana", "Almaty"]\n')
    file.write_text("\n".join([HEAD, FIRST, SECOND]), "utf-8")
    rest = "0 added to an open appeal of the same customer, 0 were there already; 2 late"
    assert desk.run("appeals", "import", str(file), "--dry-run") == f"{file}: 2 would be registered, {rest}"
    assert desk.run("appeals", "import", str(file)) == f"{file}: 2 registered, {rest}"
