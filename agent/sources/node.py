"""What `ott-agent init` sees of a node; the kinds of source propose their tables from it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

# Where servers on Debian write their access logs, and in which format; the first that a file fits counts.
LOGS = (
    ("var/log/nginx/*ott_access*.log", "ott"),
    ("var/log/nginx/*access*.log", "combined"),
    ("var/log/angie/*ott_access*.log", "ott"),
    ("var/log/angie/*access*.log", "combined"),
    ("var/log/apache2/other_vhosts_access.log", "combined_vhost"),
    ("var/log/apache2/*access*.log", "combined"),
    ("var/log/varnish/*.log", "combined"),
    ("var/log/caddy/*access*.log", "caddy"),
    ("var/log/haproxy.log", "haproxy"),
)
# The `log_format main` of nginx.org's, Angie's and Red Hat's packages: "combined" with forwarded addresses behind it.
MAIN = "main"
_OF_MAIN = re.compile(rb'\S+ - .* [0-9]{3} [0-9]+ "[^"]*" "[^"]*" "[^"]*"')


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found on the node."""

    processes: frozenset[str]  # none where /proc is not mounted; otherwise this program at least
    logs: dict[str, list[str]]  # by format
    pressure: bool
    node: str


def look(root: Path) -> Seen:
    """Look at the processes that run, the logs below `root`, and what the kernel offers."""
    import psutil  # noqa: PLC0415 - two mebibytes that the service itself does not need

    # A root that is being filled, such as that of an image, may have no /proc; psutil fails on it with an IndexError.
    mounted = (root / "proc/self").exists()
    names = {process.info["name"] for process in psutil.process_iter(["name"])} if mounted else set()
    formats: dict[str, str] = {}
    for pattern, format_ in LOGS:
        for file in root.glob(pattern):
            formats.setdefault(f"/{file.relative_to(root)}", _written_in(file, format_))
    logs = {format_: sorted(path for path in formats if formats[path] == format_) for format_ in formats.values()}
    return Seen(frozenset(names), logs, _has_pressure(root), os.uname().nodename)


def _written_in(file: Path, format_: str) -> str:
    """Return the format of a log: its first line tells `main` from `combined`, where it can be read."""
    if format_ != "combined":
        return format_
    try:
        with file.open("rb") as log:
            return MAIN if _OF_MAIN.fullmatch(log.readline(1 << 16).rstrip()) else format_
    except OSError:
        return format_


def _has_pressure(root: Path) -> bool:
    try:
        # A kernel that has it switched off may show the files and refuse to read them.
        return bool((root / "proc/pressure/cpu").read_bytes())
    except OSError:
        return False
