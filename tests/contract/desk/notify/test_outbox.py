"""Messages reach real servers, wait for dead ones, and become one when there are too many."""

import json
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import select

from alerts.desk.access.refused import RefusedError
from alerts.desk.access.trail import By
from alerts.desk.alarms import recovery
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings, TargetSettings, Url, VendorSettings
from alerts.desk.core.tables import event, hub, outbox
from alerts.desk.core.words import Words
from alerts.desk.notify import attempt, hubs
from alerts.desk.notify import outbox as stored
from alerts.desk.notify import test_message as trial
from alerts.desk.notify.deliver import Pace, deliver_target
from alerts.desk.notify.listeners import deliver_hubs
from alerts.desk.notify.vendors import deliver_vendors
from alerts.desk.tickets import actions, queries
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.events import Delivered, Kind
from alerts.desk.tickets.retention import forget
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.timeline import sentence
from demo.ports import free_port
from service.mail import Smtp
from service.settings import Secret
from tests.contract.desk.alarms.test_ingest import Time, send
from tests.contract.desk.payloads import START, alert, notification
from tests.contract.mailbox import Box, taking_mail
from tests.contract.web import web as serving


@pytest.fixture
def mail() -> Iterator[tuple[Box, int]]:
    box = Box()
    with taking_mail(box) as port:
        yield box, port


class Request(NamedTuple):
    method: str
    path: str
    body: Any


@pytest.fixture
def web() -> Iterator[tuple[list[Request], str]]:
    """A web server that remembers what it got; it refuses while its list starts with a number."""
    got: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
            is_json = (self.headers["Content-Type"] or "").startswith("application/json")
            got.append(Request(self.command, self.path, json.loads(raw) if is_json else raw.decode()))
            answer = b'{"id": "EXT-7", "status": "success", "data": {"result": []}}' if raw else b"[]"
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PATCH = do_POST  # noqa: N815 - the base class's name

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as address:
        yield got, f"http://{address}"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as result:
        yield result


def runtime_of(database: Database, time: Time, **settings: Any) -> Runtime:
    made = Settings(**settings)
    return Runtime(made, database, policy_of(made), time)


@pytest.fixture
def time() -> Time:
    return Time()


def waiting(database: Database) -> list[tuple[str, str, int]]:
    with database.read() as connection:
        rows = connection.execute(select(outbox.c.target, outbox.c.state, outbox.c.attempts).order_by(outbox.c.id))
        return [tuple(row) for row in rows]


def fire(runtime: Runtime, *nodes: str) -> None:
    for node in nodes:
        send(runtime.database, notification(alert(node)), runtime.now(), runtime.policy)


def test_mail_waits_for_its_server_and_arrives(
    database: Database, time: Time, mail: tuple[Box, int], client: httpx.Client
) -> None:
    box, port = mail
    target = TargetSettings("duty", "mail", to=("noc@example.org",))
    dead = Smtp("127.0.0.1", "desk@example.org", free_port(), security="none")
    runtime = runtime_of(database, time, smtp=dead, target=(target,), public_url=Url("https://desk.example"))
    fire(runtime, "edge-1")
    deliver_target(runtime, client, target, Pace(30))
    assert waiting(database) == [("duty", "pending", 1)]
    alive = runtime_of(database, time, smtp=Smtp("127.0.0.1", "desk@example.org", port, security="none"))
    deliver_target(alive, client, target, Pace(30))
    assert box.mails == [], "a failed message is not tried again at once"
    time.pass_(seconds=6)
    deliver_target(alive, client, target, Pace(30))
    ((to, letter),) = box.mails
    assert to == ["noc@example.org"]
    assert letter["Subject"] == "[P1] № 1 Новый билет: edge-1 не отвечает"
    assert waiting(database) == [("duty", "sent", 2)]


def test_a_message_is_given_up_in_the_end_and_stays_visible(
    database: Database, time: Time, client: httpx.Client
) -> None:
    target = TargetSettings("duty", "mail", to=("noc@example.org",))
    smtp = Smtp("127.0.0.1", "desk@example.org", free_port(), security="none")
    runtime = runtime_of(database, time, smtp=smtp, target=(target,))
    fire(runtime, "edge-1")
    for _ in range(20):
        deliver_target(runtime, client, target, Pace(30))
        time.pass_(hours=2)
    assert waiting(database) == [("duty", "dead", stored.RETRIES)]
    with database.read() as connection:
        (letter,) = stored.dead_letters(connection, 10)
        assert "refused" in letter.error
        assert queries.figures(connection, None).outbox_dead == 1


