"""What the desk does by itself is told in the reader's language: a Russian engineer reads «система», not "desk"."""

import re
from datetime import UTC

import pytest

from alerts.desk.access.names import checked
from alerts.desk.access.refused import RefusedError
from alerts.desk.core import actors
from alerts.desk.core.words import DESK, Words
from tests.unit.desk.console_desk import Hall


@pytest.mark.parametrize(("language", "name"), [("ru", "система"), ("en", "desk")])
def test_the_timeline_names_the_desk_in_the_readers_language(control_room: Hall, language: str, name: str) -> None:
    control_room.alarm()
    page = control_room.person(language=language).get("/ticket/1").text
    assert set(re.findall(r"</time> <b>([^<]*)</b>", page)) == {name}


def test_each_actor_has_a_name_in_russian() -> None:
    # The program at the command line is called the same in every language.
    own = [value for key, value in vars(actors).items() if key.isupper() and value != actors.PROGRAM]
    assert len(own) == 2
    for each in own:
        assert re.fullmatch("[а-яё ]+", Words("ru", UTC).actor(each)), each
    assert Words("ru", UTC).actor("Aigerim") == "Aigerim"


def test_no_page_shows_an_actor_as_it_is_stored() -> None:
    shown = [
        f"{page.relative_to(DESK)}: {found}"
        for page in sorted(DESK.rglob("*.html"))
        for found in re.findall(r"{{[^}]*\.actor\b[^}]*}}", page.read_text("utf-8"))
        if not re.search(r"t\.actor\(\w+\.actor\)", found)
    ]
    assert shown == []


@pytest.mark.parametrize("name", ["desk", "Система", "сверка с биллингом"])
def test_no_person_is_called_as_the_desk_is(name: str) -> None:
    with pytest.raises(RefusedError, match="name_reserved"):
        checked(name)
