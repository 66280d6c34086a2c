"""The listener for players' events, over sockets: who may write, how much, and what a browser is told."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.sources.player_events.server import LARGEST_BODY
from agent.sources.player_events.settings import PlayerEventsSettings
from agent.sources.player_events.source import PlayerEventsSource
from demo.ports import free_port
from service.settings import Secret

EVENT = b'cid="news",e=ps,sid="a",sn=0,sta=p,ts=1700000000000,v=2\n'


@contextmanager
def listening(clock: float = 1e9, **settings: Any) -> Iterator[PlayerEventsSource]:
    source = PlayerEventsSource(
        PlayerEventsSettings("apps", listen=f"127.0.0.1:{free_port()}", **settings), lambda: clock
    )
    source.start()
    try:
        source.samples()
        yield source
    finally:
        source.stop()


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    file = tmp_path / "token"
    file.write_text("of-players\n")
    file.chmod(0o600)
    return Secret(file=file)


def ask(
    source: PlayerEventsSource,
    path: str = "/events",
    body: bytes = EVENT,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", source.port, timeout=10)
    connection.request(method, path, body, {"Content-Type": "application/cmcd", **(headers or {})})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def counts(source: PlayerEventsSource, name: str) -> dict[tuple[str, ...], Any]:
    return {sample.labels: sample.value for sample in source.samples() if sample.metric.name == name}


def test_events_are_taken_with_the_token_in_the_address_or_the_header(secret: Secret) -> None:
    with listening(token=secret) as source:
        assert ask(source, "/events?token=of-players").status == 204
        assert ask(source, headers={"Authorization": "Bearer of-players"}).status == 204
        assert ask(source).status == 401
        assert ask(source, "/events?token=of-player").status == 401

        assert counts(source, "ott_player_events_total") == {("apps",): 2}
        assert counts(source, "ott_player_events_refused_total") == {("apps", "unauthorized"): 2}
        assert counts(source, "ott_qoe_sessions_total") == {("apps", "all"): 1}


def test_a_browser_is_told_what_it_may(secret: Secret) -> None:
    """The type of the body is none that a page may send without asking."""
    origin = {"Origin": "https://tv.example", "Access-Control-Request-Method": "POST"}
    with listening(token=secret) as source:
        asked = ask(source, body=b"", method="OPTIONS", headers=origin)
        assert asked.status == 204
        assert asked.headers["Access-Control-Allow-Origin"] == "*"
        assert "content-type" in asked.headers["Access-Control-Allow-Headers"]
    with listening(origins=["https://tv.example"]) as source:
        assert ask(source, headers=origin).headers["Access-Control-Allow-Origin"] == "https://tv.example"
        assert "Access-Control-Allow-Origin" not in ask(source, headers={"Origin": "https://else.example"}).headers


def test_what_is_too_large_or_has_no_length_is_refused() -> None:
    with listening() as source:
        assert ask(source, body=b"a" * (LARGEST_BODY + 1)).status == 413
        assert ask(source, "/metrics").status == 404
        with socket.create_connection(("127.0.0.1", source.port), 10) as connection:
            connection.sendall(b"POST /events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            assert b" 411 " in connection.recv(4096)

        assert counts(source, "ott_player_events_total") == {("apps",): 0}


def test_more_than_the_rate_is_to_come_again_later() -> None:
    """Players keep what was answered with 429 and send it again."""
    with listening(rate=10) as source:
        answers = [ask(source, body=EVENT * 5).status for _ in range(6)]

    assert answers == [204] * 4 + [429] * 2


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"listen": "0.0.0.0:9784"}, "anybody writes figures"),
        ({"listen": "players"}, "listen must be an address"),
        ({"rate": 0}, "rate must be between"),
        ({"service": "a b"}, "service must be"),
    ],
)
def test_settings_that_cannot_serve(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        PlayerEventsSettings(**{"service": "apps", **settings})

    assert fault in str(raised.value.exceptions[0])


def test_an_address_in_use_is_the_reason_that_the_scrape_gives() -> None:
    with listening() as source:
        second = PlayerEventsSource(PlayerEventsSettings("b", listen=f"127.0.0.1:{source.port}"), lambda: 0.0)
        second.start()
        with pytest.raises(OSError, match="in use"):
            second.samples()
        second.stop()
