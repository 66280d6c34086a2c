"""Cookies of one channel: what a player keeps, so that a server does not open a session at every request.

The jar is the standard library's. It refuses what browsers take by RFC 6265, 5.2: attributes that cannot be read, and a
Domain that is the server's own name without a dot.
"""

import re
from collections.abc import Iterable
from email.message import Message
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import cast
from urllib.parse import urlsplit
from urllib.request import Request

_SECONDS = re.compile(r"-?[0-9]+")
# What browsers read; of any other attribute the jar has ideas of its own, from an older standard.
_ATTRIBUTES = frozenset({"domain", "expires", "max-age", "path", "secure"})
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
        host = (urlsplit(url).hostname or "").lower()
        values = [_plain(value, host) for value in values if value.isprintable()]
        if not values:
            return
        if len(self._jar) >= _MOST:
            self._jar.clear()
        # The jar is made for urllib's answers; of them it reads `info` only.
        self._jar.extract_cookies(cast("object", _Headers(values)), Request(url))  # type: ignore[arg-type]  # noqa: S310


def _plain(header: str, host: str) -> str:
    """Return a Set-Cookie header without the attributes that mean nothing to browsers."""
    pair, *attributes = header.split(";")
    kept = [pair]
    for attribute in attributes:
        name, _, value = (part.strip() for part in attribute.partition("="))
        name = name.lower()
        passed_over = (
            name not in _ATTRIBUTES
            or (name == "domain" and value.lower().removeprefix(".") in ("", host))
            or (name == "path" and not value.startswith("/"))
            or (name == "max-age" and not _SECONDS.fullmatch(value))
        )
        if not passed_over:
            kept.append(attribute)
    return ";".join(kept)
