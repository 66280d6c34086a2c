"""`ott-center site`: write the settings of the machine of a site that evaluates its own alerts."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from center.places import Places
from center.queue_size import in_bytes
from center.refused import RefusedError, refusing
from center.site_settings import SiteSettings, read_site
from center.templates import filled, put
from service.program import Exit

SAMPLES = 9097  # where a side's HAProxy takes the samples of sites, whichever its database is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--settings", type=Path, default=Path("/etc/ottwatch/site.toml"), help="default: %(default)s")
    parser.add_argument("--dry-run", action="store_true", help="show what would be changed, and change nothing")


def run(arguments: argparse.Namespace, places: Places) -> int:
    """Show what changes and change it; a copy of each file that was there is kept."""
    if os.geteuid() != 0 and not arguments.dry_run:
        raise RefusedError("only root can configure this machine")
    with refusing():
        files = rendered(read_site(arguments.settings), places.share / "site")
    put(files, places, dry_run=arguments.dry_run)
    return Exit.FINE


def rendered(settings: SiteSettings, templates: Path) -> Iterator[tuple[str, str]]:
    """Yield path below the root and text of every file; raise RefusedError for a template's own fault."""
    return filled(
        templates,
        {
            "self": settings.address,
            "self.name": settings.name,
            "site": settings.site,
            "centre": settings.centre[0],
            "notifiers": ", ".join(f'"{each}:9093"' for each in (settings.address, *settings.centre)),
            "writes": " ".join(f"-remoteWrite.url=http://{each}:{SAMPLES}/api/v1/write" for each in settings.centre),
            "queue": settings.queue,
            "queue.bytes": str(in_bytes(settings.queue)),
            "mail": settings.mail.to,
            "sender": settings.mail.sender,
            "smarthost": settings.mail.smarthost,
        },
    )
