"""Every page keeps to the rules: no missing word, nothing from outside, colours by the reader's choice."""

import re
from pathlib import Path

import pytest

from alerts.desk.core import words
from alerts.desk.core.words import catalogue, languages
from tests.unit.desk.console_desk import Hall, csrf

TEMPLATES = sorted(words.DESK.rglob("*.html"))
SCRIPTS = sorted((words.DESK / "console" / "static").iterdir())
FORMS = {"ru": ("one", "few", "many"), "en": ("one", "other")}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("language", languages())
def test_every_word_of_a_template_is_in_the_catalogue(template: Path, language: str) -> None:
    text = template.read_text("utf-8")
    known = catalogue(language)
    for key in re.findall(r"\bt\([\"']([\w.]+)[\"'][,)]", text):
        assert key in known
    for key in re.findall(r"\bt\.number\([\"']([\w.]+)[\"']", text):
        assert {f"{key}.{form}" for form in FORMS[language]} <= set(known)
    for stem in re.findall(r"\bt(?:\.of)?\([\"']([\w.]+?)\.?[\"'](?: ~|, )", text):
        assert any(key.startswith(stem) for key in known)


@pytest.mark.parametrize("file", [*TEMPLATES, *SCRIPTS], ids=lambda path: path.name)
def test_nothing_comes_from_outside_and_nothing_is_inline(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "://" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=\"", text)


def test_colours_follow_the_choice_and_go_back_to_the_system(control_room: Hall) -> None:
    reader = control_room.person("viewer")
    page = reader.get("/")
    assert "data-theme" not in page.text
    for theme in ("dark", "light"):
        page = reader.post("/theme", data={"csrf": csrf(page.text), "theme": theme, "next": "/?site=x"})
        assert f'data-theme="{theme}"' in page.text
        assert page.url.query == b"site=x"
    page = reader.post("/theme", data={"csrf": csrf(page.text), "theme": "", "next": "/"})
    assert "data-theme" not in page.text


def test_a_choice_from_another_site_is_refused(control_room: Hall) -> None:
    assert control_room.person().post("/theme", data={"csrf": "forged", "theme": "dark"}).status_code == 403
