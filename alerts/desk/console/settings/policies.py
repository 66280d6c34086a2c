"""The effective configuration, to be read: what the desk works by, and which key of desk.toml changes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from sqlalchemy import URL

from alerts.desk.console.settings.calendars import calendars
from alerts.desk.console.settings.frame import show
from alerts.desk.core.figures import figure
from alerts.desk.core.settings import DEFAULT_PRIORITIES, Limits, Retention, Settings
from alerts.desk.core.words import Words
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import words_for
from alerts.desk.web.session import Running
from service.mail import Smtp
from service.settings import Secret

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))

router = APIRouter(include_in_schema=False)


class Line(NamedTuple):
    """One setting: the key in the file, and its value in words."""

    key: str
    word: str
    value: str


@router.get("/settings/policies")
def policies(request: Request, runtime: Running, found: Reading) -> Response:
    """Show what the desk works by."""
    words = words_for(request, found)
    settings = runtime.settings
    today = runtime.now().astimezone(settings.zone).date()
    return show(
        request,
        "policies",
        found,
        refusal=runtime.refused,
        groups={name: make(words, runtime) for name, make in GROUPS.items()},
        calendars=calendars(words, settings, today),
        priorities=[
            (name, table, table == DEFAULT_PRIORITIES[name])
            for name, table in {**DEFAULT_PRIORITIES, **settings.priorities}.items()
        ],
        heard_by={name: [t.name for t in settings.target if name in t.priorities] for name in DEFAULT_PRIORITIES},
        vendors=settings.vendor,
        worktime=lambda seconds: duration(words, seconds, _UNITS[1:]),
    )


def _plain(*names: str) -> Callable[[Words, Runtime], list[Line]]:
    """Return what shows these keys, which stand in no table."""

    def make(words: Words, runtime: Runtime) -> list[Line]:
        return [Line(name, name, shown(words, name, getattr(runtime.settings, name))) for name in names]

    return make


def _table(key: str, kind: type[Smtp | Retention | Limits]) -> Callable[[Words, Runtime], list[Line]]:
    """Return what shows the keys of a table."""

    def make(words: Words, runtime: Runtime) -> list[Line]:
        table = getattr(runtime.settings, key)
        return [
            Line(
                f"[{key}] {each.name}",
                f"{key}_{each.name}",
                shown(words, each.name, getattr(table, each.name) if table else None),
            )
            for each in fields(kind)
        ]

    return make


_TICKETS = ("one_ticket_per", "confirmation", "late_duplicates")
_WATCHING = (
    "alertmanagers",
    "receiver",
    "reconcile",
    "settled",
    "prometheus",
    "prometheus_token",
    "watchdog",
    "watchdog_missing",
)
_TABLES = ("priorities", "calendars", "vendor", "smtp", "target", "retention", "limits")


def _desk(words: Words, runtime: Runtime) -> list[Line]:
    elsewhere = {*_TICKETS, *_WATCHING, *_TABLES, "database", "appeals", "billing", "pictures"}
    lines = _plain(*(each.name for each in fields(Settings) if each.name not in elsewhere))(words, runtime)
    appeals = runtime.settings.appeals
    taken = shown(words, "appeals", (*appeals.services, *appeals.regions) if appeals else None)
    return [
        *lines,
        Line("[appeals]", "appeals", taken),
        *(
            Line(f"[{name}]", name, words("settings.yes" if getattr(runtime.settings, name) else "policy.unset"))
            for name in ("billing", "pictures")
        ),
        Line("database", "database", _database(words, runtime.settings, runtime.database.url)),
    ]


GROUPS: Mapping[str, Callable[[Words, Runtime], list[Line]]] = {
    "tickets": _plain(*_TICKETS),
    "watching": _plain(*_WATCHING),
    "console": _desk,
    "smtp": _table("smtp", Smtp),
    "retention": _table("retention", Retention),
    "limits": _table("limits", Limits),
}
_BYTES = {"webhook_body", "body"}


def shown(words: Words, name: str, value: object) -> str:  # noqa: PLR0911 - one a kind of value
    """Return a value in words; of a secret only that it is there."""
    if value is None or value in ("", ()):
        return words("policy.unset")
    if isinstance(value, Secret):
        return words("policy.from_file" if value.file else "policy.from_env")
    if isinstance(value, bool):
        return words("settings.yes" if value else "settings.no")
    if name == "username":
        return words("settings.yes")  # where mail is sent through a provider, the name is half of a key
    if isinstance(value, float):
        return duration(words, value)
    if isinstance(value, int):
        size = words("policy.mebibytes", number=figure(words, value / 2**20, "number"))
        return size if name in _BYTES else figure(words, value, "count")
    if isinstance(value, tuple):
        return ", ".join(address(str(each)) for each in value)
    if name == "one_ticket_per":
        return words(f"grouping.{value}")
    return words(f"languagename.{value}") if name == "language" else address(str(value))


def address(text: str) -> str:
    """Return an address without what may be secret in it: name and password, query, fragment."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "…"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _database(words: Words, settings: Settings, url: URL) -> str:
    kind = "SQLite" if url.get_backend_name() == "sqlite" else "PostgreSQL"
    if isinstance(settings.database, Secret):
        return words("policy.in_secret", kind=kind)
    where = "/".join(part for part in (url.host, url.database) if part)
    return f"{kind}: {where}"


def duration(words: Words, seconds: float, units: Sequence[tuple[str, int]] = _UNITS) -> str:
    """Return a duration exactly, without the parts that are zero; of working time nothing longer than hours.

    A day of working time would be read as 24 hours, which it is not.
    """
    parts, left = [], round(seconds)
    for unit, size in units:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {words(f'unit.{unit}')}")
    return " ".join(parts) or f"0 {words('unit.s')}"
