"""HTTP for probes: bounded in time, in size and in requests per second, and without memory of its own.

Bodies go to a taker piece by piece. Nothing that a server sends is kept: no cookies, no decompression (a few bytes can
unpack to gigabytes), no error page. Messages hold no URL: it may carry a token.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple

import httpx

from service import __version__

_MOST_REDIRECTS = 5


class Trouble(Enum):
    """Why there is no whole answer."""

    UNREACHABLE = auto()
    TIMEOUT = auto()
    MISSING = auto()
    STATUS = auto()
    TRUNCATED = auto()
    OVERSIZE = auto()


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
        self._budget = budget
        # The authorities' certificates are five mebibytes that only https needs.
        self._tls, self._trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), False
        self._client = httpx.AsyncClient(
            verify=self._tls,
            # Proxies of the environment would measure something else than what viewers get.
            trust_env=False,
            headers={"user-agent": f"ottwatch-probe/{__version__}", "accept-encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=connections),
        )

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, url: str, taker: Taker, *, deadline: float, headers: Mapping[str, str] | None = None) -> float:
        """Give the answer to `taker`; return the seconds from the first request to the last byte. Raise FetchError."""
        await asyncio.sleep(self._budget.reserve())
        began = time.monotonic()
        try:
            async with asyncio.timeout(deadline):
                request = self._client.build_request("GET", url, headers=headers, timeout=deadline)
                try:
                    await self._follow(request, taker)
                except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                    # A server may close an idle connection just as it is used again; players ask once more on a
                    # new one (RFC 9112, 9.3.1). A body that breaks off is another matter.
                    self._budget.reserve()
                    await self._follow(request, taker)
        except (TimeoutError, httpx.TimeoutException):
            raise FetchError(Trouble.TIMEOUT, f"no whole answer within {deadline:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(Trouble.UNREACHABLE, str(error) or type(error).__name__) from None
        return time.monotonic() - began

    async def _follow(self, request: httpx.Request, taker: Taker) -> None:
        for _ in range(_MOST_REDIRECTS + 1):
            if request.url.scheme == "https" and not self._trusting:
                self._tls.load_default_certs()
                self._trusting = True
            response = await self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    await _take(response, taker)
                    return
                request = response.next_request
            finally:
                await response.aclose()
            self._budget.reserve()  # it counts; the wait for it is left to the next, or it would count as download
        raise FetchError(Trouble.STATUS, f"redirects more than {_MOST_REDIRECTS} times")


async def _take(response: httpx.Response, taker: Taker) -> None:
    if response.status_code not in (200, 206):
        trouble = Trouble.MISSING if response.status_code in (404, 410) else Trouble.STATUS
        raise FetchError(trouble, f"answered {response.status_code} {response.reason_phrase}".rstrip())
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchError(Trouble.STATUS, "answered compressed, which was not asked for")
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    taker.head(Answer(str(response.url), response.status_code, content_type))
    size = 0
    try:
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > taker.largest:
                raise FetchError(Trouble.OVERSIZE, f"is larger than {taker.largest >> 20} MiB")
            taker.piece(piece)
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        raise FetchError(Trouble.TRUNCATED, f"broke off after {size} bytes: {error}") from None
