"""The settings of one collector of events: a table [[player_events]] of the agent's file."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from agent.runtime.settings import Tls
from service.setting_types import host_and_port
from service.settings import Seconds, Secret

_SERVICE = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class PlayerEventsSettings:
    """Where players of a service send their events; docs/qoe.md explains each key."""

    service: str
    listen: str = "127.0.0.1:9784"
    token: Secret | None = None
    tls: Tls | None = None
    origins: list[str] = field(default_factory=lambda: ["*"])
    edges: list[str] = field(default_factory=list)
    channel: re.Pattern[bytes] | None = None
    rate: int = 2_000
    max_sessions: int = 100_000
    idle_timeout: Seconds = field(default=Seconds(90.0))

    def __post_init__(self) -> None:
        faults = []
        if not _SERVICE.fullmatch(self.service):
            faults.append(f"service must be letters, digits, _ and -, at most 40, not {self.service!r}")
        try:
            host, _ = host_and_port(self.listen)
            open_to_all = not ip_address(host).is_loopback
        except ValueError:
            faults.append(f'listen must be an address and a port such as "127.0.0.1:9784", not {self.listen!r}')
            open_to_all = False
        if open_to_all and self.token is None and (self.tls is None or self.tls.client_ca is None):
            faults.append(
                'listen is open to others: give token = { file = "/path" } or tls.client_ca, or anybody writes figures'
            )
        if self.channel is not None and self.channel.groups == 0:
            faults.append(
                f"channel: {self.channel.pattern.decode()!r} has no group; put the part that names it in parentheses"
            )
        faults += [
            f"{key} must be between {low} and {high}"
            for key, number, low, high in (
                ("rate", self.rate, 1, 100_000),
                ("max_sessions", self.max_sessions, 1, 1_000_000),
            )
            if not low <= number <= high
        ]
        if not 10 <= self.idle_timeout <= 3_600:
            faults.append('idle_timeout must be between "10s" and "1h"')
        if faults:
            raise ExceptionGroup("player_events", [ValueError(fault) for fault in faults])