def test_a_storm_becomes_a_digest_and_keeps_the_pace(
    database: Database, time: Time, mail: tuple[Box, int], client: httpx.Client
) -> None:
    box, port = mail
    target = TargetSettings("duty", "mail", to=("noc@example.org",), digest_over=10, per_minute=3)
    smtp = Smtp("127.0.0.1", "desk@example.org", port, security="none")
    runtime = runtime_of(database, time, smtp=smtp, target=(target,))
    pace = Pace(target.per_minute)
    fire(runtime, *(f"edge-{number}" for number in range(60)))
    deliver_target(runtime, client, target, pace)
    ((_, letter),) = box.mails
    assert letter["Subject"] == "Сводка: сообщений 60"
    assert "… и ещё 10" in letter.get_content()
    fire(runtime, *(f"edge-{number}" for number in range(60, 65)))
    deliver_target(runtime, client, target, pace)
    assert len(box.mails) == 3, "one digest and two letters; a look that found nothing is no delivery"
    time.pass_(minutes=1)
    deliver_target(runtime, client, target, pace)
    time.pass_(minutes=1)
    deliver_target(runtime, client, target, pace)
    assert len(box.mails) == 6


def test_mail_that_must_be_encrypted_is_not_sent_in_the_clear(
    database: Database, time: Time, mail: tuple[Box, int], client: httpx.Client
) -> None:
    box, port = mail
    target = TargetSettings("duty", "mail", to=("noc@example.org",))
    runtime = runtime_of(database, time, smtp=Smtp("127.0.0.1", "desk@example.org", port), target=(target,))
    fire(runtime, "edge-1")
    deliver_target(runtime, client, target, Pace(30))
    assert (box.mails, waiting(database)) == ([], [("duty", "pending", 1)])


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_vendor_gets_the_evidence_and_is_asked_again(
    database: Database, time: Time, mail: tuple[Box, int], client: httpx.Client, language: Any
) -> None:
    box, port = mail
    word = {"ru": "Передан вам", "en": "Handed over to you"}[language]
    vendor = VendorSettings("Edge Ltd", "first@edge.example", "boss@edge.example", language)
    smtp = Smtp("127.0.0.1", "desk@example.org", port, security="none")
    runtime = runtime_of(database, time, smtp=smtp, vendor=(vendor,))
    fire(runtime, "edge-1")
    actions.hand_over(runtime.desk, Hand("Aigerim", 1), "Edge Ltd", "power supply?")
    deliver_vendors(runtime, client)
    to, letter = box.mails[0]
    assert (to, word in letter["Subject"]) == (["first@edge.example"], True)
    for fact in ("node: edge-1", "alertname=NodeDown", "power supply?"):
        assert fact in letter.get_content()
    time.pass_(minutes=31)
    assert recovery.run_due(runtime.desk).breaches["accept"] == 1
    deliver_vendors(runtime, client)
    assert [to for to, _ in box.mails] == [["first@edge.example"], ["boss@edge.example"]]
    actions.accept(runtime.desk, Hand("Aigerim", 1), "CASE-42")
    time.pass_(hours=1)
    recovery.run_due(runtime.desk)
    deliver_vendors(runtime, client)
    assert len(box.mails) == 2
    actions.give_back(runtime.desk, Hand("Aigerim", 1), "replaced the power supply")
    with database.read() as connection:
        ticket = queries.find(connection, 1)
        assert ticket is not None
        assert (ticket.status, ticket.vendor) == ("inProgress", "")


