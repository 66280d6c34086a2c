"""Who is on the desk: sessions, when they were last used, and the tickets people hold."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from fastapi import Request
from fastapi.responses import StreamingResponse

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.login import Attempt, login
from alerts.desk.access.people import Person, people
from alerts.desk.access.roles import Principal
from alerts.desk.app.jobs import attend
from alerts.desk.core.settings import Limits
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.web import events
from alerts.desk.web.session import COOKIE
from service.settings import Seconds
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


class QuietPulse:
    """Nothing changes; each quarter of a minute that is told."""

    def __init__(self, control_room: Hall) -> None:
        self.control_room = control_room

    async def marks(self) -> AsyncIterator[str]:
        for _ in range(4):
            self.control_room.now += timedelta(seconds=15)
            yield ""


def test_a_page_that_is_open_and_asks_for_nothing_is_a_sign_of_life(control_room: Hall) -> None:
    control_room.person(name="Aigerim")
    app = control_room.machine.app
    app.state.pulse = QuietPulse(control_room)
    headers = [(b"cookie", f"{COOKIE}=secret1".encode())]
    request = Request({"type": "http", "app": app, "headers": headers, "query_string": b""})

    async def listen() -> None:
        async def tell(mark: str) -> events.News:
            return events.news(mark, "")

        answer = events.stream(request, tell)
        assert isinstance(answer, StreamingResponse)
        async for _ in answer.body_iterator:
            pass

    asyncio.run(listen())
    assert on_desk(control_room)[0].seen_at == NOON + timedelta(seconds=60)


def test_those_who_only_read_may_stay_longer(control_room: Hall) -> None:
    limits = Limits(session=Seconds(3600), viewer_session=Seconds(30 * 86400))
    hashed = secrets.hash_password("long enough")
    with control_room.runtime.database.write() as connection:
        for name, role in (("Wall", "viewer"), ("Aigerim", "engineer")):
            access.add_account(connection, Principal(name, role), hashed, NOON)
    for name, stays in (("Wall", True), ("Aigerim", False)):
        key = login(control_room.runtime.database, Attempt(name, "long enough", "::1"), limits, NOON)
        assert key
        with control_room.runtime.database.read() as connection:
            later = NOON + timedelta(days=29)
            assert (access.find_session(connection, secrets.digest(key), later) is not None) is stays
            assert access.find_session(connection, secrets.digest(key), NOON + timedelta(days=31)) is None
