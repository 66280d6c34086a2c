"""The types of the settings file that the agent and several of its sources share."""

import re
from dataclasses import dataclass
from pathlib import Path

from service.settings import Secret


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
