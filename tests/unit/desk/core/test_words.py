"""No text is missing in either language, and plural forms are right."""

import re
from datetime import UTC

import pytest

from alerts.desk.core import words
from alerts.desk.core.words import Words, catalogue
from alerts.desk.tickets.events import Kind
from alerts.desk.tickets.states import Status
from service.i18n.cldr import plural

PLURALS = {"one", "few", "many", "other"}


def stems(language: str) -> set[str]:
    return {key.rsplit(".", 1)[0] if key.rsplit(".", 1)[-1] in PLURALS else key for key in catalogue(language)}


def test_both_languages_have_the_same_texts() -> None:
    assert stems("ru") == stems("en")


def test_the_places_to_fill_are_the_same() -> None:
    for key in set(catalogue("ru")) & set(catalogue("en")):
        assert set(re.findall(r"{(\w+)}", catalogue("ru")[key])) == set(re.findall(r"{(\w+)}", catalogue("en")[key]))


def test_every_text_a_template_asks_for_exists() -> None:
    for template in words.DESK.rglob("*.html"):
        for key in re.findall(r"\bt(?:\.number)?\(\"([\w.]+)\"[,)]", template.read_text("utf-8")):
            assert key in stems("ru"), f"{template.name}: {key}"


def test_every_state_and_event_has_its_words() -> None:
    assert {f"status.{status}" for status in Status} <= stems("en")
    told = {f"event.{kind.name.lower()}" for kind in Kind} - {"event.alarms"}
    assert told | {"event.began", "event.ended", "event.breach"} <= stems("en")


@pytest.mark.parametrize(
    ("number", "form"), [(0, "many"), (1, "one"), (2, "few"), (5, "many"), (11, "many"), (21, "one"), (114, "many")]
)
def test_russian_plurals(number: int, form: str) -> None:
    assert plural("ru", number) == form


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59, "59 s"), (3661, "1 h 1 min"), (90061, "1 d 1 h"), (-125, "−2 min 5 s"), (-0.4, "0 s")],
)
def test_spans(seconds: float, shown: str) -> None:
    assert Words("en", UTC).span(seconds) == shown


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ({"en": "down", "ru": "упал", "kk": "істемейді"}, "істемейді"),
        ({"en": "down", "ru": "упал"}, "down"),
        ({"ru": "упал"}, "упал"),
        ({"kk": "", "en": "down"}, "down"),
        ({}, ""),
    ],
)
def test_a_text_of_a_ticket_is_shown_in_the_readers_language_or_in_one_that_it_has(
    texts: dict[str, str], shown: str
) -> None:
    assert Words("kk", UTC).text(texts) == shown
