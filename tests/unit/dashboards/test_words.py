import re
import tomllib

import pytest

from dashboards import build
from dashboards.boards import BOARDS
from dashboards.context import Context, Local, context
from dashboards.words import LANGUAGES, MissingTextError, Words, placeholders, words
from tests.conftest import ROOT

TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_no_translation_is_left_over(language: str) -> None:
    looked_up = context(language, Local())  # type: ignore[arg-type]
    for board in BOARDS:
        build.render(board, looked_up)
    assert set(looked_up.words.catalogue) == looked_up.words.used


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_the_labels_and_variables_of_its_text(language: str) -> None:
    for english, text in words(language).catalogue.items():  # type: ignore[arg-type]
        assert placeholders(text) == placeholders(english), english


def test_russian_texts_are_russian() -> None:
    for text in words("ru").catalogue.values():
        assert re.search("[а-яё]", text, re.IGNORECASE), text


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_stands_twice_in_a_catalogue(language: str) -> None:
    tables = tomllib.loads((ROOT / f"dashboards/texts/{language}.toml").read_text("utf-8"))
    texts = [english for table in tables.values() for english in table]
    assert len(texts) == len(set(texts))


def test_a_missing_text_stops_the_build() -> None:
    with pytest.raises(MissingTextError, match=r"texts/ru\.toml has no translation of 'Platform'; add it"):
        build.render(BOARDS[0], Context(Words("ru", {}), Local(), {"node_memory_available": 0.1, "node_cpu": 0.9}))


@pytest.mark.parametrize("text", ["{{node}}", "{{site}} / ${service}", "95 %", ""])
def test_what_holds_no_words_needs_no_translation(text: str) -> None:
    assert Words("ru", {})(text) == text
