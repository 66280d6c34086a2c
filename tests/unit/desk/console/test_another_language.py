"""A language is added by files alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk.core.words import Words
from service.i18n import cldr, terms, texts
from tests.unit.desk.console_desk import Hall

KAZAKH = """
[languagename]
kk = "Қазақша"

[queue]
empty = "Ашық <ticket> жоқ."

[queue.count]
one = "{n} ашық <ticket>"
other = "{n} ашық <ticket>"
"""


@pytest.fixture
def kazakh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file of Kazakh texts and one of Kazakh terms, and nothing else."""
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale/kk.toml").write_text(KAZAKH, "utf-8")
    (tmp_path / "terms.toml").write_text('[kk]\nticket = "билет"\n', "utf-8")
    monkeypatch.setattr(Words, "roots", (*Words.roots, tmp_path))
    monkeypatch.setenv("OTTWATCH_TERMS", str(tmp_path / "terms.toml"))
    forget()
    yield
    forget()


def forget() -> None:
    for each in (texts.languages, texts.by_key, terms.terms):
        each.cache_clear()


def test_kazakh_is_offered_and_shown_and_what_it_lacks_is_english(kazakh: None, control_room: Hall) -> None:
    reader = control_room.person("viewer", language="kk")
    page = reader.get("/").text
    assert '<html lang="kk"' in page
    assert "Ашық билет жоқ." in page
    assert "0 ашық билет" in page
    assert "Assignee" in page
    other = control_room.person("viewer", name="Other", language="ru").get("/").text
    assert '<button class="plain" name="language" value="kk" lang="kk">Қазақша</button>' in other


def test_its_plurals_and_numbers_are_cldrs(kazakh: None) -> None:
    assert [cldr.plural("kk", number) for number in (1, 2, 5)] == ["one", "other", "other"]
    assert cldr.written("kk", "-12,345.6") == "−12\xa0345,6"
