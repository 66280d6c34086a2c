"""The agent's settings file. Without one the agent measures its host and nothing else."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NewType

from cattrs import Converter

from agent.host import root as defaults
from agent.runtime.urls import check_url, holds_password
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.edge_log.settings import EdgeLogSettings
from agent.sources.streams.settings import StreamBudget, StreamSettings
from service.settings import Seconds, Secret, make_converter

Address = NewType("Address", str)
"""Where to listen: "127.0.0.1:9780" or "[::1]:9780"."""

HttpUrl = NewType("HttpUrl", str)
"""A URL of http or https without a password in it."""

# scheme://user:password@host
_PASSWORD_IN_URL = re.compile(r"://[^/@]*:[^/@]+@")


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


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What is measured of the node itself, under node_exporter's names."""

    enabled: bool = True  # false where node_exporter stays
    root: Path = Path("/")  # where the node's file systems are mounted, for an agent in a container
    without: list[str] = field(default_factory=list)  # collectors switched off, such as "pressure"
    units: list[str] = field(default_factory=list)  # systemd units watched by name, such as "nginx.service"
    processes: list[str] = field(default_factory=list)  # processes watched by name, such as "nginx"
    excluded_disks: re.Pattern[str] = defaults.EXCLUDED_DISKS
    excluded_mounts: re.Pattern[str] = defaults.EXCLUDED_MOUNTS
    excluded_file_systems: re.Pattern[str] = defaults.EXCLUDED_FILE_SYSTEMS
    excluded_interfaces: re.Pattern[str] = defaults.EXCLUDED_INTERFACES

    def __post_init__(self) -> None:
        faults = [
            f'units: "{unit}" has no type; write for example "{unit}.service"' for unit in self.units if "." not in unit
        ]
        if self.root != Path("/") and (self.units or self.processes):
            faults.append("units and processes are those of the system the agent runs in; leave root at /")
        if faults:
            raise ExceptionGroup("host", [ValueError(fault) for fault in faults])


def _check_name(key: str, name: str) -> None:
    if not re.fullmatch(r"[\w.-]{1,40}", name):
        raise ValueError(f"{key} must be 1 to 40 letters, digits, dots, _ and -, not {name!r}; it becomes a label")


def _check_times(interval: float, deadline: float) -> None:
    if not 1 <= interval <= 86400:
        raise ValueError('interval must be between "1s" and "24h"')
    if not 0 < deadline <= interval:
        raise ValueError('deadline must be above "0s" and not above interval')


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One streaming server's status page."""

    preset: str
    url: HttpUrl | None = None
    command: list[str] = field(default_factory=list)  # for a server without a status page, such as varnishstat -j
    basic: Basic | None = None
    token: Secret | None = None
    name: str = ""  # the label `server`; the preset's name when empty
    interval: Seconds = field(default=Seconds(5.0))
    deadline: Seconds = field(default=Seconds(4.0))

    def __post_init__(self) -> None:
        _check_times(self.interval, self.deadline)
        _check_name("name", self.label)
        if (self.url is None) == (not self.command):
            raise ValueError('give either url = "http://…" or command = ["varnishstat", "-j"]')
        if self.command and (self.basic or self.token):
            raise ValueError("basic and token belong to a url")

    @property
    def label(self) -> str:
        """The value of the label `server`."""
        return self.name or Path(self.preset).stem


@dataclass(frozen=True, slots=True)
class SubscribersSettings:
    """One service's middleware: its database by a preset or queries of one's own, or its HTTP API by JMESPath."""

    service: str
    database: str | Secret | None = None
    preset: str = ""
    subscribers_query: str = ""
    online_query: str = ""
    url: HttpUrl | None = None
    basic: Basic | None = None
    token: Secret | None = None
    subscribers_path: str = ""  # JMESPath: {status: count}, or a list of [status, count]
    online_path: str = ""  # JMESPath: one number
    interval: Seconds = field(default=Seconds(15.0))
    deadline: Seconds = field(default=Seconds(4.0))
    online_within: Seconds = field(default=Seconds(60.0))

    def __post_init__(self) -> None:
        _check_times(self.interval, self.deadline)
        _check_name("service", self.service)
        queries, paths = self.subscribers_query or self.online_query, self.subscribers_path or self.online_path
        if (self.database is None) == (self.url is None):
            raise ValueError("give either database, or url with subscribers_path or online_path")
        if self.database is not None and (paths or self.basic or self.token):
            raise ValueError("subscribers_path, online_path, basic and token belong to a url, not to a database")
        if self.database is not None and bool(self.preset) == bool(queries):
            raise ValueError('give either preset = "generic" or queries of your own (subscribers_query, online_query)')
        if self.url is not None and (self.preset or queries):
            raise ValueError("preset and queries belong to a database, not to a url")
        if self.url is not None and not paths:
            raise ValueError("give subscribers_path, online_path or both")
        if isinstance(self.database, str) and _PASSWORD_IN_URL.search(self.database):
            raise ValueError('database holds a password; write database = { file = "/path" } with the URL in that file')


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The whole file."""

    listen: Address = field(default=Address("127.0.0.1:9780"))
    state: Path = Path("/var/lib/ottwatch")
    tls: Tls | None = None
    auth: Auth | None = None
    host: HostSettings = field(default_factory=HostSettings)
    edge_log: list[EdgeLogSettings] = field(default_factory=list)
    server: list[ServerSettings] = field(default_factory=list)
    subscribers: list[SubscribersSettings] = field(default_factory=list)
    stream: list[StreamSettings] = field(default_factory=list)
    stream_budget: StreamBudget = field(default_factory=StreamBudget)
    certificate: list[CertificateSettings] = field(default_factory=list)

    def __post_init__(self) -> None:
        for table, names, key in (
            ("edge_log", [log.service for log in self.edge_log], "service"),
            ("server", [server.label for server in self.server], "name"),
            ("subscribers", [source.service for source in self.subscribers], "service"),
            ("stream", [stream.channel for stream in self.stream], "channel"),
            ("certificate", [certificate.endpoint for certificate in self.certificate], "endpoint"),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f'two [[{table}]] are called "{repeated[0]}"; give each its own {key}')
        self.stream_budget.check(self.stream)


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


def _http_url(value: Any) -> str:
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


def converter() -> Converter:
    """Return the settings converter with what only the agent's file has: text or a secret."""
    result = make_converter()

    def text_or_secret(value: Any, _: Any) -> str | Secret:
        if isinstance(value, dict):
            return result.structure(value, Secret)
        return result.structure(value, str)

    def address(value: Any, _: Any) -> str:
        parse_address(result.structure(value, str))
        return str(value)

    for kind in (str | Secret, str | Secret | None):
        result.register_structure_hook(kind, text_or_secret)
    result.register_structure_hook_func(lambda kind: kind is Address, address)
    result.register_structure_hook_func(lambda kind: kind is HttpUrl, lambda value, _: _http_url(value))
    return result
