"""What one customer said or was told is nowhere but on the page of that appeal: planted words of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk.appeals import actions, linking, mass_answer, mass_tickets
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.mail import letters
from alerts.desk.appeals.mass_tickets import Opening
from alerts.desk.core.words import Words
from tests.contract.desk.appeals.appeals_desk import ALMATY, Bureau, everything_stored, rules
from tests.unit.desk.console_desk import Hall, hall

CHILDREN = 10
COMMON = "The fault of the first of March is repaired"
TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
PROBLEMS = "/tmf-api/serviceProblemManagement/v5/serviceProblem"
INTERACTIONS = "/tmf-api/partyInteractionManagement/v5/partyInteraction"
KINDS = ("text", "name", "question", "said", "answer")


def planted(kind: str, number: int) -> str:
    """Return words of a kind that only the appeal of this number has."""
    return f"planted{kind}{number:03}end"


@pytest.fixture
def control_room(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as found:
        found.machine.app.state.appeals = rules()
        yield found


@pytest.fixture
def family(control_room: Hall) -> tuple[Bureau, int, list[int]]:
    """A mass of appeals below one emergency ticket; each child was asked something, replied and was answered."""
    bureau = Bureau(control_room.runtime.database, control_room.machine.app.state.appeals, control_room.now)
    numbers = [
        bureau.registered(number=f"8701234567{place}", text=planted("text", place + 1), name=planted("name", place + 1))
        for place in range(CHILDREN)
    ]
    opening, baseline = Opening(bureau.database, bureau.rules, control_room.runtime.policy), Baseline()
    mass_tickets.look(opening, baseline, bureau.now)
    bureau.pass_(minutes=3)
    assert mass_tickets.look(opening, baseline, bureau.now) == 1
    for number in numbers:
        linking.confirm(bureau.hand(number), 1)
    for number in numbers[:5]:
        actions.resume(bureau.hand(number))
        actions.ask_customer(bureau.hand(number), planted("question", number))
        actions.resume(bureau.hand(number), planted("said", number))
        actions.answer(bureau.hand(number), planted("answer", number))
    control_room.now = bureau.now
    return bureau, 1, numbers


def test_no_word_of_a_child_is_on_its_parent_or_a_sibling(
    control_room: Hall, family: tuple[Bureau, int, list[int]]
) -> None:
    bureau, parent, numbers = family
    bureau.ticket_status(parent, "resolved")
    assert mass_answer.begin(bureau.database, bureau.rules, parent, COMMON, "Dana", bureau.now)
    assert mass_answer.give(bureau.database, bureau.rules, bureau.now) == CHILDREN - 5
    roles = ("operator160", "chief", "engineer", "administrator")
    people = {role: control_room.person(role, name=role) for role in roles}
    shared = [(role, path) for role in roles for path in (f"/ticket/{parent}", "/", "/overview", "/wall")]
    shared += [(role, "/appeals") for role in ("operator160", "chief")]
    for role, path in shared:
        page = people[role].get(path).text
        assert "planted" not in page, (role, path)
    for number in numbers:
        page = people["operator160"].get(f"/appeals/{number}").text
        own = [planted(kind, number) for kind in (KINDS if number in numbers[:5] else ("text", "name"))]
        assert [word for word in own if word not in page] == []
        for word in own:
            page = page.replace(word, "")
        assert "planted" not in page, number
        assert (COMMON in page) == (number not in numbers[:5])


def test_no_word_of_a_child_leaves_by_an_interface_or_to_the_supplier(
    control_room: Hall, family: tuple[Bureau, int, list[int]]
) -> None:
    bureau, parent, numbers = family
    paths = [f"{TICKETS}/{parent}", f"{PROBLEMS}/{parent}", TICKETS, PROBLEMS, f"{TICKETS}?ticketType=complaint"]
    paths.append(INTERACTIONS)
    asked = [(control_room.machine, path) for path in paths]
    chief = control_room.person("chief")
    asked += [(chief, path) for path in ("/api/v1/appeals", *(f"/api/v1/appeals/{number}" for number in numbers))]
    for caller, path in asked:
        answer = caller.get(path)
        assert answer.status_code == 200, path
        assert "planted" not in answer.text, path
    words = Words("en", ALMATY)
    mails = [
        letters.request(bureau.rules, bureau.appeal(number), words, "support@supplier.example") for number in numbers
    ]
    mails.append(
        letters.mass(words, "support@supplier.example", letters.Mass(1, "playback", "Astana", "ott", 10, "A-1"))
    )
    assert "planted" not in str(mails)
    assert "planted" not in everything_stored(bureau.database)  # sealed
