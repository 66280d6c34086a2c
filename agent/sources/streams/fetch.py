"""HTTP for probes: bounded in time, in size and in requests per second.

Bodies go to a taker piece by piece; no error page is kept. Cookies are those of one channel, as in one player.
Messages hold no URL: it may carry a token.
"""

import asyncio
import base64
import re
import ssl
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from agent.runtime.address import joined, without_dots
from agent.sources.streams.cookies import Cookies
from agent.sources.streams.data_url import content_of, is_data
from agent.sources.streams.encoding import UnknownEncodingError, decoders
from agent.sources.streams.wire import BrokenOff, Connection, Head, Origin, WireError
from service import __version__
from service.nouns import counted
from service.system_errors import said_of

_MOST_REDIRECTS = 20  # as browsers
_SMALL = 64 << 10  # of an error page that is read to keep the connection
_CONTENT_RANGE = re.compile(r"\s*bytes\s+([0-9]{1,18})-", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What browsers send as it is in a path and in a query, where tokens are signed (WHATWG, URL, 1.3); all else goes in
# percents of UTF-8.
_SAFE_PATH, _SAFE_QUERY = "!#$%&'()*+,/:;=?@[]~|", "!#$%&()*+,/:;=?@[]~|^`{}\\"


class Trouble(Enum):
    """Why there is no whole answer."""

    UNREACHABLE = auto()
    TIMEOUT = auto()
    MISSING = auto()
    STATUS = auto()
    TRUNCATED = auto()
    OVERSIZE = auto()
    ENCODING = auto()  # whole, and not readable here


class FetchError(OSError):
    """There is no whole answer."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble, self.detail = trouble, detail


class Answer(NamedTuple):
    """The head of an answer; its body went to the taker."""

    url: str  # after redirects: what relative references are relative to
    status: int
    content_type: str
    date: str = ""  # the server's clock, as its header has it
    redirected: bool = False
    first: int | None = None  # byte with which a part begins, as the server says


class Ask(NamedTuple):
    """What a request carries beside its address."""

    headers: Mapping[str, str] = MappingProxyType({})
    cookies: Cookies | None = None
    method: str = "GET"


class Taker(NamedTuple):
    """What becomes of an answer. Both may raise to end the download."""

    head: Callable[[Answer], None]
    piece: Callable[[bytes], None]
    largest: int


class Budget:
    """Lets requests pass one by one, evenly spaced: a hundred channels never reach an edge in one burst."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap, self._clock, self._next = 1.0 / per_second, clock, 0.0

    def reserve(self) -> float:
        """Return in how many seconds the next request may start."""
        now = self._clock()
        start = max(now, self._next)
        self._next = start + self._gap
        return start - now


class Fetcher:
    """One client for all channels; use as an asynchronous context manager."""

    def __init__(self, budget: Budget, connections: int) -> None:
        self._budget, self._connections = budget, connections
        # The authorities' certificates are five mebibytes that only https needs.
        self._tls, self._trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), False
        self._idle: dict[Origin, list[Connection]] = {}

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(self, *_: object) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def get(self, url: str, taker: Taker, *, deadline: float, ask: Ask = Ask()) -> float:  # noqa: B008
        """Give the answer to `taker`; return the seconds from the first request to the last byte. Raise FetchError."""
        if is_data(url):
            _take_data(url, taker)
            return 0.0
        await asyncio.sleep(self._budget.reserve())
        began = time.monotonic()
        try:
            async with asyncio.timeout(deadline):
                await self._follow(url, taker, ask)
        except TimeoutError:
            raise FetchError(Trouble.TIMEOUT, f"no whole answer within {deadline:g} s") from None
        except FetchError:
            raise
        except WireError as error:
            raise FetchError(Trouble.UNREACHABLE, str(error)) from None
        except OSError as error:
            raise FetchError(Trouble.UNREACHABLE, _unreachable(error)) from None
        return time.monotonic() - began

    async def _follow(self, url: str, taker: Taker, ask: Ask) -> None:
        first = url
        for _ in range(_MOST_REDIRECTS + 1):
            target = await self._once(url, taker, ask, redirected=url != first)
            if target is None:
                return
            url = _redirected(url, target)
            self._budget.reserve()  # it counts; the wait for it is left to the next, or it would count as download
        raise FetchError(Trouble.STATUS, f"redirects more than {_MOST_REDIRECTS} times")

    async def _once(self, url: str, taker: Taker, ask: Ask, *, redirected: bool) -> str | None:
        """Make one request; give its answer to `taker`, or return where it is redirected to."""
        origin, path, own = _request(url)
        cookies, method = ask.cookies, ask.method
        sent = own | dict(ask.headers) | (cookies.header(url) if cookies is not None else {})
        connection, head = await self._ask(origin, method, path, sent)
        try:
            if cookies is not None:
                cookies.take(url, head.cookies)
            target = head.headers.get("location") if head.status in _REDIRECTS else None
            if target is None and 200 <= head.status < 300 and head.status != 204:
                answer = Answer(url, *_typed(head), redirected, _first(head))
                await _take(connection, method, head, answer, taker)
                return None
            await _drain(connection, method, head)
            if target is None:
                trouble = Trouble.MISSING if head.status in (404, 410) else Trouble.STATUS
                raise FetchError(trouble, f"answered {head.status} {head.reason[:80]}".rstrip())
            return target
        finally:
            self._give_back(origin, connection)

    async def _ask(self, origin: Origin, method: str, path: str, headers: dict[str, str]) -> tuple[Connection, Head]:
        for attempt in (1, 2):
            connection = await self._connection(origin)
            try:
                return connection, await connection.request(method, path, headers)
            except BaseException as error:
                connection.close()
                # A server may close an idle connection just as it is used again; players ask once more on a new one
                # (RFC 9112, 9.3.1). A body that breaks off is another matter.
                if attempt == 2 or not isinstance(error, BrokenOff | ConnectionError):
                    raise
                self._budget.reserve()
        raise AssertionError

    async def _connection(self, origin: Origin) -> Connection:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if not connection.closed:
                return connection
            connection.close()
        if origin.secure and not self._trusting:
            self._tls.load_default_certs()
            self._trusting = True
        return await Connection.open(origin, self._tls if origin.secure else None)

    def _give_back(self, origin: Origin, connection: Connection) -> None:
        if connection.reusable and sum(map(len, self._idle.values())) < self._connections:
            connection.reusable = False
            self._idle.setdefault(origin, []).append(connection)
        else:
            connection.close()
        for other in [one for one, connections in self._idle.items() if not connections and one != origin]:
            del self._idle[other]


