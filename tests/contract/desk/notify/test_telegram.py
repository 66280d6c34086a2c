"""Messages to chats of Telegram: split as it counts, repeated only where one is missing, given up where it says no."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
from apprise.plugins.telegram import NotifyTelegram

from alerts.desk.access.trail import By
from alerts.desk.core.settings import TargetSettings
from alerts.desk.notify import outbox
from alerts.desk.notify import test_message as trial
from alerts.desk.notify.deliver import Pace, deliver_target
from alerts.desk.tickets import queries
from alerts.desk.tickets.events import Delivered
from service.settings import Secret
from tests.contract.desk.alarms.test_ingest import Time, send
from tests.contract.desk.notify import telegram
from tests.contract.desk.notify.telegram import TOKEN, Refusal, Telegram
from tests.contract.desk.notify.test_outbox import runtime_of, secret
from tests.contract.desk.payloads import alert, notification
from tests.contract.web import web
from tests.support.migrated import sqlite_database

# One of Apprise's plug-ins.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
ONE, TWO = 987654321, -1001


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Telegram]:
    result = Telegram()
    with telegram.serving(result) as address:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{address}/bot")
        yield result


class Desk:
    """A desk whose only target are two chats."""

    def __init__(self, folder: Path, token: str = TOKEN, chats: str = f"{ONE}/{TWO}:7") -> None:
        self.time = Time()
        database = sqlite_database(folder / "desk.db")
        address = secret(folder, f"tgram://{token}/{chats}")
        self.target = TargetSettings("chat", "apprise", url=address, per_minute=1000)
        self.runtime = runtime_of(database, self.time, target=(self.target,))

    def fire(self, *nodes: str, text: str = "") -> None:
        for node in nodes:
            known = alert(node)
            if text:
                known["annotations"] |= {"description": text, "description_ru": text}
            send(self.runtime.database, notification(known), self.time(), self.runtime.policy)

    def deliver(self) -> None:
        with httpx.Client(timeout=60) as client:
            deliver_target(self.runtime, client, self.target, Pace(1000))

    def rows(self) -> list[tuple[str, int, str]]:
        with self.runtime.database.read() as connection:
            found = [outbox.find(connection, number) for number in range(1, 1000)]
        return [(row.state, row.attempts, row.error) for row in found if row is not None]

    def lines(self, ticket: int = 1) -> list[Delivered]:
        with self.runtime.database.read() as connection:
            events = queries.timeline(connection, [ticket])[ticket]
        return [each.body for each in events if isinstance(each.body, Delivered)]


@pytest.fixture
def desk(tmp_path: Path, api: Telegram) -> Desk:
    return Desk(tmp_path)


def test_both_chats_are_told_in_plain_text_with_the_subject_in_bold(desk: Desk, api: Telegram) -> None:
    desk.fire("edge-1", text="Свободно < 10 % на <edge-1> & меньше 😀")
    desk.deliver()
    (first,), (second,) = api.shown[ONE], api.shown[TWO]
    subject = "[P1] № 1 Новый билет: edge-1 не отвечает"
    assert first["text"].startswith(f"{subject}\n")
    assert "Свободно < 10 % на <edge-1> & меньше 😀" in first["text"]
    assert first["entities"] == [{"type": "bold", "offset": 0, "length": len(subject)}]
    assert "parse_mode" not in first
    assert ("message_thread_id" in first, second["message_thread_id"]) == (False, 7)
    assert [state for state, _, _ in desk.rows()] == ["sent"]


def test_the_general_topic_is_written_to_without_its_number(tmp_path: Path, api: Telegram) -> None:
    desk = Desk(tmp_path, chats=f"{ONE}:1/{TWO}:7")
    desk.fire("edge-1")
    desk.deliver()
    assert ["message_thread_id" in api.shown[each][0] for each in (ONE, TWO)] == [False, True]


def test_a_flood_is_told_in_messages_of_whole_lines_and_after_a_failure_only_what_is_missing(
    desk: Desk, api: Telegram
) -> None:
    desk.fire(*(f"edge-{number}-{'длинное имя узла ' * 6}" for number in range(45)))
    api.next[ONE] = [None, telegram.BROKEN]
    desk.deliver()
    assert len(api.texts(ONE)) == 1
    assert len(api.texts(TWO)) > 1, "the failure of one chat is not the other's"
    assert {state for state, _, _ in desk.rows()} == {"sent", "pending"}
    desk.time.pass_(seconds=10)
    desk.deliver()
    assert {state for state, _, _ in desk.rows()} == {"sent"}
    for chat in (ONE, TWO):
        lines = [line for text in api.texts(chat) for line in text.splitlines() if line.startswith("Новый билет: №")]
        assert sorted(line.split("edge-")[1].split("-")[0] for line in lines) == sorted(map(str, range(45)))


def test_the_parts_that_are_missing_go_when_telegram_says_that_they_may(desk: Desk, api: Telegram) -> None:
    text = "Канал не воспроизводится 😀. " * 400
    desk.fire("edge-1", text=text)
    api.next[ONE] = [None, telegram.busy(37)]
    desk.deliver()
    assert [(state, attempts) for state, attempts, _ in desk.rows()] == [("pending", 0)], "no attempt is lost"
    desk.time.pass_(seconds=36)
    desk.deliver()
    assert len(api.texts(ONE)) == 1
    desk.time.pass_(seconds=1)
    desk.deliver()
    assert [state for state, _, _ in desk.rows()] == ["sent"]
    assert api.texts(ONE) == api.texts(TWO)
    assert len(api.texts(ONE)) == 2
    assert api.texts(ONE)[0].endswith("Канал не воспроизводится 😀."), "cut after a sentence"


def test_a_message_that_has_begun_is_finished_and_not_told_again_in_a_digest(desk: Desk, api: Telegram) -> None:
    desk.fire("edge-1", text="Канал не воспроизводится. " * 400)
    api.next[ONE] = [None, telegram.BROKEN]
    desk.deliver()
    desk.fire(*(f"node-{number}" for number in range(40)))
    desk.time.pass_(seconds=120)
    desk.deliver()
    assert {state for state, _, _ in desk.rows()} == {"sent"}
    told = api.texts(ONE)
    assert [sum("edge-1" in text for text in found) for found in (told, api.texts(TWO))] == [1, 1]
    assert sum(text.startswith("Канал не воспроизводится.") for text in told) == len(told) - 2, "its other parts"


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (telegram.NO_CHAT, "check the chat's number"),
        (telegram.BLOCKED, "has to unblock the bot"),
        (telegram.KICKED, "add the bot to the chat again"),
        (telegram.NO_TOPIC, "the topic is gone"),
        (telegram.CLOSED_TOPIC, "the topic is closed: open it"),
        (telegram.NO_RIGHTS, "let the bot write"),
        (telegram.UNAUTHORIZED, "@BotFather"),
    ],
    ids=lambda each: each.description if isinstance(each, Refusal) else "",
)
def test_a_refusal_is_final_loud_and_says_what_to_do(desk: Desk, api: Telegram, refusal: Refusal, remedy: str) -> None:
    desk.fire("edge-1")
    api.always[ONE] = refusal
    desk.deliver()
    desk.time.pass_(hours=3)
    desk.deliver()
    assert (api.asked, len(api.texts(TWO))) == (2, 1)
    ((state, _, error),) = desk.rows()
    assert state == "dead"
    assert error.startswith(f"Telegram {ONE}: Telegram answered {refusal.code} {refusal.description}; ")
    assert remedy in error
    (line,) = desk.lines()
    assert (line.target, line.outcome) == (f"Telegram {ONE}", "refused")
    api.always.clear()
    trial.again(desk.runtime, By("Aigerim"), 1)
    desk.deliver()
    assert [len(api.texts(chat)) for chat in (ONE, TWO)] == [1, 1], "the other chat has it already"
    assert [state for state, _, _ in desk.rows()] == ["sent"]


@pytest.mark.parametrize("status", [200, 302, 403])
@pytest.mark.parametrize("page", [b"<html>Access is restricted</html>", b"", b"[]", b'{"status": "blocked"}'])
def test_a_page_of_who_blocks_telegram_is_neither_a_delivery_nor_a_refusal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, status: int, page: bytes
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    desk.fire("edge-1")
    with web(Handler) as address:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{address}/bot")
        desk.deliver()
    ((state, _, error),) = desk.rows()
    assert (state, f"something answered {status} in place of Telegram" in error) == ("pending", True), error


def test_a_refusal_with_status_200_is_a_refusal(desk: Desk, api: Telegram) -> None:
    """As gateways write it that answer 200 to everything."""
    api.always[ONE] = api.always[TWO] = telegram.NO_CHAT
    api.status = 200
    desk.fire("edge-1")
    desk.deliver()
    ((state, _, error),) = desk.rows()
    assert (state, "400 Bad Request: chat not found" in error) == ("dead", True), error


def test_a_wait_without_measure_is_a_day(desk: Desk, api: Telegram) -> None:
    api.always[ONE] = api.always[TWO] = telegram.busy(10**20)
    desk.fire("edge-1")
    desk.deliver()
    desk.time.pass_(hours=23)
    desk.deliver()
    assert api.asked == 2
    desk.time.pass_(hours=1)
    desk.deliver()
    assert api.asked > 2


def test_a_token_that_is_not_valid_is_final(tmp_path: Path, api: Telegram) -> None:
    desk = Desk(tmp_path, "123456789:another")
    desk.fire("edge-1")
    desk.deliver()
    ((state, _, error),) = desk.rows()
    assert (state, "404 Not Found; the bot's token is not valid" in error) == ("dead", True)
    assert "another" not in error


def test_a_group_that_became_a_supergroup_is_followed_and_the_new_number_told(desk: Desk, api: Telegram) -> None:
    api.always[ONE] = telegram.moved(-100555)
    desk.fire("edge-1")
    desk.deliver()
    assert (len(api.texts(-100555)), len(api.texts(TWO))) == (1, 1)
    assert [state for state, _, _ in desk.rows()] == ["sent"]
    with desk.runtime.database.read() as connection:
        queue = outbox.queues(connection)["chat"]
    assert queue.notice == f"the group {ONE} is now the supergroup -100555: write this number into the secret"


def test_a_server_that_is_away_is_tried_again_and_no_error_shows_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NotifyTelegram, "notify_url", "http://127.0.0.1:1/bot")
    desk = Desk(tmp_path)
    desk.fire("edge-1", "edge-2")
    desk.deliver()
    assert desk.rows() == [("pending", 1, "Telegram does not answer: Connection refused"), ("pending", 0, "")]


def test_an_address_without_a_chat_is_said_to_be_none(tmp_path: Path, api: Telegram) -> None:
    desk = Desk(tmp_path)
    desk.target = TargetSettings("chat", "apprise", url=Secret(file=tmp_path / "secret"))
    (tmp_path / "secret").write_text(f"tgram://{TOKEN}/")
    desk.fire("edge-1")
    desk.deliver()
    assert [(state, error) for state, _, error in desk.rows()] == [
        ("dead", "the address in the secret names no chat; write tgram://TOKEN/CHAT")
    ]
    assert api.asked == 0
