"""The connections of the agent's HTTP server: how long each is kept, and when the node has no thread left for one."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, RemoteDisconnected

import pytest

from agent.runtime import server as module
from agent.runtime.exposition import registry
from agent.runtime.server import MOST_PER_ADDRESS, Access, Server


def ask(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def serving() -> Iterator[int]:
    with Server(("127.0.0.1", 0), registry(list), ready=lambda: True, access=Access(frozenset())) as httpd:
        server = threading.Thread(target=httpd.serve_forever, args=[0.02])
        server.start()
        try:
            yield httpd.server_address[1]
        finally:
            httpd.shutdown()
            server.join()


def test_connections_that_found_no_thread_do_not_count_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as port:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_more)
            for _ in range(MOST_PER_ADDRESS):
                with pytest.raises((RemoteDisconnected, ConnectionResetError)):
                    ask(port)
        assert ask(port) == 200


def test_a_connection_is_kept_between_scrapes_for_longer_than_a_request_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CLIENT_TIMEOUT", 0.1)
    with serving() as port, socket.create_connection(("127.0.0.1", port), 60) as client:
        for _ in range(3):
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            threading.Event().wait(0.4)  # nothing is sent for four time-outs of a request
        client.sendall(b"GET /healthz HTTP/1.1\r\nHo")  # a request that has begun must come
        assert client.recv(4096) == b""


def test_a_connection_on_which_nothing_follows_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE", 0.1)
    with serving() as port, socket.create_connection(("127.0.0.1", port), 60) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert client.recv(4096) == b""


def test_a_connection_on_which_nothing_comes_at_all_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLIENT_TIMEOUT", 0.1)
    with serving() as port, socket.create_connection(("127.0.0.1", port), 60) as client:
        assert client.recv(4096) == b""


def no_more(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
