"""Whatever a file has become on its way, it is read or refused with its name, and with what to do."""

import random
import re
from pathlib import Path

import pytest

from dashboards.busy_hour.records.importer import CsvError, Layout, read_file
from tests.unit.busy_hour.test_formats import GOOD, REFUSED

REMEDY = re.compile(
    r"[;,(:] (?:\w+ )?(?:say|name|write|give|use|export|save|correct|check|choose|leave|remove|sort"
    r"|close|raise|put|complete)\b"
    r"|may be separated by .*--delimiter|--[a-z]",
    re.IGNORECASE,
)
WRONG = (b"", b"x", b"-", b",", b";", b'"', b"\n", b"99", b"\xff", b"\x00", b"{", b"<", b"1,5", b"24:61", b"\t")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut, double or replace some bytes."""
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(content))
        end = min(len(content), place + chance.choice((0, 1, 2, 30)))
        if chance.random() < 0.1:
            return content[:place] or b" "
        content = content[:place] + chance.choice(WRONG) + content[end:]
    return content


def refusal(file: Path, layout: Layout) -> str | None:
    try:
        read_file(file, layout)
    except CsvError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", GOOD)
def test_a_damaged_file_is_read_or_refused_with_a_remedy(name: str, tmp_path: Path) -> None:
    content, layout = GOOD[name]
    chance = random.Random(name)
    file = tmp_path / "history"
    for _ in range(15):
        file.write_bytes(damaged(content, chance))
        told = refusal(file, layout)
        assert told is None or (told.startswith(str(file)) and REMEDY.search(told.removeprefix(str(file)))), told


@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_has_a_remedy(name: str, tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(REFUSED[name][0])
    told = refusal(file, GOOD["epoch"][1])
    assert told is not None
    assert REMEDY.search(told.removeprefix(str(file))), told
