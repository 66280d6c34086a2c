"""`site.toml`: what a site that evaluates its own alerts knows of itself and of its control centre."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from center.pair_settings import Mail
from center.queue_size import in_bytes
from service.settings import load
from service.toml import shown

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The whole file."""

    site: str
    name: str  # of this machine
    address: str  # its own, on which its programs listen
    centre: tuple[str, ...]  # addresses of the sides of the pair
    mail: Mail  # who is told at the site while no centre is reached
    queue: str = "10GB"  # that vmagent keeps for each side while the site is cut off

    def __post_init__(self) -> None:
        for key in ("site", "name"):
            text = getattr(self, key)
            if not _NAME.fullmatch(text):
                raise ValueError(f"{key}: {shown(text)} has other characters than letters, digits and hyphens")
        for key, text in (("address", self.address), *(("centre", each) for each in self.centre)):
            try:
                ip_address(text)
            except ValueError:
                raise ValueError(f'{key}: {shown(text)} is no IP address; write for example "192.0.2.11"') from None
        if not self.centre:
            raise ValueError('centre: no address; write those of both sides, for example ["10.0.0.1", "10.0.0.2"]')
        if len({self.address, *self.centre}) < 1 + len(self.centre):
            raise ValueError("address and centre: two have one address; a site's machine is none of the centre's")
        in_bytes(self.queue)


def read_site(path: Path) -> SiteSettings:
    """Read `site.toml`; raise SettingsError with every fault."""
    return load(path, SiteSettings)
