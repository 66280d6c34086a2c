"""Cookies of one channel: what a player keeps, so that a server does not open a session at every request."""

from collections.abc import Iterable
from email.message import Message
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import cast
from urllib.request import Request

_MOST = 64  # a server that sets one at each answer must not fill the memory


class _Headers:
    """The part of an answer that the standard library's jar reads."""

    def __init__(self, values: Iterable[str]) -> None:
        self._message = Message()
        for value in values:
            self._message["Set-Cookie"] = value

    def info(self) -> HTTPMessage:
        return cast("HTTPMessage", self._message)


class Cookies:
    """A jar; what cannot be read as a cookie is passed over, as browsers do."""

    def __init__(self) -> None:
        self._jar = CookieJar()

    def header(self, url: str) -> dict[str, str]:
        """Return the header to send with a request for this URL."""
        if not len(self._jar):
            return {}
        request = Request(url)  # noqa: S310 - nothing is opened
        self._jar.add_cookie_header(request)
        value = request.get_header("Cookie")
        return {} if value is None else {"Cookie": value}

    def take(self, url: str, values: Iterable[str]) -> None:
        """Keep what an answer sets."""
        values = [value for value in values if value.isprintable()]
        if not values:
            return
        if len(self._jar) >= _MOST:
            self._jar.clear()
        # The jar is made for urllib's answers; of them it reads `info` only.
        self._jar.extract_cookies(cast("object", _Headers(values)), Request(url))  # type: ignore[arg-type]  # noqa: S310
