"""HTTP targets: what is worth another attempt, when, and what is not."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from alerts.desk.notify.attempt import LONGEST_WAIT, BusyError, RefusedError
from alerts.desk.notify.channels import chats, web
from alerts.desk.notify.texts import Letter
from tests.contract.desk.notify.test_outbox import secret
from tests.contract.web import Answering
from tests.contract.web import web as serving

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120.0), (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0), ("soon", None), ("", None)],
)
def test_both_forms_of_retry_after_are_read(text: str, seconds: float | None) -> None:
    assert web.retry_after({"Retry-After": text}, NOW) == seconds


def server(status: int, headers: dict[str, str], seen: list[str]) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            with lock:
                seen.append(self.path)
                first = len(seen) == 1
            self.send_response(status if first or status != 404 else 200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (429, {"Retry-After": "42"}, BusyError, 42.0),
        (429, {}, BusyError, web.PAUSE),
        (429, {"Retry-After": "99999999999999999999"}, BusyError, LONGEST_WAIT.total_seconds()),
        (503, {"Retry-After": "5"}, BusyError, 5.0),
        (503, {}, OSError, None),
        (408, {}, OSError, None),
        (401, {}, RefusedError, None),
        (404, {}, RefusedError, None),
        (301, {"Location": "https://elsewhere.example/"}, RefusedError, None),
    ],
)
def test_what_an_answer_means(status: int, headers: dict[str, str], kind: type[OSError], wait: float | None) -> None:
    with serving(server(status, headers, [])) as address, httpx.Client() as client, pytest.raises(OSError) as caught:  # noqa: PT011
        web.post(client, f"http://{address}/", {})
    assert type(caught.value) is kind
    assert f"answered {status}" in str(caught.value)
    if isinstance(caught.value, BusyError):
        assert caught.value.wait.total_seconds() == wait


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # one of Apprise's plug-ins
@pytest.mark.parametrize(
    ("status", "kind"), [(404, RefusedError), (403, RefusedError), (429, BusyError), (500, OSError), (408, OSError)]
)
def test_what_apprise_says_of_an_answer(tmp_path: Path, status: int, kind: type[OSError]) -> None:
    with serving(server(status, {}, [])) as address:
        (chat,) = chats.chats(secret(tmp_path, f"json://{address}/"))
        with pytest.raises(OSError, match=f"error={status}") as caught:
            chat.send(Letter("subject", "text"), "text")
    assert type(caught.value) is kind


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_delivery_by_apprise(tmp_path: Path, status: int) -> None:
    """Followed, it would be a GET of the login page that it leads to, answered 200."""
    asked: list[str] = []

    class Moved(Answering):
        def do_POST(self) -> None:  # noqa: N802 - the name that the library calls
            asked.append(f"POST {self.path}")
            self.send_response(status)
            self.send_header("Location", "/login")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:  # noqa: N802 - the name that the library calls
            asked.append(f"GET {self.path}")
            self.answer(b"<html>Sign in</html>")

    with serving(Moved) as address:
        (chat,) = chats.chats(secret(tmp_path, f"json://{address}/hook"))
        with pytest.raises(RefusedError, match=f"error={status}.*the address has moved; write the new one"):
            chat.send(Letter("subject", "text"), "text")
    assert asked == ["POST /hook"]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "quiet"), [("mmost", True), ("json", False)], ids=["Mattermost", "a program reads it as it is"]
)
def test_names_in_an_alert_ring_for_nobody(tmp_path: Path, kind: str, quiet: bool) -> None:
    said: list[str] = []

    class Taking(Answering):
        def do_POST(self) -> None:  # noqa: N802 - the name that the library calls
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said.append(body["text"] if quiet else f"{body['title']} {body['message']}")
            self.answer(b"ok")

    letter = Letter("@channel: disk", "@here @all <@17> @**all** @room, mail noc@example.kz 5 @ 6")
    with serving(Taking) as address:
        (chat,) = chats.chats(secret(tmp_path, f"{kind}://{address}/abcdefghijklmnopqrstuvwxyz"))
        for text in chat.parts(letter):
            chat.send(letter, text)
    (text,) = said
    # Mattermost parts words at everything but letters, numbers and ":.-_@".
    assert ("@here" in re.split(r"[^\w:.@-]+", text)) is not quiet
    assert ("@channel:" in text) is not quiet
    assert text.count("@\u200b") == (6 if quiet else 0)
    assert "noc@example.kz 5 @ 6" in text
    assert text.replace("\u200b", "").split() == f"{letter.subject} {letter.text}".split()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_each_channel_of_a_service_is_a_recipient_of_its_own(tmp_path: Path) -> None:
    seen: list[str] = []
    with serving(server(404, {}, seen)) as address:
        both = chats.chats(secret(tmp_path, f"mmost://{address}/abcdefghijklmnopqrstuvwxyz/?channel=noc,boss"))
        assert [each.name for each in both] == ["Mattermost 1", "Mattermost 2"]
        with pytest.raises(RefusedError):
            both[0].send(Letter("subject", "text"), "text")
        both[1].send(Letter("subject", "text"), "text")
    assert len(seen) == 2


@pytest.mark.parametrize("page", ["<html>Sign in</html>", "", "[]", '"ok"'])
def test_a_login_page_with_status_200_is_no_delivery(tmp_path: Path, page: str) -> None:
    note = web.Annotation(NOW, ["ottwatch"], "edge-1")
    address = secret(tmp_path, "http://grafana.example.kz")
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text=page))) as client:
        with pytest.raises(OSError, match=r"answered 200 without the JSON of its API; see .* a login page") as caught:
            web.annotate(client, address, None, note)
        assert not isinstance(caught.value, RefusedError)
        if page != "[]":
            with pytest.raises(OSError, match="without the JSON of its API"):
                web.look(client, address, None)
