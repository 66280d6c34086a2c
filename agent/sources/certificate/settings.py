"""The table `[[certificate]]` of the agent's settings: endpoints whose TLS certificate is watched."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from service.setting_types import host_and_port
from service.settings import Seconds

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    """One endpoint."""

    endpoint: str  # the label: a name, because addresses and URLs are no labels
    address: str  # "portal.example.kz:443"
    server_name: str = ""  # asked for and checked; the address's host when empty
    authority: Path | None = None  # of a private authority, in PEM; the system's authorities without it
    interval: Seconds = field(default=Seconds(300.0))
    deadline: Seconds = field(default=Seconds(4.0))

    def __post_init__(self) -> None:
        faults = []
        if not _NAME.fullmatch(self.endpoint):
            faults.append("endpoint must be a name of letters, digits, dot, _ and -, at most 64")
        try:
            connects = host_and_port(self.address)[1] > 0
        except ValueError:
            connects = False
        if not connects:
            faults.append('address must be "HOST:PORT", such as "portal.example.kz:443" or "[::1]:443"')
        if connects and not (_can_be_asked_for(self.server_name) and _can_be_asked_for(self.server[0])):
            faults.append("server_name, and the host in address, must be a name of labels of 1 to 63 letters")
        if not 10 <= self.interval <= 86400:
            faults.append('interval must be between "10s" and "24h"')
        if not 0 < self.deadline <= min(self.interval, 60):
            faults.append('deadline must be above "0s", and not above interval and "1m"')
        if self.authority is not None and not self.authority.is_absolute():
            faults.append("authority must be an absolute path")
        if faults:
            raise ExceptionGroup("certificate", [ValueError(fault) for fault in faults])

    @property
    def server(self) -> tuple[str, int]:
        """Where to connect."""
        return host_and_port(self.address)


def _can_be_asked_for(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True