def test_hub_listeners_hear_what_they_asked_for(
    database: Database, time: Time, web: tuple[list[Request], str], client: httpx.Client
) -> None:
    got, url = web
    runtime = runtime_of(database, time)
    with database.write() as connection:
        hubs.add(connection, "all", f"{url}/a", "", time())
        hubs.add(connection, "some", f"{url}/b", "eventType=TroubleTicketResolvedEvent", time())
        hubs.add(connection, "gone", f"{url}/c", "", time())
    fire(runtime, "edge-1")
    actions.take(runtime.desk, Hand("Aigerim", 1))
    actions.resolve(runtime.desk, Hand("Aigerim", 1), "repaired")
    with database.write() as connection:
        hubs.remove(connection, "gone")
    deliver_hubs(runtime, client)
    heard = [(request.path, request.body["eventType"]) for request in got]
    assert sorted(heard) == sorted(
        [
            ("/a/listener/troubleTicketCreateEvent", "TroubleTicketCreateEvent"),
            ("/a/listener/troubleTicketAttributeValueChangeEvent", "TroubleTicketAttributeValueChangeEvent"),
            ("/a/listener/troubleTicketStatusChangeEvent", "TroubleTicketStatusChangeEvent"),
            ("/a/listener/troubleTicketAttributeValueChangeEvent", "TroubleTicketAttributeValueChangeEvent"),
            ("/a/listener/troubleTicketStatusChangeEvent", "TroubleTicketStatusChangeEvent"),
            ("/a/listener/troubleTicketResolvedEvent", "TroubleTicketResolvedEvent"),
            ("/b/listener/troubleTicketResolvedEvent", "TroubleTicketResolvedEvent"),
        ]
    )


@pytest.mark.parametrize("callback", ["http://" + "x" * 64 + "/", "http://[::1/", "http://127.0.0.1:1/"])
def test_a_listener_that_cannot_be_reached_is_tried_again_while_it_may_come_back(
    database: Database, time: Time, client: httpx.Client, callback: str
) -> None:
    runtime = runtime_of(database, time)
    with database.write() as connection:
        hubs.add(connection, "odd", callback, "", time())
    fire(runtime, "edge-1")
    deliver_hubs(runtime, client)
    state = "dead" if callback == "http://[::1/" else "pending"  # what is no address will not become one
    assert waiting(database) == [("hub:odd", state, 1)]


def test_a_listener_that_hangs_holds_up_no_other(database: Database, time: Time, client: httpx.Client) -> None:
    both = threading.Barrier(2)

    class Meeting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            both.wait(10)  # answers only while the other one is being told as well
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Meeting) as address:
        runtime = runtime_of(database, time)
        with database.write() as connection:
            for name in ("one", "other"):
                hubs.add(connection, name, f"http://{address}/{name}", "", time())
        fire(runtime, "edge-1")
        deliver_hubs(runtime, client)
    assert sorted(waiting(database)) == [("hub:one", "sent", 1), ("hub:other", "sent", 1)]


def test_a_listener_that_is_away_is_asked_now_and_then_and_loses_nothing(
    database: Database, time: Time, web: tuple[list[Request], str], client: httpx.Client
) -> None:
    got, url = web
    runtime = runtime_of(database, time)
    with database.write() as connection:
        hubs.add(connection, "away", f"http://127.0.0.1:{free_port()}/", "", time())
    fire(runtime, *(f"edge-{number}" for number in range(8)))
    for _ in range(100):
        deliver_hubs(runtime, client)
        time.pass_(seconds=1)
    attempts = [number for _, _, number in waiting(database)]
    assert sum(attempts) < 10, "not once for every event"
    for _ in range(60):
        time.pass_(minutes=1)
        deliver_hubs(runtime, client)
    assert {state for _, state, _ in waiting(database)} == {"pending"}
    with database.write() as connection:
        connection.execute(hub.update().values(callback=f"{url}/back?key=k"))
    time.pass_(hours=1)
    deliver_hubs(runtime, client)
    assert {each.path for each in got} == {"/back/listener/troubleTicketCreateEvent?key=k"}
    assert len(got) == 8


def test_a_vendor_that_cannot_be_told_is_seen_on_the_ticket(
    database: Database, time: Time, client: httpx.Client
) -> None:
    smtp = Smtp("127.0.0.1", "desk@example.org", free_port(), security="none")
    runtime = runtime_of(database, time, smtp=smtp, vendor=(VendorSettings("Edge Ltd", "first@edge.example"),))
    fire(runtime, "edge-1")
    actions.hand_over(runtime.desk, Hand("Aigerim", 1), "Edge Ltd", "")
    for _ in range(20):
        deliver_vendors(runtime, client)
        time.pass_(hours=2)
    assert waiting(database) == [("vendor:Edge Ltd", "dead", stored.RETRIES)]
    with database.read() as connection:
        (line,) = [each for each in queries.timeline(connection, [1])[1] if each.kind is Kind.DELIVERY]
    assert isinstance(line.body, Delivered)
    assert (line.body.target, line.body.outcome) == ("first@edge.example", "given up")
    assert "refused" in line.body.reason
    assert "не доставлено" in sentence(line, Words("ru", UTC))


