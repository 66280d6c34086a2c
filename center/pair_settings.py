"""`pair.toml`: what the two sides of a pair and their witness know of each other; all three have the same file."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from pathlib import Path
from typing import Literal

from center.queue_size import in_bytes
from service.mail import check_mailbox
from service.settings import Secret, load
from service.toml import shown

Machine = Literal["a", "b", "witness"]
MACHINES: tuple[Machine, ...] = ("a", "b", "witness")
PASSWORDS = ("superuser", "replication", "rewind", "desk", "busyhour")
SHORTEST_SECRET = 32
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Mail:
    """Who is told without a desk when no desk can write tickets."""

    to: str
    sender: str
    smarthost: str  # host:port

    def __post_init__(self) -> None:
        check_mailbox("to", self.to)
        check_mailbox("sender", self.sender)
        host, _, port = self.smarthost.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f'smarthost "{self.smarthost}" is not host:port; write for example "mail.example.kz:25"')


@dataclass(frozen=True, slots=True)
class PairSettings:
    """The whole file."""

    a: str
    b: str
    witness: str
    site: str
    secret: Secret
    mail: Mail
    public_url: str
    engine: Literal["victoriametrics", "prometheus"] = "victoriametrics"
    queue: str = "20GB"  # that vmagent keeps for each side's VictoriaMetrics while it takes nothing
    names: dict[Machine, str] = field(
        default_factory=lambda: {"a": "control-a", "b": "control-b", "witness": "control-witness"}
    )
    console: str = ""  # the address that moves to the side that works, with its prefix length
    interface: str = ""
    console_port: int = 80

    def __post_init__(self) -> None:
        addresses = {name: _address(name, getattr(self, name)) for name in MACHINES}
        if len(set(addresses.values())) < len(MACHINES):
            raise ValueError("a, b and witness: two have one address; a vote counts only on a machine of its own")
        if not 0 < self.console_port < 65536:
            raise ValueError("console_port is not between 1 and 65535")
        in_bytes(self.queue)
        if bool(self.console) != bool(self.interface):
            raise ValueError("console and interface: write both, or none where no address moves")
        if self.console:
            _interface("console", self.console)
        if set(self.names) != set(MACHINES) or len(set(self.names.values())) < len(MACHINES):
            raise ValueError("names: write a different one for a, b and witness")
        for key, name in (("site", self.site), *((f"names.{machine}", name) for machine, name in self.names.items())):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{key}: {shown(name)} has other characters than letters, digits and hyphens")

    def address(self, machine: Machine) -> str:
        """Return the address of a machine."""
        return {"a": self.a, "b": self.b, "witness": self.witness}[machine]

    def password(self, purpose: str) -> str:
        """Return the password for a purpose: the secret's alone to compute, the same on both sides."""
        secret = self.secret.read()
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"the secret has fewer than {SHORTEST_SECRET} characters; make it: openssl rand -hex 32")
        return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()[:40]


def _address(key: str, text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(f'{key}: {shown(text)} is no IP address; write for example "192.0.2.11"') from None


def _interface(key: str, text: str) -> None:
    try:
        ip_interface(text)
    except ValueError:
        raise ValueError(f'{key}: {shown(text)} is no IP address; write for example "192.0.2.10/24"') from None


def read_pair(path: Path) -> PairSettings:
    """Read `pair.toml`; raise SettingsError with every fault."""
    return load(path, PairSettings)
