"""The texts of reports: the same in every language, and a language is added by a file."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.busy_hour.report.words import ROOTS, Words, in_every_language, languages
from service.i18n import texts

PLURALS = {"one", "few", "many", "other"}
SOURCES = sorted(path for suffix in ("py", "html") for path in ROOTS[0].glob(f"**/*.{suffix}"))


def keys(language: str) -> dict[str, set[str]]:
    """Return the places of each text by key; plural forms under one key."""
    found: dict[str, set[str]] = {}
    for key, text in texts.by_key(ROOTS, language).items():
        stem, _, form = key.rpartition(".")
        found.setdefault(stem if form in PLURALS else key, set()).update(re.findall(r"{(\w+)}", text))
    return found


def test_every_language_has_the_same_texts_with_the_same_places() -> None:
    assert languages() == ("en", "ru")
    assert keys("ru") == keys("en")


def test_every_text_that_is_asked_for_is_there() -> None:
    known = texts.by_key(ROOTS, "en")
    asked = {key for path in SOURCES for key in re.findall(r'"((?:page|cell|table|mail|week)\.\w+)"', path.read_text())}
    assert len(asked) > 60
    assert asked <= known.keys()


@pytest.mark.parametrize(
    ("language", "value", "quantity", "told"),
    [
        ("en", 12_345_678.0, "sessions", "12,345,678"),
        ("ru", 12_345_678.0, "sessions", "12\xa0345\xa0678"),
        ("en", 1.25e9, "egress_bits_per_second", "1.25 Gbit/s"),
        ("ru", 1.25e9, "egress_bits_per_second", "1,25 Гбит/с"),
        ("ru", 0.0123, "stall_ratio", "1,23 %"),
        ("ru", None, "sessions", "–"),
    ],
)
def test_a_figure_is_written_as_the_language_does(language: str, value: float | None, quantity: str, told: str) -> None:
    assert Words(language).figure(value, quantity) == told


@pytest.fixture
def kazakh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale/kk.toml").write_text('[month]\n10 = "қазан"\n', "utf-8")
    monkeypatch.setattr("dashboards.busy_hour.report.words.ROOTS", (*ROOTS, tmp_path))
    monkeypatch.setattr(Words, "roots", (*ROOTS, tmp_path))
    yield
    for cached in (texts.languages, texts.by_key):
        cached.cache_clear()


def test_a_language_is_added_by_a_file_and_english_where_it_lacks_a_text(kazakh: None) -> None:
    told = in_every_language(lambda words: f"{words('month.10')}, {words('page.weekend')}")
    assert told == {"en": "October, weekend", "kk": "қазан, weekend", "ru": "октябрь, выходные"}
