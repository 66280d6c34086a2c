"""The desk's settings file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NewType
from zoneinfo import ZoneInfo

from cattrs import Converter
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from alerts.desk.core import checks
from alerts.desk.core.appeal_settings import AppealSettings
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.picture_settings import PictureSettings
from alerts.desk.core.words import languages
from service.mail import Smtp, check_mailbox
from service.setting_types import ListenAddress, ZoneName, add_types, check_rules, check_url, host_and_port, of_text
from service.settings import Fault, Seconds, Secret, SettingsError, load, make_converter

Language = NewType("Language", str)
"""The code of a language that has texts"""
Grouping = Literal["group", "alert"]
Url = NewType("Url", str)
"""An http:// or https:// address without a slash at its end, or nothing."""
PORT = 9781  # where the desk listens unless told otherwise
DRIVERS = ("sqlite", "postgresql+psycopg")
PRIORITIES = ("P1", "P2", "P3", "P4")
TOPICS = (
    "opened",
    "warning",
    "breach",
    "resolved",
    "reopened",
    "closed",
    "unverified",
    "flapping",
    "priority",
    "handed_over",
    "escalated",
)
"""What a target can ask to hear of."""
SEPARATE = ("cluster", "env", "environment", "stage", "tenant")
"""Labels that tell one installation from another: alerts that differ in one of them are never one problem."""
DEFAULT_TOPICS = ("opened", "priority", "breach", "resolved", "reopened", "unverified", "escalated")
MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class PrioritySettings:
    """The targets of one priority."""

    acknowledge: Seconds
    restore: Seconds
    calendar: str = "24x7"

    def __post_init__(self) -> None:
        checks.positive(self, "acknowledge", "restore")


# As a settings file writes them: a table that gives a part of its keys leaves the rest as it is here.
_PRIORITIES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "P1": {"acknowledge": "15m", "restore": "4h"},
        "P2": {"acknowledge": "30m", "restore": "8h"},
        "P3": {"acknowledge": "2h", "restore": "24h"},
        # Five business days of nine hours.
        "P4": {"acknowledge": "9h", "restore": "45h", "calendar": "business"},
    }
)
DEFAULT_PRIORITIES: Mapping[str, PrioritySettings] = MappingProxyType(
    make_converter().structure(dict(_PRIORITIES), dict[str, PrioritySettings])
)


