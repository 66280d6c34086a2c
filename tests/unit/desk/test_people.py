"""Who is on the desk: sessions, when they were last used, and the tickets people hold."""

from datetime import timedelta

from alerts.desk import actions
from alerts.desk.actions import Hand
from alerts.desk.rounds import attend
from alerts.desk.store.people import Person, people
from tests.unit.desk.console_desk import NOON, Hall


def on_desk(control_room: Hall) -> list[Person]:
    attend(control_room.runtime)
    with control_room.runtime.database.read() as connection:
        return list(people(connection, control_room.now))


def test_who_just_logged_in_is_seen(control_room: Hall) -> None:
    control_room.person("viewer", name="Wall")
    assert on_desk(control_room) == [Person("Wall", "viewer", logged_in=True, seen_at=NOON, tickets=0)]


def test_each_request_is_a_sign_of_life(control_room: Hall) -> None:
    aigerim = control_room.person(name="Aigerim")
    for minutes in (1, 2, 5):
        control_room.now = NOON + timedelta(minutes=minutes)
        aigerim.get("/")
    assert on_desk(control_room)[0].seen_at == NOON + timedelta(minutes=5)
    control_room.now += timedelta(minutes=1)
    assert on_desk(control_room)[0].seen_at == NOON + timedelta(minutes=5)


def test_two_sessions_of_one_person_count_as_the_latest(control_room: Hall) -> None:
    first = control_room.person(name="Aigerim")
    second = control_room.session("Aigerim")
    first.get("/")
    control_room.now += timedelta(minutes=3)
    second.get("/")
    assert [person.seen_at for person in on_desk(control_room)] == [NOON + timedelta(minutes=3)]


def test_somebody_who_left_but_holds_tickets_is_told(control_room: Hall) -> None:
    for node in ("edge-1", "edge-2", "edge-3"):
        control_room.alarm(node=node)
    control_room.person(name="Aigerim")
    actions.take(control_room.runtime.desk, Hand("Aigerim", 1))
    actions.take(control_room.runtime.desk, Hand("Daniyar", 2))
    actions.take(control_room.runtime.desk, Hand("Daniyar", 3))
    assert [(who.name, who.logged_in, who.tickets) for who in on_desk(control_room)] == [
        ("Aigerim", True, 1),
        ("Daniyar", False, 2),
    ]
    control_room.now += timedelta(days=2)  # the session ran out
    assert [(who.name, who.logged_in, who.tickets) for who in on_desk(control_room)] == [
        ("Aigerim", False, 1),
        ("Daniyar", False, 2),
    ]
