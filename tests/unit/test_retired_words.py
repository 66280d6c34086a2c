"""No text uses a word that was given up: the list with what to write instead is retired_words.toml."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

_LIST = tomllib.loads(Path(__file__).with_name("retired_words.toml").read_text("utf-8"))
PLACES: dict[str, list[str]] = _LIST["places"]
RETIRED: list[dict[str, Any]] = _LIST["retired"]


def lines(place: str) -> list[tuple[str, str]]:
    """Return every line of a place with its file and number."""
    files = sorted({path for pattern in PLACES[place] for path in ROOT.glob(pattern)})
    return [
        (f"{path.relative_to(ROOT)}:{number}", line)
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]


@pytest.mark.parametrize("place", PLACES)
def test_no_retired_word_is_used(place: str) -> None:
    words = [
        (re.compile(each["word"], re.IGNORECASE), each["write"], tuple(each.get("except", ())))
        for each in RETIRED
        if place in each["in"]
    ]
    found = [
        f"{where}: {match[0]!r} in {line.strip()[:100]!r}; write: {write}"
        for where, line in lines(place)
        for word, write, elsewhere in words
        if (match := word.search(line)) and not where.startswith(elsewhere)
    ]
    assert found == []


def test_every_place_holds_files() -> None:
    assert all(any(ROOT.glob(pattern)) for place in ("texts", "runbooks", "docs", "code") for pattern in PLACES[place])


@pytest.mark.parametrize(
    "line",
    [
        "Открытые заявки",
        "Откройте панель «Узел»",
        "Publishing boards",
        "starts anew",
        '"""Say whether it is.',
        "На доске",
    ],
)
def test_the_list_finds_what_it_names(line: str) -> None:
    assert any(re.search(each["word"], line, re.IGNORECASE) for each in RETIRED)