@dataclass(frozen=True, slots=True)
class VendorSettings:
    """A vendor's support contract."""

    name: str
    mail: str
    escalation_mail: str = ""  # who is asked when nobody accepts; empty: the same
    language: Language = Language("ru")  # in a file the desk's, unless it says another
    accept: Seconds = field(default=Seconds(30 * MINUTE))
    restore: Seconds = field(default=Seconds(4 * HOUR))
    calendar: str = "24x7"
    pauses_restore: bool = False

    def __post_init__(self) -> None:
        checks.printable(self.name)
        check_mailbox("mail", self.mail)
        if self.escalation_mail:
            check_mailbox("escalation_mail", self.escalation_mail)
        checks.positive(self, "accept", "restore")


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """Somebody who wants to hear of tickets: mail to `to`; the others go to the address in `url`."""

    name: str
    kind: Literal["mail", "apprise", "grafana", "tmf621"]
    to: tuple[str, ...] = ()
    url: Secret | None = None
    token: Secret | None = None
    topics: tuple[str, ...] = DEFAULT_TOPICS
    priorities: tuple[str, ...] = PRIORITIES
    language: Language = Language("ru")  # in a file the desk's, unless it says another
    per_minute: int = 30
    digest_over: int = 10  # more than this many waiting messages go out as one

    def __post_init__(self) -> None:
        if unknown := set(self.topics) - set(TOPICS):
            raise ValueError(f"topics: no such topic: {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}")
        if unknown := set(self.priorities) - set(PRIORITIES):
            raise ValueError(f"priorities: no such priority: {', '.join(sorted(unknown))}; there are P1, P2, P3, P4")
        if self.kind == "mail" and not self.to:
            raise ValueError('a mail target needs to = ["name@example.org"]')
        if self.kind != "mail" and self.url is None:
            raise ValueError(f'a target of kind "{self.kind}" needs url = {{ file = "/path" }} or {{ env = "NAME" }}')
        checks.printable(self.name)
        if ":" in self.name:
            raise ValueError(f'the name "{self.name}" has a colon')
        for address in self.to:
            check_mailbox("to", address)
        checks.positive(self, "per_minute", "digest_over")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long ended tickets and sent messages are kept; the audit trail is kept for ever."""

    tickets: Seconds = field(default=Seconds(400 * 24 * HOUR))
    messages: Seconds = field(default=Seconds(30 * 24 * HOUR))

    def __post_init__(self) -> None:
        checks.positive(self, "tickets", "messages")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of request bodies in bytes, and how hard passwords may be guessed."""

    webhook_body: int = 32 * 1024 * 1024
    body: int = 1024 * 1024
    login_failures: int = 5
    login_window: Seconds = field(default=Seconds(15 * MINUTE))
    session: Seconds = field(default=Seconds(12 * HOUR))
    viewer_session: Seconds = field(default=Seconds(12 * HOUR))  # of those who only read, such as a wall

    def __post_init__(self) -> None:
        checks.positive(self, *(each.name for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Settings:
    """`desk.toml`. Every key has a default that works on one machine."""

    listen: ListenAddress = field(default=ListenAddress(f"127.0.0.1:{PORT}"))
    database: str | Secret = "sqlite:////var/lib/ottwatch-desk/desk.db"
    time_zone: ZoneName = field(default=ZoneName("Asia/Almaty"))
    language: Language = Language("ru")
    public_url: Url = Url("")
    alertmanagers: tuple[Url, ...] = ()
    prometheus: Url = Url("")
    prometheus_token: Secret | None = None
    grafana: Url = Url("")
    busy_hour: Url = Url("")
    topology: str = ""  # a file beside this one: what feeds what; without it the roles of the nodes say so
    receiver: str = "desk"  # the Alertmanager receiver that is this desk
    reconcile: Seconds = field(default=Seconds(15.0))
    settled: Seconds = field(default=Seconds(3 * MINUTE))  # Prometheus tells everything again each minute
    watchdog: str = "Watchdog"  # the alert that never stops; "" where there is none
    watchdog_missing: Seconds = field(default=Seconds(5 * MINUTE))
    one_ticket_per: Grouping = "group"
    separate: tuple[str, ...] = SEPARATE
    confirmation: Seconds = field(default=Seconds(10 * MINUTE))
    late_duplicates: Seconds = field(default=Seconds(1 * MINUTE))
    secure_cookies: bool = False
    proxies: tuple[str, ...] = ()  # whose word on who asks is taken
    priorities: dict[str, PrioritySettings] = field(default_factory=lambda: dict(DEFAULT_PRIORITIES))
    calendars: dict[str, CalendarSettings] = field(default_factory=dict)
    vendor: tuple[VendorSettings, ...] = ()
    smtp: Smtp | None = None
    target: tuple[TargetSettings, ...] = ()
    appeals: AppealSettings | None = None
    pictures: PictureSettings | None = None
    billing: BillingCaseSettings | None = None
    retention: Retention = field(default_factory=Retention)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        try:
            check_rules(self.zone)
        except ValueError as error:
            raise ValueError(f"time_zone: {error}") from None
        checks.positive(self, "reconcile", "watchdog_missing")
        for proxy in self.proxies:
            checks.network("proxies", proxy)
        if unknown := set(self.priorities) - set(PRIORITIES):
            raise ValueError(f"priorities: no such priority {', '.join(sorted(unknown))}; there are P1, P2, P3, P4")
        named = {"24x7", "business", *self.calendars}
        for place, calendar in (
            *((f"priorities.{name}", p.calendar) for name, p in self.priorities.items()),
            *((f"vendor {v.name}", v.calendar) for v in self.vendor),
            *((("appeals.questions", self.appeals.questions.vendor_calendar),) if self.appeals else ()),
        ):
            if calendar not in named:
                raise ValueError(f'{place}: no calendar "{calendar}"; there are {", ".join(sorted(named))}')
        for kind, names in (("vendor", [v.name for v in self.vendor]), ("target", [t.name for t in self.target])):
            if len(names) != len(set(names)):
                raise ValueError(f"{kind}: two have one name; give each its own")
        if self.smtp is None and any(target.kind == "mail" for target in self.target):
            raise ValueError("target: a mail target needs the table [smtp]")
        if self.smtp is None and self.appeals is not None and self.appeals.mail is not None:
            raise ValueError("appeals.mail: needs the table [smtp]")

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which people read times."""
        return ZoneInfo(self.time_zone)

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port to listen on."""
        return host_and_port(self.listen)

    def token_of_prometheus(self) -> str:
        """Return the bearer token for Prometheus, "" where there is none; raise OSError when it cannot be read."""
        return self.prometheus_token.read() if self.prometheus_token else ""


def read_settings(path: Path) -> Settings:
    """Read `desk.toml`; raise SettingsError with every fault."""
    return load(path, Settings, converter())


def converter() -> Converter:
    """Return the common converter plus the desk's own types, so that each mistake is told under its own key."""
    result = make_converter()
    add_types(result, PORT)
    result.register_structure_hook_func(lambda kind: kind is Language, of_text(_language))
    result.register_structure_hook_func(lambda kind: kind is Url, of_text(_url))
    text_or_secret = result.get_structure_hook(str | Secret)
    priorities = result.get_structure_hook(dict[str, PrioritySettings])

    def database(value: object, kind: object) -> str | Secret:
        if isinstance(value, str):
            _database(value)
        either: str | Secret = text_or_secret(value, kind)
        return either

    def completed(value: object, kind: object) -> dict[str, PrioritySettings]:
        if isinstance(value, dict):
            value = {
                name: {**_PRIORITIES.get(name, {}), **table} if isinstance(table, dict) else table
                for name, table in value.items()
            }
        found: dict[str, PrioritySettings] = priorities(value, kind)
        return found

    result.register_structure_hook(str | Secret, database)
    result.register_structure_hook_func(lambda kind: kind == dict[str, PrioritySettings], completed)
    plain = result.get_structure_hook(Settings)

    def whole(value: object, kind: object) -> Settings:
        found: Settings = plain(_in_the_desks_language(value), kind)
        return found

    result.register_structure_hook(Settings, whole)
    return result


def _in_the_desks_language(file: object) -> object:
    """Return the file with the desk's language in the tables of whom the desk writes to, where they name none."""
    if not isinstance(file, dict) or file.get("language") not in languages():
        return file
    known = {"language": file["language"]}
    lists = {name: tables for name in ("vendor", "target") if isinstance(tables := file.get(name), list)}
    return file | {
        name: [known | table if isinstance(table, dict) else table for table in tables]
        for name, tables in lists.items()
    }


def _language(text: str) -> Language:
    if text not in languages():
        known = ", ".join(f'"{each}"' for each in languages())
        raise ValueError(f"write one of {known}")
    return Language(text)


def _url(text: str) -> Url:
    if text:
        check_url(text)
    return Url(text.rstrip("/"))


def _database(url: str) -> None:
    try:
        address = make_url(url)
    except ArgumentError:
        raise ValueError('is not an address; write "sqlite:////path/desk.db"') from None
    if address.drivername not in DRIVERS:
        raise ValueError(f'"{address.drivername}" is not supported; write sqlite:////… or postgresql+psycopg://…')
    if address.password:
        raise ValueError('a password does not belong in this file; write { file = "/path" }')


def database_url(settings: Settings, path: Path) -> str:
    """Return the database's address, from its secret where it is one; raise SettingsError when it cannot be read."""
    if isinstance(settings.database, str):
        return settings.database
    try:
        url = settings.database.read()
    except OSError as error:
        raise SettingsError([Fault(path, "database", str(error))]) from None
    try:
        driver = make_url(url).drivername
    except ArgumentError:
        driver = ""
    if driver not in DRIVERS:
        raise SettingsError([Fault(path, "database", "the secret holds no sqlite:// or postgresql+psycopg:// address")])
    return url
