"""HTTP for collectors: whole body or OSError, bounded in time and size.

The standard library's client, which the exposition brings along anyway: httpx would add four mebibytes, and reads the
authorities' certificates again for each client, which took twenty times as long as the request itself. Redirects are
not followed: a status page that has moved is a mistake to be told, and a secret must not follow it elsewhere. Nor is
it shown to a proxy that the environment happens to name.
"""

import io
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from agent.runtime.reasons import reason_of
from service.nouns import counted

LARGEST_BODY = 16 << 20
_PIECE = 1 << 16
_COMPRESSIONS = frozenset(
    {"gzip", "x-gzip", "deflate", "x-deflate", "compress", "x-compress", "br", "zstd", "dcb", "dcz"}
)


class Response(NamedTuple):
    """What a server answered with status 200."""

    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8; an invalid byte becomes half a surrogate pair of its own, so names stay apart."""
        return self.body.decode("utf-8-sig", "surrogateescape")


class StatusError(OSError):
    """The server answered with another status than 200."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"answered {status} {reason[:80]}".rstrip())
        self.status = status


class _Timed(io.RawIOBase):
    """A socket's bytes up to one moment; the socket's own time-out begins again at each of them."""

    def __init__(self, plain: socket, end: float) -> None:
        self._socket, self._end = plain, end
        self._raw = plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, plain: socket, *arguments: Any, end: float, **named: Any) -> None:
        super().__init__(plain, *arguments, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(plain, end))


def get(
    url: str,
    *,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    largest: int = LARGEST_BODY,
    trust: ssl.SSLContext | None = None,
) -> Response:
    """Return the answer of `url`; raise OSError for a refusal, a body too large or too slow, StatusError for a status.

    `trust` has the authorities that a certificate may come from; None: the system's.
    """
    return _answer(url, None, timeout, headers or {}, largest, trust)


def post_json(url: str, body: bytes, *, timeout: float, headers: Mapping[str, str]) -> Response:
    """Send JSON to `url` and return its answer; raise as `get` does."""
    return _answer(url, body, timeout, {"Content-Type": "application/json", **headers}, LARGEST_BODY, None)


def _answer(  # noqa: PLR0913, PLR0917 - a request
    url: str,
    sent: bytes | None,
    timeout: float,
    headers: Mapping[str, str],
    largest: int,
    trust: ssl.SSLContext | None,
) -> Response:
    end = time.monotonic() + timeout
    try:
        parts = urlsplit(url)
        with closing(connection_to(parts, timeout, trust)) as connection:
            connection.response_class = partial(_Answer, end=end)  # type: ignore[assignment]
            ask(connection, parts, headers, sent)
            with connection.getresponse() as response:
                return Response(response.headers.get("Content-Type", ""), _body(response, largest))
    except TimeoutError:
        raise OSError(f"the answer took longer than {timeout:g} s") from None
    except (HTTPException, ValueError) as error:  # ValueError: an address that no request can be made of
        raise OSError(reason_of(error)) from None


def _body(response: HTTPResponse, largest: int) -> bytes:
    if response.status != 200:
        raise StatusError(response.status, response.reason)
    # Some servers say "UTF-8" there, which changes nothing; whoever reads the body says what is wrong with it.
    codings = {coding.strip().lower() for coding in response.headers.get("Content-Encoding", "").split(",")}
    if codings & _COMPRESSIONS:
        raise OSError("answered compressed, which was not asked for")
    pieces, size = [], 0
    while piece := response.read1(_PIECE):
        size += len(piece)
        if size > largest:
            raise OSError(f"the answer is larger than {largest >> 20} MiB")
        pieces.append(piece)
    announced = response.headers.get("Content-Length", "")
    known = announced.isascii() and announced.isdigit() and len(announced) < 20 and not response.chunked
    if known and size < int(announced):
        raise OSError(f"the answer broke off after {size} of {counted(int(announced), 'byte')}")
    return b"".join(pieces)


def ask(connection: HTTPConnection, parts: SplitResult, headers: Mapping[str, str], body: bytes | None = None) -> None:
    """Send the request for an address, with headers beside our own; with a body it is a POST."""
    target = parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()
    ours = {"User-Agent": "ott-agent", "Connection": "close"}
    connection.request("GET" if body is None else "POST", target, body, headers={**ours, **headers})


def connection_to(parts: SplitResult, timeout: float, trust: ssl.SSLContext | None) -> HTTPConnection:
    """Return a connection, not yet made, to the host of an address; raise ValueError where it names none.

    `timeout` in seconds holds for each step; `trust` as in `get`.
    """
    if not parts.hostname:
        raise ValueError("the address names no host")
    if parts.scheme == "https":
        return _OverTls(parts.hostname, parts.port or 443, timeout, trust or _verifying())
    return HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)


def name_in_tls(host: str) -> str:
    """Return a host's name as certificates have it: without the dot that says that no domain is to be appended.

    RFC 6066, 3: the dot is for the look-up only.
    """
    return host.removesuffix(".")


class _OverTls(HTTPSConnection):
    """A connection that asks for the host's name without its last dot, and looks it up as it is."""

    def __init__(self, host: str, port: int, timeout: float, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout, context=trust)
        self._trust = trust

    def connect(self) -> None:
        """Connect; raise OSError."""
        HTTPConnection.connect(self)
        self.sock = self._trust.wrap_socket(self.sock, server_hostname=name_in_tls(self.host))


@cache
def _verifying() -> ssl.SSLContext:
    return ssl.create_default_context()