def test_a_password_that_smtp_cannot_carry_is_an_error_like_others(
    database: Database, time: Time, client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtplib.SMTP, "starttls", lambda _, context: None)
    target = TargetSettings("duty", "mail", to=("noc@example.org",))
    password = secret(tmp_path, "құпия сөз")
    with taking_mail(Box(), auth_require_tls=False) as port:
        smtp = Smtp("127.0.0.1", "desk@example.org", port, username="desk", password=password)
        runtime = runtime_of(database, time, smtp=smtp, target=(target,))
        fire(runtime, "edge-1")
        deliver_target(runtime, client, target, Pace(30))
    with database.read() as connection:
        assert stored.queues(connection)["duty"].error.endswith("is not plain ASCII")


def secret(folder: Path, text: str) -> Secret:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(0o600)
    return Secret(file=file)


def test_another_tmf621_desk_gets_the_ticket_once_and_its_number_is_kept(
    database: Database, time: Time, web: tuple[list[Request], str], client: httpx.Client, tmp_path: Path
) -> None:
    got, url = web
    target = TargetSettings("carrier", "tmf621", url=secret(tmp_path, f"{url}/tmf"))
    runtime = runtime_of(database, time, target=(target,))
    fire(runtime, "edge-1")
    deliver_target(runtime, client, target, Pace(30))
    send(database, notification(alert("edge-1", firing=False)), time(), runtime.policy)
    deliver_target(runtime, client, target, Pace(30))
    assert [(each.method, each.path) for each in got] == [
        ("POST", "/tmf/troubleTicket"),
        ("PATCH", "/tmf/troubleTicket/EXT-7"),
    ]
    with database.read() as connection:
        assert connection.scalars(select(event.c.data).where(event.c.kind == "reference")).all() == [
            {"owner": "carrier", "reference": "EXT-7"}
        ]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # one of Apprise's plug-ins
