"""`ott-center pair`: write the settings of one machine of a pair."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from center.pair_settings import MACHINES, PASSWORDS, Machine, PairSettings, read_pair
from center.places import Places
from center.queue_size import in_bytes
from center.refused import RefusedError, refusing
from center.templates import fill, filled, put
from service.program import Exit

HEALTH = {"victoriametrics": ("8428", "/health"), "prometheus": ("9090", "/-/ready")}
# At least four of the newest five scrapes of an agent of the pair, or two failed ones could not be seen.
_SCRAPES = {"victoriametrics": "vmagent", "prometheus": "prometheus"}
_CURRENT = "/api/v1/query?query=count_over_time(up%7Bjob%3D%22{job}%22%7D%5B25s%5D)%3E3"
_FOUND = r"""'"result":\[\{'"""
# Who reads a file that holds passwords, or runs it: account and mode. All others are root's, for everybody to read.
OWNERS = {
    "etc/patroni/config.yml": ("postgres", 0o600),
    "etc/patroni/ottwatch-databases": ("postgres", 0o700),
    "etc/ottwatch/desk-database": ("ott-desk", 0o400),
    "etc/ottwatch/busyhour-database": ("ott-busyhour", 0o400),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--settings", type=Path, default=Path("/etc/ottwatch/pair.toml"), help="default: %(default)s")
    parser.add_argument("--dry-run", action="store_true", help="show what would be changed, and change nothing")
    parser.add_argument("machine", choices=MACHINES, help="which of the three this machine is")


def run(arguments: argparse.Namespace, places: Places) -> int:
    """Show what changes and change it; a copy of each file that was there is kept."""
    if os.geteuid() != 0 and not arguments.dry_run:
        raise RefusedError("only root can configure this machine")
    with refusing():
        settings = read_pair(arguments.settings)
        files = rendered(settings, arguments.machine, places.share / "pair")
        hidden = [settings.password(purpose) for purpose in PASSWORDS]
    put(files, places, OWNERS, hidden, dry_run=arguments.dry_run)
    return Exit.FINE


def rendered(settings: PairSettings, machine: Machine, templates: Path) -> Iterator[tuple[str, str]]:
    """Yield path below the root and text of every file of a machine; raise RefusedError for a template's own fault."""
    values = _values(settings, machine)
    values["scrape"] = fill((templates / "scrape.yml").read_text("utf-8"), values).rstrip("\n")
    folders = ["every"] if machine == "witness" else ["every", "side", settings.engine]
    for folder in folders:
        for name, text in filled(templates / folder, values):
            if name != "etc/keepalived/keepalived.conf" or settings.console:
                yield name, text


def _values(settings: PairSettings, machine: Machine) -> dict[str, str]:
    peer: Machine = "a" if machine == "b" else "b"
    port, health = HEALTH[settings.engine]
    values = {
        "self": settings.address(machine),
        "self.name": settings.names[machine],
        "peer": settings.address(peer),
        "site": settings.site,
        "queue": settings.queue,
        "queue.bytes": str(in_bytes(settings.queue)),
        "public": settings.public_url,
        "mail": settings.mail.to,
        "sender": settings.mail.sender,
        "smarthost": settings.mail.smarthost,
        "console": settings.console,
        "console.port": str(settings.console_port),
        "interface": settings.interface,
        "priority": "110" if machine == "a" else "100",
        "metrics.port": port,
        "metrics.health": health,
        "metrics.current": _CURRENT.format(job=_SCRAPES[settings.engine]),
        "metrics.expected": _FOUND,
    }
    for each in MACHINES:
        values[each] = settings.address(each)
        values[f"{each}.name"] = settings.names[each]
    return values | {f"secret.{purpose}": settings.password(purpose) for purpose in PASSWORDS}
