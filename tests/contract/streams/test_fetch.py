"""The probe's HTTP against servers that break off, drip, redirect, compress or never end."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from agent.sources.streams.fetch import Answer, Budget, Fetcher, FetchError, Taker, Trouble

Writer = asyncio.StreamWriter
Serve = Callable[[bytes, Writer], Awaitable[None]]


class Got:
    """What a taker was given, and what the server was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.body = bytearray()
        self.requests: list[bytes] = []
        self.seconds = 0.0


def fetch(serve: Serve, *, times: int = 1, deadline: float = 2.0, largest: int = 1 << 20) -> Got:
    """Fetch from a server that answers each request with `serve`."""
    return asyncio.run(_fetch(serve, times, deadline, largest))


async def _fetch(serve: Serve, times: int, deadline: float, largest: int) -> Got:
    got = Got()

    async def answer(reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            got.requests.append(request)
            await serve(request, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Fetcher(Budget(1000.0), 4) as fetcher:
        for _ in range(times):
            taker = Taker(got.answers.append, got.body.extend, largest)
            got.seconds = await fetcher.get(f"http://127.0.0.1:{port}/a/b?token=secret", taker, deadline=deadline)
    return got


def plain(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Serve:
    head = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length is None:
        length = len(body)
    text = "\r\n".join([*head, f"Content-Length: {length}", "", ""])

    async def serve(_: bytes, writer: Writer) -> None:
        writer.write(text.encode() + body)
        await writer.drain()

    return serve


def trouble(serve: Serve, **limits: float) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(serve, **limits)  # type: ignore[arg-type]
    assert "secret" not in caught.value.detail
    return caught.value


def test_an_answer_comes_with_its_type_and_time() -> None:
    got = fetch(plain(b"media", "Content-Type: Video/MP2T; charset=x"))
    assert (bytes(got.body), got.answers[0].content_type, got.answers[0].status) == (b"media", "video/mp2t", 200)
    assert 0 < got.seconds < 1


def test_nothing_but_identity_is_asked_for_and_cookies_are_not_kept() -> None:
    got = fetch(plain(b"x", "Set-Cookie: session=1; Path=/"), times=2)
    assert len(got.requests) == 2
    for request in got.requests:
        assert b"accept-encoding: identity" in request.lower()
        assert b"user-agent: ottwatch-probe/" in request.lower()
        assert b"cookie" not in request.lower()


def test_a_compressed_answer_is_refused_unread() -> None:
    bomb = gzip.compress(bytes(1 << 24))
    assert trouble(plain(bomb, "Content-Encoding: gzip")).trouble is Trouble.STATUS


def test_an_answer_that_breaks_off_is_truncated() -> None:
    error = trouble(plain(b"half", length=100))
    assert error.trouble is Trouble.TRUNCATED
    assert "broke off after 4 bytes" in error.detail


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("404 Not Found", Trouble.MISSING),
        ("410 Gone", Trouble.MISSING),
        ("403 Forbidden", Trouble.STATUS),
        ("502 Bad Gateway", Trouble.STATUS),
        ("204 No Content", Trouble.STATUS),
    ],
)
def test_a_status_other_than_success_is_told(status: str, expected: Trouble) -> None:
    error = trouble(plain(b"", status=status))
    assert (error.trouble, error.detail) == (expected, f"answered {status}")


def test_a_body_that_never_ends_is_cut() -> None:
    async def endless(_: bytes, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(1 << 16))
            try:
                await writer.drain()
            except ConnectionError:
                return

    assert trouble(endless, largest=1 << 20).trouble is Trouble.OVERSIZE


def test_a_body_that_drips_does_not_outlast_the_deadline() -> None:
    async def drip(_: bytes, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _sent in range(1000):
            try:
                writer.write(b".")
                await writer.drain()
            except ConnectionError:
                return
            await asyncio.sleep(0.05)

    assert trouble(drip, deadline=0.3).trouble is Trouble.TIMEOUT


def test_redirects_end_after_five() -> None:
    circle = plain(b"", "Location: /again", status="302 Found")
    error = trouble(circle)
    assert (error.trouble, error.detail) == (Trouble.STATUS, "redirects more than 5 times")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://[", "http://a:b:c/"])
def test_a_redirect_leads_to_http_only(target: str) -> None:
    assert trouble(plain(b"", f"Location: {target}", status="302 Found")).trouble is Trouble.UNREACHABLE


def test_what_is_no_http_is_unreachable() -> None:
    async def other(_: bytes, writer: Writer) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()

    assert trouble(other).trouble is Trouble.UNREACHABLE


def test_a_connection_closed_without_an_answer_is_tried_once_more() -> None:
    asked = []

    async def shy(request: bytes, writer: Writer) -> None:
        asked.append(request)
        if len(asked) > 1:
            await plain(b"media")(request, writer)

    assert bytes(fetch(shy).body) == b"media"

    async def silent(request: bytes, _: Writer) -> None:
        asked.append(request)

    asked.clear()
    assert trouble(silent).trouble is Trouble.UNREACHABLE
    assert len(asked) == 2


def test_a_body_that_breaks_off_is_not_asked_for_again() -> None:
    asked = []

    async def half(request: bytes, writer: Writer) -> None:
        asked.append(request)
        await plain(b"half", length=100)(request, writer)

    assert trouble(half).trouble is Trouble.TRUNCATED
    assert len(asked) == 1


def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert bytes(fetch(plain(b"direct")).body) == b"direct"
