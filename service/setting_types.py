"""Types of settings that several programs have, each with one check and one remedy.

Nothing here repeats a URL in a message: it may hold a password or a token.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import is_
from typing import Any, NewType
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cattrs import Converter

from service.settings import Secret
from service.toml import shown

ListenAddress = NewType("ListenAddress", str)
"""Where to listen: "127.0.0.1:9780" or "[::1]:9780"."""

HttpUrl = NewType("HttpUrl", str)
"""A URL of http or https without a password in it."""

ZoneName = NewType("ZoneName", str)
"""A time zone of the tz database, such as "Asia/Almaty"."""

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:/\[\]]+)):([0-9]{1,5})")


def host_and_port(text: str, port: int = 9780) -> tuple[str, int]:
    """Return the parts of "127.0.0.1:9780" or "[::1]:9780"; `port` is that of the example in the ValueError."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match[3]) > 65535:
        raise ValueError(f'must be "ADDRESS:PORT", such as "127.0.0.1:{port}" or "[::1]:{port}", not {text!r}')
    return match[1] or match[2], int(match[3])


def check_url(url: str) -> None:
    """Raise ValueError for what is no http or https URL of a host."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "has an invalid host or port; write http://HOST:PORT/PATH, or http://[::1]:PORT/PATH"
        ) from None
    if not host:
        raise ValueError("names no host; write http://HOST:PORT/PATH")


def holds_password(url: str) -> bool:
    """Return whether a name or a password stands before the host of a URL that `check_url` has passed."""
    return "@" in urlsplit(url).netloc


def http_url(value: Any) -> HttpUrl:
    """Return the URL; raise ValueError for what is none, or holds a password."""
    if not isinstance(value, str):
        raise ValueError('expected a URL in quotes, such as "http://127.0.0.1:8080/stub_status"')
    check_url(value)
    if holds_password(value):
        raise ValueError(
            'holds a password or a name; write basic = { username = "…", password = { file = "/path" } } beside it'
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("has a character that no URL has; write a space as %20, and a host of other letters as xn--…")
    return HttpUrl(value)


def time_zone(name: str) -> ZoneInfo:
    """Return the zone of the tz database; raise ValueError for a fixed offset or an unknown name."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone of the tz database; write for example "Asia/Almaty"') from None
    check_rules(zone)
    return zone


# Since 2024-03-01 all of Kazakhstan is at UTC+5; tz databases before 2024a have Almaty, Astana and Qostanay at UTC+6.
_KAZAKHSTAN = frozenset(
    f"Asia/{city}" for city in ("Almaty", "Qostanay", "Qyzylorda", "Aqtobe", "Aqtau", "Atyrau", "Oral")
)
_UNIFIED = datetime(2024, 3, 2, tzinfo=UTC)


def check_rules(zone: ZoneInfo) -> None:
    """Raise ValueError for a zone of which this machine's tz database does not know the latest change."""
    if zone.key in _KAZAKHSTAN and _UNIFIED.astimezone(zone).utcoffset() != timedelta(hours=5):
        raise ValueError(
            f'"{zone.key}" is not at UTC+5 since 2024-03-01 in the tz database of this machine, which is older than '
            "2024a; update the package tzdata"
        )


def of_text(check: Callable[[str], Any]) -> Callable[[Any, Any], Any]:
    """Return the hook of a type that is written as text and checked by a function."""

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"expected text in quotes, found {shown(value)}")
        return check(value)

    return hook


def add_types(converter: Converter, port: int) -> None:
    """Let a converter know these types; `port` is where the program listens unless told otherwise."""

    def listen(text: str) -> str:
        host_and_port(text, port)
        return text

    def zone_name(text: str) -> str:
        return time_zone(text).key

    def text_or_secret(value: Any, _: Any) -> str | Secret:
        if not isinstance(value, (str, dict)):
            raise ValueError('expected text in quotes or { file = "/path" }')
        kind: type[str] | type[Secret] = str if isinstance(value, str) else Secret
        return converter.structure(value, kind)

    for kind, hook in (
        (ListenAddress, of_text(listen)),
        (ZoneName, of_text(zone_name)),
        (HttpUrl, lambda value, _: http_url(value)),
    ):
        converter.register_structure_hook_func(partial(is_, kind), hook)
    converter.register_structure_hook(ZoneInfo, of_text(time_zone))
    for either in (str | Secret, str | Secret | None):
        converter.register_structure_hook(either, text_or_secret)
