"""A language is added by files alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.desk.appeals import actions, mass_tickets
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.codes import codes
from alerts.desk.appeals.contacts import Contact
from alerts.desk.appeals.mail import letters
from alerts.desk.appeals.mass_tickets import Opening
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.words import Words, languages
from service.i18n import cldr, terms, texts
from tests.contract.desk.appeals.appeals_desk import ALMATY, Bureau, rules
from tests.unit.desk.console.test_appeals import post
from tests.unit.desk.console_desk import Hall

KAZAKH = """
[languagename]
kk = "Қазақша"

[queue]
empty = "Ашық <ticket> жоқ."

[queue.count]
one = "{n} ашық <ticket>"
other = "{n} ашық <ticket>"

[appeals]
list = "Абоненттердің өтініштері"
title = "Өтініш {number}"
broadband = "Кең жолақты байланыс жұмыс істей ме?"

[appealstatus]
inProgress = "орындалуда"

[appealgroup]
playback = "көрсетілім"

[appealmail]
request = "Осы өтінішті қарап, хатқа жауап беріңіз."
region = "Аймақ: {region}"
answer = "{day} күнгі {number} өтінішіңізге жауап."
mass_ticket = "Жаппай өтініштер: {group}, {region}, {service}"
"""
CODES = """
[[code]]
id = "01"
group = "playback"
kind = "complaint"
ru = "Не воспроизводится ни один канал"
en = "No channel plays"
names = { kk = "Бірде-бір арна көрсетілмейді" }

[[code]]
id = "02"
group = "playback"
kind = "complaint"
ru = "Не воспроизводится отдельный канал"
en = "One channel does not play"
"""
NUMBER = "8 701 234 56 78"


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


@pytest.fixture
def bureau(kazakh: None, control_room: Hall, tmp_path: Path) -> Bureau:
    """A desk that takes appeals by codes of a file of the operator's."""
    (tmp_path / "codes.toml").write_text(CODES, "utf-8")
    known = replace(rules(), codes=codes(tmp_path / "codes.toml"))
    control_room.machine.app.state.appeals = known
    return Bureau(control_room.runtime.database, known, control_room.now)


def test_screens_of_appeals_are_kazakh_as_far_as_they_are_written(control_room: Hall, bureau: Bureau) -> None:
    operator = control_room.person("operator160", language="kk")
    asked = post(operator, "/appeals/new", number=NUMBER)
    assert "Кең жолақты байланыс жұмыс істей ме?" in asked
    assert "This customer has not appealed before." in asked
    words = {"number": NUMBER, "broadband": "works", "ready": "1", "region": "Astana"}
    done = post(operator, "/appeals/new", code="АРНА көрсетілмейді", **words)
    assert bureau.appeal(1).code == "01"
    assert "The appeal is registered; the supplier has to be asked." in done
    bureau.registered(number="87012345679", code="02")
    actions.take(bureau.hand(1))
    page = operator.get("/appeals").text
    for told in (
        "<h1>Абоненттердің өтініштері",
        "Бірде-бір арна көрсетілмейді",
        "One channel does not play",
        "орындалуда",
    ):
        assert told in page
    page = operator.get("/appeals/1").text
    assert "<h1>Бірде-бір арна көрсетілмейді</h1>" in page
    assert "Өтініш 1" in page
    for path in ("/appeals/new", "/appeals/statistics"):
        assert operator.get(path).status_code == 200


def test_mail_of_appeals_is_kazakh_as_far_as_it_is_written(bureau: Bureau) -> None:
    assert AppealMail("support@supplier.example", language="kk").language == "kk"
    number = bureau.registered(number=NUMBER)
    appeal = bureau.appeal(number)
    words = Words("kk", ALMATY)
    asked = letters.request(bureau.rules, appeal, words, "support@supplier.example")
    assert asked.subject == f"[#A-2026-{number:06}] Бірде-бір арна көрсетілмейді"
    for told in ("Осы өтінішті қарап", "Code: 01, Бірде-бір арна көрсетілмейді", "Аймақ: Astana", "Service: ott"):
        assert told in asked.text
    answered = letters.answer(bureau.rules, appeal, words, Contact(NUMBER, "saule@example.kz"), "Қайта қосыңыз.")
    assert "өтінішіңізге жауап" in answered.text
    assert "If the problem is not solved" in answered.text


def test_a_ticket_of_a_mass_has_kazakh_words(control_room: Hall, bureau: Bureau) -> None:
    assert "kk" in languages()
    for place in range(10):
        bureau.registered(number=f"8701234567{place}")
    opening = Opening(bureau.database, bureau.rules, control_room.runtime.policy)
    baseline = Baseline()
    assert mass_tickets.look(opening, baseline, bureau.now) == 0
    bureau.pass_(minutes=3)
    control_room.now = bureau.now
    assert mass_tickets.look(opening, baseline, bureau.now) == 1
    page = control_room.person("engineer", language="kk").get("/ticket/1").text
    assert "Жаппай өтініштер: көрсетілім, Astana, ott" in page
    assert "More customers than usual appeal about the same." in page  # its description has no Kazakh
    assert "Mass appeals: playback, Astana, ott" in control_room.person("engineer").get("/ticket/1").text


def test_a_code_has_one_name_for_each_language(tmp_path: Path) -> None:
    (tmp_path / "codes.toml").write_text(CODES.replace("{ kk =", '{ ru = "x", kk ='), "utf-8")
    with pytest.raises(Exception, match="names: ru has a key of its own"):
        codes(tmp_path / "codes.toml")
