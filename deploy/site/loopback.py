"""A site's machine by the settings that `ott-center site` writes; below its folder lies what would be its root."""

import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from center.site import rendered
from center.site_settings import SiteSettings
from demo.processes import Program, answers, stop_all
from deploy.pair.loopback import PROBER, ROOT, SECONDS, below, defaults, put_rules, put_targets
from deploy.pair.loopback import missing as missing_of_pair

# Program, its port and the path that answers when it is of use.
PROGRAMS = (
    ("victoria-metrics", 8428, "/health"),
    ("vmagent", 8429, "/health"),
    ("vmalert", 8880, "/health"),
    ("prometheus-alertmanager", 9093, "/-/ready"),
)


def missing() -> list[str]:
    """Return the programs that a site and its centre need and this machine lacks."""
    return missing_of_pair() + [name for name in (PROBER,) if shutil.which(name) is None]


@dataclass(slots=True)
class Site:
    """Its settings, its folder, and what runs by program."""

    settings: SiteSettings
    root: Path
    through: Sequence[str] = ()
    programs: dict[str, Program] = field(default_factory=dict)

    def url(self, port: int) -> str:
        """Return the address of a program."""
        return f"http://{self.settings.address}:{port}"

    def kill(self) -> None:
        """End all at once, as a power cut would."""
        for program in self.programs.values():
            program.kill()


def write(site: Site, targets: str) -> None:
    """Write the machine's files below its folder."""
    root = site.root
    for name, text in rendered(site.settings, ROOT / "deploy/site/machine"):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(below(root, text), "utf-8")
    for place in ("victoria-metrics", "vmagent", "prometheus/alertmanager"):
        (root / "var/lib" / place).mkdir(parents=True)
    put_rules(root, ROOT / "alerts/rules")
    put_targets(root, targets)


@contextmanager
def running(settings: SiteSettings, folder: Path, targets: str, through: Sequence[str] = ()) -> Iterator[Site]:
    """Start a site; stop it whatever happens."""
    site = Site(settings, folder / "site", through)
    write(site, targets)
    for name, port, path in PROGRAMS:
        command = [*through, name, *shlex.split(defaults(site.root, name)["ARGS"])]
        log = folder / "log" / f"site-{name}.log"
        site.programs[name] = Program(f"{name} of the site", command, log, answers(site.url(port) + path))
    programs = list(site.programs.values())
    try:
        for program in programs:
            program.start()
        for program in programs:
            program.wait_ready(SECONDS)
        yield site
    finally:
        stop_all(programs)
