"""The operator's own terms in texts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.i18n import terms
from service.i18n.terms import TermsError, fill


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of the operator's own terms, read again in each test."""
    path = tmp_path / "terms.toml"
    monkeypatch.setenv(terms.VARIABLE, str(path))
    terms.terms.cache_clear()
    yield path
    terms.terms.cache_clear()


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Открытых <tickets gen> нет.", "Открытых билетов нет."),
        ("<Ticket> закрыт", "Билет закрыт"),
        ("инженер <center>", "инженер ГЦУСТ"),
        ("a < b, x > y", "a < b, x > y"),
    ],
)
def test_terms_take_the_case_that_the_text_needs(text: str, filled: str) -> None:
    assert fill(text, "ru") == filled


@pytest.mark.parametrize(
    ("text", "problem"), [("<tocket>", "no term 'tocket'"), ("<ticket xyz>", "'ticket' of ru has no case 'xyz'")]
)
def test_an_unknown_term_or_case_is_a_fault(text: str, problem: str) -> None:
    with pytest.raises(TermsError, match=problem):
        fill(text, "ru")


def test_the_operators_words_replace_the_defaults_one_by_one(own: Path) -> None:
    own.write_text(
        '[ru]\ncenter = "ЦУС"\nvendor = {nom = "поставщик", gen = "поставщика", dat = "поставщику", '
        'ins = "поставщиком"}\n',
        "utf-8",
    )
    assert fill("<center>: <vendor gen>, <ticket>", "ru") == "ЦУС: поставщика, билет"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[ru]\nvendor = {nom = "поставщик"}\n', "ru.vendor: state every case; missing: dat, gen, ins"),
        ('[ru]\nvendr = "поставщик"\n', "ru.vendr: no text uses this term"),
        ("[ru]\ncenter = 5\n", "ru.center: write the word as text in quotes"),
        ('[ru]\ncenter = " "\n', "ru.center: write the word as text in quotes"),
        ('ru = "ЦУС"\n', "ru: write a table of terms"),
        ("[ru\n", "terms.toml: "),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(own: Path, text: str, problem: str) -> None:
    own.write_text(text, "utf-8")
    with pytest.raises(TermsError, match=r".*") as caught:
        terms.terms()
    assert problem in str(caught.value)


def test_a_file_that_is_named_but_missing_is_refused(own: Path) -> None:
    with pytest.raises(TermsError, match=r"terms\.toml"):
        terms.terms()
