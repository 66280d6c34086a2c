"""A call of ott-busyhour: what several commands read of its arguments, and what they open for it."""

import argparse
import time
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.records.store import StoreError
from service.durations import parse_duration

if TYPE_CHECKING:
    from dashboards.busy_hour.records.query import Server


class CallError(ValueError):
    """The call makes no sense."""


def day(text: str, option: str) -> date:
    """Return the day that an option names; raise CallError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CallError(f'{option}: "{text}" is not a day; write 2026-01-31') from None


def whole_seconds(text: str, option: str) -> int:
    """Return the duration that an option names; raise ValueError."""
    seconds = 0.0 if text == "0" else parse_duration(text)
    if seconds != int(seconds):
        raise CallError(f"{option} must be whole seconds")
    return int(seconds)


def database(arguments: argparse.Namespace, chosen: Settings) -> str:
    """Return the address of the database; raise StoreError where its secret cannot be read."""
    try:
        return arguments.database or chosen.database_url()
    except OSError as error:
        raise StoreError(f"database: {error}") from None


def server(chosen: Settings, pause: Callable[[float], object] = time.sleep) -> "Server":
    """Return the Prometheus that is asked; raise OSError where its token cannot be read."""
    from dashboards.busy_hour.records.query import connect  # noqa: PLC0415 - a report from records asks nobody

    token = None
    if chosen.prometheus_token is not None:
        try:
            token = chosen.prometheus_token.read()
        except OSError as error:
            raise OSError(f"prometheus_token: {error}") from None
    return connect(chosen.prometheus, token, chosen.prometheus_timeout, pause)
