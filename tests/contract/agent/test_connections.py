"""The agent's HTTP server when the node has no thread left for a connection."""

import threading
from http.client import HTTPConnection, RemoteDisconnected

import pytest

from agent.runtime.exposition import registry
from agent.runtime.server import MOST_PER_ADDRESS, Access, Server


def ask(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def test_connections_that_found_no_thread_do_not_count_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(("127.0.0.1", 0), registry(list), ready=lambda: True, access=Access(frozenset())) as httpd:
        server = threading.Thread(target=httpd.serve_forever, args=[0.02])
        server.start()
        try:
            with monkeypatch.context() as patched:
                patched.setattr(threading.Thread, "start", no_more)
                for _ in range(MOST_PER_ADDRESS):
                    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
                        ask(httpd.server_address[1])
            assert ask(httpd.server_address[1]) == 200
        finally:
            httpd.shutdown()
            server.join()


def no_more(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
