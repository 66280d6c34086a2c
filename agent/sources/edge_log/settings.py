"""The settings of one edge log: a table [[edge_log]] of the agent's file."""

import re
from dataclasses import dataclass, field
from datetime import UTC

from agent.sources.edge_log.formats.batch import LineFormat
from agent.sources.edge_log.formats.by_name import make_format
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.formats.log_format_expression import ADDRESSES
from agent.sources.edge_log.formats.request_start import timed
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.targets import PROTOCOLS
from service.setting_types import host_and_port, time_zone
from service.settings import Seconds

_SERVICE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_HEADER = re.compile(r"http_[a-z0-9_]+")
_CMCD = re.compile(rb"[?&]CMCD=")
_SUFFIX = re.compile(r"\*|\.[A-Za-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class EdgeLogSettings:
    """One service's access log and how its sessions are told apart; docs/edge-log.md explains each key."""

    service: str
    paths: list[str] = field(default_factory=list)
    rotated_to: list[str] = field(default_factory=list)
    syslog: str = ""
    format: str = "combined"
    columns: list[str] = field(default_factory=list)
    time_zone: str = "UTC"
    duration_unit: str = "s"
    time_of_request: str = "end"  # or "start"
    idle_timeout: Seconds = field(default=Seconds(30.0))
    viewer: list[re.Pattern[bytes]] = field(default_factory=list)
    session: list[re.Pattern[bytes]] = field(default_factory=list)
    channel: re.Pattern[bytes] | None = None
    client_address: str = ""
    viewer_variable: str = ""
    session_variable: str = "http_x_playback_session_id"
    media_suffixes: list[str] = field(default_factory=lambda: list(PROTOCOLS))
    media_methods: list[str] = field(default_factory=lambda: ["GET"])
    media_statuses: list[int] = field(default_factory=lambda: [200, 206, 304])
    cmcd: bool = False
    top_channels: int = 50
    ahead_tolerance: Seconds = field(default=Seconds(60.0))
    lateness: Seconds = field(default=Seconds(60.0))
    max_sessions: int = 500_000
    max_line: int = 65_536
    begin: str = "start"
    checkpoint_interval: Seconds = field(default=Seconds(15.0))

    def __post_init__(self) -> None:
        faults = [*self._input_faults(), *self._definition_faults(), *self._limit_faults()]
        try:
            if not self.make_format().has_durations and self.cmcd:
                faults.append("cmcd needs the time that each request took: add $request_time to the log's format")
        except ValueError as error:
            faults.append(str(error))
        if faults:
            raise ExceptionGroup("edge_log", [ValueError(fault) for fault in faults])

    @property
    def definition(self) -> Definition:
        """What the engine needs to know."""
        return Definition(
            idle_timeout=self.idle_timeout,
            viewer=tuple(self.viewer),
            session=tuple(self.session),
            channel=self.channel,
            media_suffixes=tuple(self.media_suffixes),
            media_statuses=tuple(self.media_statuses),
            ahead_tolerance=self.ahead_tolerance,
            lateness=self.lateness,
            max_sessions=self.max_sessions,
            cmcd=self.cmcd,
        )

    def make_format(self) -> LineFormat:
        """Return the log's format; raise ValueError with the remedy where it cannot serve."""
        choice = Choice(
            self.client_address,
            self.session_variable,
            self.viewer_variable,
            tuple(self.media_methods),
            self.cmcd,
            identity=tuple(self.viewer or self.session or ([_CMCD] if self.cmcd else [])),
        )
        try:
            zone = UTC if self.time_zone == "UTC" else time_zone(self.time_zone)
        except ValueError as error:
            raise ValueError(f"time_zone: {error}") from None
        made = make_format(self.format, self.columns, choice, zone, self.duration_unit)
        return timed(made, self.format, self.time_of_request)

    def _input_faults(self) -> list[str]:
        faults = []
        if not _SERVICE.fullmatch(self.service):
            faults.append(f"service must be letters, digits, _ and -, at most 40, not {self.service!r}")
        if bool(self.paths) == bool(self.syslog):
            faults.append('give either paths = ["/var/log/nginx/ott_access.log"] or syslog = "127.0.0.1:5514"')
        if self.syslog and not self.syslog.startswith("/"):
            try:
                host_and_port(self.syslog)
            except ValueError:
                faults.append(f'syslog must be "127.0.0.1:5514" or the path of a socket, not {self.syslog!r}')
        faults += [f"paths: {path!r} is not absolute; write it from /" for path in self.paths if path[:1] != "/"]
        faults += [
            f"rotated_to: {path!r} is not absolute; write it from /" for path in self.rotated_to if path[:1] != "/"
        ]
        if self.begin not in ("start", "end"):
            faults.append(f'begin must be "start" or "end" (of a log met for the first time), not {self.begin!r}')
        return faults

    def _definition_faults(self) -> list[str]:
        faults = [
            f"{key}: {pattern.pattern.decode()!r} has no group; put the part that names it in parentheses"
            for key, patterns in (
                ("viewer", self.viewer),
                ("session", self.session),
                ("channel", [self.channel] if self.channel else []),
            )
            for pattern in patterns
            if pattern.groups == 0
        ]
        faults += [
            f'media_suffixes: {suffix!r} is none; write for example ".ts", or "*" for every path'
            for suffix in self.media_suffixes
            if not _SUFFIX.fullmatch(suffix)
        ]
        faults += [
            f"media_statuses: {status} is no HTTP status" for status in self.media_statuses if not 100 <= status <= 599
        ]
        faults += [
            f"media_methods: {method!r} is no HTTP method" for method in self.media_methods if not method.isupper()
        ]
        address = self.client_address
        if address and address not in ADDRESSES and not _HEADER.fullmatch(address):
            known = ", ".join(ADDRESSES)
            faults.append(f"client_address must be one of {known}, or a header such as http_x_real_ip, not {address!r}")
        return faults

    def _limit_faults(self) -> list[str]:
        faults = [
            f'{key} must be between "{low}s" and "{high}s"'
            for key, value, low, high in (
                ("idle_timeout", self.idle_timeout, 1, 86_400),
                ("ahead_tolerance", self.ahead_tolerance, 1, 86_400),
                ("lateness", self.lateness, 0, 3_600),
                ("checkpoint_interval", self.checkpoint_interval, 0.1, 3_600),
            )
            if not low <= value <= high
        ]
        faults += [
            f"{key} must be between {low} and {high}"
            for key, number, low, high in (
                ("top_channels", self.top_channels, 0, 1_000),
                ("max_sessions", self.max_sessions, 1, 10_000_000),
                ("max_line", self.max_line, 1_024, 524_288),
            )
            if not low <= number <= high
        ]
        return faults
