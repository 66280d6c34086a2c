"""Why a server gave no answer, as real sockets make the client say it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from service.no_answer import reason_of


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Run a server that takes one connection, says something and closes it; "" keeps it open until the end."""
    over = threading.Event()

    def serve() -> None:
        taken, _ = listener.accept()
        with taken:
            taken.recv(65_536)
            if answer:
                taken.sendall(answer)
            else:
                over.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def failure(url: str, timeout: float = 60.0) -> str:
    with (
        pytest.raises((httpx.HTTPError, httpx.InvalidURL, UnicodeError)) as caught,
        httpx.Client(trust_env=False, timeout=timeout, verify=ssl.create_default_context()) as client,
    ):
        client.get(url).raise_for_status()
    return reason_of(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "it answered 503"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            "it closed the connection before its answer was complete",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", "compressed and damaged"),
    ],
)
def test_an_answer_that_is_none(answer: bytes, said: str) -> None:
    with answering(answer) as address:
        assert said in failure(f"http://{address}/")


def test_a_server_that_is_silent() -> None:
    with answering(b"") as address:
        assert failure(f"http://{address}/", timeout=0.2) == "no answer within the time allowed"


def test_a_server_that_speaks_no_tls() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        assert failure(f"https://{address}/").startswith("TLS failed: ")


def test_nobody_listens() -> None:
    with socket.socket() as held:  # bound and not listening: no other server takes the port meanwhile
        held.bind(("127.0.0.1", 0))
        assert failure(f"http://127.0.0.1:{held.getsockname()[1]}/") == "Connection refused"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://prometheus/", "its address must begin with http:// or https://"),
        ("/api", "its address must begin with http:// or https://"),
        ("http://[::1/", "its address cannot be read; write for example http://host:9090"),
        (f"http://{'a' * 64}/", "the host in its address is no name"),
    ],
)
def test_an_address_that_is_none(url: str, said: str) -> None:
    assert said in failure(url)


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (
            httpx.ConnectError("[Errno -2]"),
            socket.gaierror(-2, "Name or service not known"),
            "the host's name is not known",
        ),
        (httpx.ConnectTimeout("timed out"), TimeoutError("timed out"), "no connection within the time allowed"),
        (OSError("HTTPConnectionPool(host='x')"), TimeoutError("timed out"), "no answer within the time allowed"),
        (httpx.ReadError(""), None, "the connection broke off"),
        (OSError("/secret/path"), None, "the request failed"),
    ],
)
def test_no_word_of_the_client_or_of_the_system_s_numbers_is_left(
    error: Exception, cause: Exception | None, said: str
) -> None:
    error.__cause__ = cause
    assert said in reason_of(error)
    assert "Errno" not in reason_of(error)
