"""The types of the settings file that the agent and several of its sources share."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NewType

from agent.runtime.urls import check_url, holds_password
from service.settings import Secret

Address = NewType("Address", str)
"""Where to listen: "127.0.0.1:9780" or "[::1]:9780"."""

HttpUrl = NewType("HttpUrl", str)
"""A URL of http or https without a password in it."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How /metrics is encrypted; with `client_ca` only clients with a certificate of that authority get in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and a password for HTTP basic authentication."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may read /metrics: the holder of the bearer token, or of the name and password."""

    token: Secret | None = None
    basic: Basic | None = None

    def __post_init__(self) -> None:
        if self.token is None and self.basic is None:
            raise ValueError('give token = { file = "/path" } or basic = { username = …, password = { file = … } }')


def check_name(key: str, name: str) -> None:
    """Raise ValueError for a name that cannot become a label."""
    if not re.fullmatch(r"[\w.-]{1,40}", name):
        raise ValueError(f"{key} must be 1 to 40 letters, digits, dots, _ and -, not {name!r}; it becomes a label")


def check_times(interval: float, deadline: float) -> None:
    """Raise ValueError for an interval or a deadline (seconds) out of range."""
    if not 1 <= interval <= 86400:
        raise ValueError('interval must be between "1s" and "24h"')
    if not 0 < deadline <= interval:
        raise ValueError('deadline must be above "0s" and not above interval')


def parse_address(listen: str) -> tuple[str, int]:
    """Return (host, port) of "127.0.0.1:9780" or "[::1]:9780"; raise ValueError for anything else."""
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f'must be "ADDRESS:PORT", such as "127.0.0.1:9780" or "[::1]:9780", not {listen!r}')
    return host, int(port)


def http_url(value: Any) -> str:
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
    return value
