"""The probe's HTTP against servers that break off, drip, redirect, compress, never end or write oddly."""

import asyncio
import gzip
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable

import brotli
import pytest

from agent.sources.streams.cookies import Cookies
from agent.sources.streams.fetch import Answer, Ask, Budget, Fetcher, FetchError, Taker, Trouble

Writer = asyncio.StreamWriter
Serve = Callable[[bytes, Writer], Awaitable[None]]


class Got:
    """What a taker was given, and what the server was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.body = bytearray()
        self.requests: list[bytes] = []
        self.seconds = 0.0


def fetch(
    serve: Serve, *, times: int = 1, deadline: float = 5.0, largest: int = 1 << 20, cookies: Cookies | None = None
) -> Got:
    """Fetch from a server that answers each request with `serve`."""
    return asyncio.run(_fetch(serve, times, deadline, largest, cookies))


async def _fetch(serve: Serve, times: int, deadline: float, largest: int, cookies: Cookies | None) -> Got:
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
            url = f"http://127.0.0.1:{port}/a/b?token=secret"
            got.seconds = await fetcher.get(url, taker, deadline=deadline, ask=Ask(cookies=cookies))
    return got


def plain(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Serve:
    head = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length is None:
        length = len(body)
    text = "\r\n".join([*head, f"Content-Length: {length}", "", ""])  # as a server writes it, in UTF-8

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


def test_nothing_but_identity_is_asked_for_and_cookies_are_those_of_the_channel() -> None:
    for cookies in (None, Cookies()):
        got = fetch(plain(b"x", "Set-Cookie: session=1; Path=/", "Set-Cookie: bad\x7f"), times=2, cookies=cookies)
        assert len(got.requests) == 2
        for request in got.requests:
            assert b"accept-encoding: identity" in request.lower()
            assert b"user-agent: ottwatch-probe/" in request.lower()
        assert b"cookie" not in got.requests[0].lower()
        assert (b"Cookie: session=1\r\n" in got.requests[1]) == (cookies is not None)


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush()


BODY = b"#EXTM3U\n" * 1000


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("x-gzip", gzip.compress(BODY[:400], mtime=0) + gzip.compress(BODY[400:], mtime=0)),
        ("GZIP", gzip.compress(BODY, mtime=0) + bytes(20)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", deflated(BODY)),
        ("br", brotli.compress(BODY)),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY), mtime=0)),
        ("identity", BODY),
        ("utf-8", BODY),
    ],
)
def test_a_compressed_answer_is_read_whatever_was_asked_for(encoding: str, body: bytes) -> None:
    assert bytes(fetch(plain(body, f"Content-Encoding: {encoding}")).body) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_a_compressed_answer_that_is_none_says_so(encoding: str) -> None:
    error = trouble(plain(b"#EXTM3U\n", f"Content-Encoding: {encoding}"))
    assert error.trouble is Trouble.TRUNCATED
    assert f"says Content-Encoding {encoding}" in error.detail


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [("gzip", gzip.compress(bytes(1 << 26), mtime=0)), ("br", brotli.compress(bytes(1 << 26), quality=5))],
)
def test_a_bomb_is_cut_at_the_limit(encoding: str, bomb: bytes) -> None:
    assert trouble(plain(bomb, f"Content-Encoding: {encoding}"), largest=1 << 20).trouble is Trouble.OVERSIZE


def test_an_encoding_that_cannot_be_read_here_is_not_judged() -> None:
    assert trouble(plain(b"x", "Content-Encoding: zstd")).trouble is Trouble.ENCODING


def raw(*pieces: bytes) -> Serve:
    async def serve(_: bytes, writer: Writer) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return serve


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX-Cache Status: HIT\r\nContent-Length: 5\r\n\r\nmedia",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nmedia\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nmed\r\n02\r\nia\r\n0\r\nX-T: 1\r\n\r\n",
        b"HTTP/1.1 200\r\n\r\nmedia",
        b"HTTP/1.0 200 OK\r\n\r\nmedia",
        b"ICY 200 OK\r\n\r\nmedia",
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nmedia",
        b"HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nmedia",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nmedia",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nmedia",
        b"HTTP/1.1 200 OK\r\nX-Title: Caf\xe9\x7f\r\nContent-Length: 5\r\n\r\nmedia",
        b"HTTP/1.1 200 OK\r\nX-Long: a\r\n  b\r\nno colon here\r\n: empty\r\nContent-Length: 5\r\n\r\nmedia",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nmedia",
        b"\r\nHTTP/1.1 200 OK\r\n\r\nmedia",
        b"HTTP/1.1 203 Non-Authoritative Information\r\nContent-Length: 5\r\n\r\nmedia",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nmedia",
    ],
)
def test_what_browsers_and_curl_read_is_read(answer: bytes) -> None:
    assert bytes(fetch(raw(answer)).body) == b"media"
    assert bytes(fetch(raw(*(answer[at : at + 1] for at in range(len(answer))))).body) == b"media"


@pytest.mark.parametrize(
    ("head", "first"),
    [
        (b"206 OK\r\nContent-Range: bytes 188-192/999", 188),
        (b"206 OK\r\ncontent-range:bytes 0-4/*", 0),
        (b"206 OK\r\nContent-Range: bytes */999", None),
        (b"206 OK", None),
        (b"200 OK\r\nContent-Range: bytes 188-192/999", None),
    ],
)
def test_a_part_says_with_which_byte_it_begins(head: bytes, first: int | None) -> None:
    got = fetch(raw(b"HTTP/1.1 " + head + b"\r\nContent-Length: 5\r\n\r\nmedia"))
    assert [answer.first for answer in got.answers] == [first]


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nmedia", Trouble.TRUNCATED, "not a hexadecimal"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmedia\r\n", Trouble.TRUNCATED, "ended before"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nmedia\r\n", Trouble.TRUNCATED, "longer than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nmedia", Trouble.TRUNCATED, "contradict"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (300 << 10), Trouble.UNREACHABLE, "longer than 256 KiB"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 60_000 + b"\r\n", Trouble.UNREACHABLE, "longer than 256 KiB"),
        (b"media", Trouble.UNREACHABLE, "ended before the answer"),
        (b"<html>\r\n", Trouble.UNREACHABLE, "not with an HTTP status line"),
    ],
)
def test_what_nobody_reads_is_told(answer: bytes, expected: Trouble, words: str) -> None:
    error = trouble(raw(answer))
    assert error.trouble is expected
    assert words in error.detail


def test_a_connection_is_used_again() -> None:
    served = []

    async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        served.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                served[-1] += 1
                status = b"404 Not Found" if served[-1] == 2 else b"200 OK"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\nmedia")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, Fetcher(Budget(1000.0), 4) as fetcher:
            for number in range(4):
                taker = Taker(lambda _: None, lambda _: None, 100)
                try:
                    await fetcher.get(url, taker, deadline=2)
                except FetchError as error:
                    assert (number, error.trouble) == (1, Trouble.MISSING)  # noqa: PT017

    asyncio.run(run())
    assert served == [4]


def test_redirects_lead_on_by_relative_addresses_and_over_hosts() -> None:
    steps = {b"GET /a/b?token": "../c?x=ы", b"GET /c?x=%D1%8B ": "//localhost:{}/d e", b"GET /d%20e ": "/f#part"}

    async def serve(request: bytes, writer: Writer) -> None:
        target = next((to for begin, to in steps.items() if request.startswith(begin)), None)
        if target is None:
            await plain(b"media")(request, writer)
            return
        port = writer.get_extra_info("sockname")[1]
        await plain(b"", f"location: {target.format(port)}", status="307 Moved")(request, writer)

    got = fetch(serve)
    assert (bytes(got.body), got.answers[0].redirected) == (b"media", True)
    assert got.requests[-1].startswith(b"GET /f HTTP/1.1")


def test_an_address_is_sent_as_browsers_send_it() -> None:
    """Signed as it is written: issues 8712 of shaka-player, 1319 of nginx-vod-module; expected by Node.js 20 (URL)."""

    async def serve(request: bytes, writer: Writer) -> None:
        to = "/x|/y'{z}/../w//v%2F%zz?s=a|b^c`d{e}f'g\"h\\i~j=+/%2b" if request.startswith(b"GET /a/b") else ""
        await plain(b"", *([f"Location: {to}"] if to else []), status="302 Found" if to else "200 OK")(request, writer)

    got = fetch(serve)
    target = b"/x|/w//v%2F%zz?s=a|b^c`d{e}f%27g%22h\\i~j=+/%2b"
    assert got.requests[-1].split(b" ")[1] == target


def test_an_answer_that_breaks_off_is_truncated() -> None:
    error = trouble(plain(b"half", length=100))
    assert error.trouble is Trouble.TRUNCATED
    assert "broke off after 4 bytes" in error.detail


def test_a_connection_that_is_reset_is_told_in_words() -> None:
    async def serve(request: bytes, writer: Writer) -> None:
        await plain(b"half", length=100)(request, writer)
        # Closed at once with a reset, without waiting for what is still to be sent.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    # The reset may overtake the head, which is then no answer at all.
    detail = trouble(serve).detail
    assert "Connection reset by peer" in detail
    assert "Errno" not in detail


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


def test_redirects_end_after_twenty() -> None:
    circle = plain(b"", "Location: /again", status="302 Found")
    error = trouble(circle)
    assert (error.trouble, error.detail) == (Trouble.STATUS, "redirects more than 20 times")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://[", "http://a:b:c/"])
def test_a_redirect_leads_to_http_only(target: str) -> None:
    assert trouble(plain(b"", f"Location: {target}", status="302 Found")).trouble is Trouble.UNREACHABLE


def test_a_server_that_speaks_http2_only_is_told() -> None:
    async def serve(_: bytes, writer: Writer) -> None:
        writer.write(bytes.fromhex("000006 04 00 00000000 0003 00000064"))  # what nghttpd 1.52.0 of Debian 12 sends
        await writer.drain()

    found = trouble(serve)
    assert found.trouble is Trouble.UNREACHABLE
    assert found.detail == "the server speaks HTTP/2 only, this program HTTP/1.1 only: let the server answer both"


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