def test_a_desk_that_does_not_say_the_number_of_a_ticket_gets_it_only_once(
    database: Database, time: Time, tmp_path: Path
) -> None:
    target = TargetSettings("carrier", "tmf621", url=secret(tmp_path, "http://carrier.example/tmf"))
    runtime = runtime_of(database, time, target=(target,))
    fire(runtime, "edge-1")
    created: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        created.append(request)
        return httpx.Response(201, json={"name": "no id"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as other:
        for _ in range(3):
            deliver_target(runtime, other, target, Pace(30))
            time.pass_(minutes=10)
    assert len(created) == 1
    assert state_of(database, 1)[0] == "dead"


def test_grafana_and_apprise_targets(
    database: Database, time: Time, web: tuple[list[Request], str], client: httpx.Client, tmp_path: Path
) -> None:
    got, url = web
    (tmp_path / "g").mkdir()
    grafana = TargetSettings("boards", "grafana", url=secret(tmp_path / "g", url))
    chat = TargetSettings("chat", "apprise", url=secret(tmp_path, url.replace("http", "json")))
    runtime = runtime_of(database, time, target=(grafana, chat))
    fire(runtime, "edge-1")
    deliver_target(runtime, client, grafana, Pace(30))
    deliver_target(runtime, client, chat, Pace(30))
    assert [each.path for each in got] == ["/api/annotations", "/"]
    assert "edge-1" in got[0].body["tags"]
    assert got[0].body["time"] == int((START + timedelta(seconds=10)).timestamp() * 1000)
    assert "edge-1 не отвечает" in got[1].body["title"]
    assert waiting(database) == [("boards", "sent", 1), ("chat", "sent", 1)]


def state_of(database: Database, number: int) -> tuple[str, int, str]:
    with database.read() as connection:
        row = stored.find(connection, number)
    assert row is not None
    return row.state, row.attempts, row.error


def test_a_test_message_overtakes_what_waits_and_is_tried_once(
    database: Database, time: Time, mail: tuple[Box, int], client: httpx.Client
) -> None:
    box, port = mail
    target = TargetSettings("duty", "mail", to=("noc@example.org",), digest_over=2)
    by = By("Aigerim", "192.0.2.1")
    dead = Smtp("127.0.0.1", "desk@example.org", free_port(), security="none")
    runtime = runtime_of(database, time, smtp=dead, target=(target,))
    fire(runtime, "edge-1", "edge-2", "edge-3")
    first = trial.start(runtime, by, "duty")
    with pytest.raises(RefusedError, match="test_waits"):
        trial.start(runtime, by, "duty")
    with pytest.raises(RefusedError, match="no_target"):
        trial.start(runtime, by, "nobody")
    deliver_target(runtime, client, target, Pace(1))
    state, attempts, error = state_of(database, first)
    assert (state, attempts) == ("failed", 1)
    assert "refused" in error
    with database.read() as connection:
        assert queries.figures(connection, None).outbox_dead == 0, "whoever tests is told; nobody else is called"
        queue = stored.queues(connection)["duty"]
        assert (queue.pending, queue.dead, queue.last_success) == (3, 0, None)
        assert "refused" in queue.error
    runtime = runtime_of(database, time, smtp=replace(dead, port=port), target=(target,))
    second = trial.start(runtime, by, "duty")
    deliver_target(runtime, client, target, Pace(30))
    assert state_of(database, second)[0] == "sent"
    ((_, letter),) = box.mails
    assert letter["Subject"] == "ottwatch: проверка адресата duty"
    assert "Aigerim" in letter.get_content()
    time.pass_(seconds=6)
    deliver_target(runtime, client, target, Pace(30))
    with database.read() as connection:
        queue = stored.queues(connection)["duty"]
    assert (queue.pending, queue.last_success, queue.error) == (0, time(), "")
    assert forget(database, time() + timedelta(hours=1), 3600, 0)[1] == 2, (
        "tests are forgotten, sent or not; the messages of open tickets stay"
    )


def test_a_dead_letter_is_sent_again(
    database: Database, time: Time, mail: tuple[Box, int], client: httpx.Client
) -> None:
    box, port = mail
    target = TargetSettings("duty", "mail", to=("noc@example.org",))
    dead = Smtp("127.0.0.1", "desk@example.org", free_port(), security="none")
    runtime = runtime_of(database, time, smtp=dead, target=(target,))
    fire(runtime, "edge-1")
    for _ in range(stored.RETRIES):
        deliver_target(runtime, client, target, Pace(30))
        time.pass_(hours=2)
    with database.read() as connection:
        (letter,) = stored.dead_letters(connection, 10)
    by = By("Aigerim")
    trial.again(runtime, by, letter.id)
    with pytest.raises(RefusedError, match="not_dead"):
        trial.again(runtime, by, letter.id)
    runtime = runtime_of(database, time, smtp=replace(dead, port=port), target=(target,))
    deliver_target(runtime, client, target, Pace(30))
    assert len(box.mails) == 1
    assert state_of(database, letter.id) == ("sent", 1, "")


def test_tests_of_other_kinds_change_nothing_but_say_that_they_arrived(
    database: Database, time: Time, web: tuple[list[Request], str], client: httpx.Client, tmp_path: Path
) -> None:
    got, url = web
    (tmp_path / "g").mkdir()
    boards = TargetSettings("boards", "grafana", url=secret(tmp_path / "g", url))
    carrier = TargetSettings("carrier", "tmf621", url=secret(tmp_path, f"{url}/tmf"))
    runtime = runtime_of(database, time, target=(boards, carrier))
    numbers = [trial.start(runtime, By("Aigerim"), each.name) for each in (boards, carrier)]
    for each in (boards, carrier):
        deliver_target(runtime, client, each, Pace(30))
    assert [(each.method, each.path) for each in got] == [
        ("POST", "/api/annotations"),
        ("GET", "/tmf/troubleTicket?limit=1"),
    ]
    assert got[0].body["tags"] == ["ottwatch", "test"]
    assert [state_of(database, number)[0] for number in numbers] == ["sent", "sent"]


def test_what_a_server_repeats_of_a_secret_is_not_kept(database: Database, time: Time, tmp_path: Path) -> None:
    target = TargetSettings("chat", "apprise", url=secret(tmp_path, "tgram://PLANTED/1"))
    gone = TargetSettings("gone", "apprise", url=Secret(file=tmp_path / "missing"))
    runtime = runtime_of(database, time, target=(gone, target))
    number = trial.start(runtime, By("Aigerim"), "chat")
    with database.write() as connection:
        rows = stored.claim(connection, "chat", time(), 1)
    refused = attempt.Answer("", [number], "the server refused tgram://PLANTED/1 as it came")
    assert not attempt.note(runtime, rows, [""], [refused])
    assert state_of(database, number)[2] == "the server refused … as it came"
