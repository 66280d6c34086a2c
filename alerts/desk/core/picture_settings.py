"""The table `[pictures]` of `desk.toml`: how the console gets pictures of channels from the agents."""

from dataclasses import dataclass, field
from pathlib import Path

from alerts.desk.core import checks
from service.settings import Seconds, Secret


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """What opens the agents' pages. Without the table the console shows no pictures."""

    targets: str = ""  # who lists the agents at /api/v1/targets, such as a vmagent; empty: `prometheus`
    token: Secret | None = None
    username: str = ""
    password: Secret | None = None
    ca: Path | None = None  # the authority of the agents' certificates; without it those of the system
    certificate: Path | None = None  # this desk's own, where the agents ask for one
    key: Path | None = None
    keep: Seconds = field(default=Seconds(600.0))  # how old a picture may be that is still shown and held in memory

    def __post_init__(self) -> None:
        checks.positive(self, "keep")
        if self.targets and not self.targets.startswith(("http://", "https://")):
            raise ValueError(f'targets: "{self.targets}" is not an address; it starts with http:// or https://')
        if bool(self.username) != (self.password is not None):
            raise ValueError("give username and password together")
        if self.token is not None and self.username:
            raise ValueError("give a token or a username with its password, not both")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("give certificate and key together")