def _request(url: str) -> tuple[Origin, str, dict[str, str]]:
    """Return where a request for this URL goes, what it asks for, and the headers it needs."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FetchError(Trouble.UNREACHABLE, "leads to an address whose host or port cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise FetchError(Trouble.UNREACHABLE, f"leads to a {parts.scheme or 'nameless'} address, not to http or https")
    secure = parts.scheme == "https"
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise FetchError(Trouble.UNREACHABLE, "leads to a host whose name cannot be written in DNS") from None
    name = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    path = quote(without_dots(parts.path) or "/", safe=_SAFE_PATH)
    query = f"?{quote(parts.query, safe=_SAFE_QUERY)}" if parts.query else ""
    headers = {
        "Host": name if port is None else f"{name}:{port}",
        "User-Agent": f"ottwatch-probe/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    return Origin(secure, ascii_host, port or (443 if secure else 80)), path + query, headers


def _redirected(url: str, target: str) -> str:
    try:
        return joined(url, target)
    except ValueError:
        raise FetchError(Trouble.UNREACHABLE, "is redirected to an address that cannot be read") from None


def _typed(head: Head) -> tuple[int, str, str]:
    content_type = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    return head.status, content_type, head.headers.get("date", "")


def _first(head: Head) -> int | None:
    """Return the first byte of a part (RFC 9110, 14.4); None where the server does not say it."""
    found = _CONTENT_RANGE.match(head.headers.get("content-range", "")) if head.status == 206 else None
    return int(found[1]) if found else None


async def _take(connection: Connection, method: str, head: Head, answer: Answer, taker: Taker) -> None:
    try:
        unpack = decoders(head.headers.get("content-encoding", ""))
    except UnknownEncodingError as error:
        raise FetchError(Trouble.ENCODING, str(error)) from None
    taker.head(answer)
    came = size = 0
    try:
        async for piece in connection.body(method, head):
            came += len(piece)
            content = piece
            for decoder in unpack:
                content = decoder.feed(content, taker.largest - size)
            size += len(content)
            if size > taker.largest:
                raise FetchError(Trouble.OVERSIZE, f"is larger than {taker.largest >> 20} MiB")
            taker.piece(content)
        for decoder in unpack:
            decoder.finish()
    except (WireError, ConnectionError, ssl.SSLError) as error:
        said = said_of(error) if isinstance(error, OSError) else str(error)
        raise FetchError(Trouble.TRUNCATED, f"broke off after {counted(came, 'byte')}: {said or error}") from None
    except ValueError as error:
        raise FetchError(Trouble.TRUNCATED, str(error)) from None


def _take_data(url: str, taker: Taker) -> None:
    try:
        kind, data = content_of(url)
    except ValueError as error:
        raise FetchError(Trouble.MISSING, str(error)) from None
    taker.head(Answer(url, 200, kind))
    if len(data) > taker.largest:
        raise FetchError(Trouble.OVERSIZE, f"is larger than {taker.largest >> 20} MiB")
    taker.piece(data)


async def _drain(connection: Connection, method: str, head: Head) -> None:
    """Read a short answer that nobody needs, so that the connection can be used again."""
    left = _SMALL
    try:
        async for piece in connection.body(method, head):
            left -= len(piece)
            if left < 0:
                return
    except (WireError, OSError):
        return


def _unreachable(error: OSError) -> str:
    several = "none of the host's addresses takes a connection"
    return said_of(error) or (several if "Multiple" in str(error) else "the connection broke off")
