"""`ott-agent init`: a commented settings file for this node, after a look at what runs on it.

Only what was seen is switched on. What cannot be seen from outside (the URL of a status page, what a token looks
like) stands there as a comment with the line to fill in.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.program import Exit

# Process name -> preset, the address or command where its status usually is, and what to do at the server first.
SERVERS = {
    "nginx": ("nginx_stub_status", 'url = "http://127.0.0.1:8080/stub_status"', "location = /stub_status {…}"),
    "srs": ("srs", 'url = "http://127.0.0.1:1985/api/v1/streams/?count=1000"', "http_api { enabled on; }"),
    "mediamtx": ("mediamtx", 'url = "http://127.0.0.1:9998/metrics"', "metrics: yes"),
    "varnishd": ("varnish", 'command = ["varnishstat", "-j"]', "put the agent into the group varnish"),
    "apache2": ("apache", 'url = "http://127.0.0.1/server-status?auto"', "ExtendedStatus On"),
    "traffic_server": ("trafficserver", 'url = "http://127.0.0.1:8080/_stats"', "stats_over_http.so in plugin.config"),
    "streamer": ("flussonic", 'url = "http://127.0.0.1:8080/flussonic/api/server"', "view_auth, given below as basic"),
}  # fmt: skip
DATABASES = {"mysqld": "mysql", "mariadbd": "mysql", "postgres": "postgresql"}
NODE_EXPORTERS = {"node_exporter", "prometheus-node-exporter", "prometheus-node"}
# Where servers on Debian write their access logs, and in which format; the first that a file fits counts.
LOGS = (
    ("var/log/nginx/*ott_access*.log", "ott"),
    ("var/log/nginx/*access*.log", "combined"),
    ("var/log/apache2/other_vhosts_access.log", "combined_vhost"),
    ("var/log/apache2/*access*.log", "combined"),
    ("var/log/varnish/*.log", "combined"),
    ("var/log/caddy/*access*.log", "caddy"),
    ("var/log/haproxy.log", "haproxy"),
)
FORMATS = list(dict.fromkeys(format_ for _, format_ in LOGS))


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found on the node."""

    processes: frozenset[str]
    logs: dict[str, list[str]]  # by format
    pressure: bool
    node: str


def look(root: Path) -> Seen:
    """Look at the processes that run, the logs below `root`, and what the kernel offers."""
    import psutil  # noqa: PLC0415 - two mebibytes that the service itself does not need

    names = {process.info["name"] for process in psutil.process_iter(["name"])}
    formats: dict[str, str] = {}
    for pattern, format_ in LOGS:
        for file in root.glob(pattern):
            formats.setdefault(f"/{file.relative_to(root)}", format_)
    logs = {format_: sorted(path for path in formats if formats[path] == format_) for format_ in formats.values()}
    return Seen(frozenset(names), logs, _has_pressure(root), os.uname().nodename)


def _has_pressure(root: Path) -> bool:
    try:
        # A kernel that has it switched off may show the files and refuse to read them.
        return bool((root / "proc/pressure/cpu").read_bytes())
    except OSError:
        return False


def propose(seen: Seen) -> str:
    """Return the text of the settings file."""
    lines = [
        f"# Settings of ott-agent on {seen.node}. docs/agent.md explains every key;",
        "# “ott-agent check-config --config FILE” tells what is wrong with it.",
        'listen = "127.0.0.1:9780"        # Prometheus must reach it: the node\'s address, with [tls] and [auth]',
        'state = "/var/lib/ottwatch"      # positions in logs and counters that survive a restart',
        "",
        "# [auth]",
        '# token = { file = "/etc/ottwatch/agent-token" }',
        "",
        "[host]",
        *_host(seen),
        "",
        *_edge_logs(seen.logs),
        *_servers(seen.processes),
        *_subscribers(seen.processes),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _host(seen: Seen) -> Iterable[str]:
    if seen.processes & NODE_EXPORTERS:
        yield "enabled = false                  # node_exporter runs here and keeps these figures"
        return
    yield "enabled = true"
    if not seen.pressure:
        yield 'without = ["pressure"]           # this kernel has no pressure stall information'
    named = sorted(seen.processes & (SERVERS.keys() | DATABASES.keys()))
    if named:
        yield f"processes = {json.dumps(named)}"


def _edge_logs(logs: Mapping[str, list[str]]) -> Iterable[str]:
    if not logs:
        yield "# No access log was found. Where viewers are served from this node:"
        yield from (f"# {line}" for line in _edge_log("ott", "ott", ["/var/log/nginx/ott_access.log"]))
        yield ""
        return
    # The log that is made for it is the one to count; the others may hold the same requests again.
    chosen = min(logs, key=FORMATS.index)
    yield from (*_edge_log("ott", chosen, logs[chosen]), "")
    for format_ in sorted(logs.keys() - {chosen}):
        yield "# Found as well; as a service of its own, if these are viewers that are not in the log above:"
        yield from (f"# {line}" for line in _edge_log(format_, format_, logs[format_]))
        yield ""


def _edge_log(service: str, format_: str, paths: list[str]) -> tuple[str, ...]:
    better = "" if format_ == "ott" else '  # at nginx better "ott", our own log format: docs/edge-log.md'
    return (
        "[[edge_log]]",
        f'service = "{service}"',
        f"paths = {json.dumps(paths)}",
        f'format = "{format_}"'.ljust(32) + better if better else f'format = "{format_}"',
        'idle_timeout = "30s"',
        "# viewer = ['[?&]token=([0-9a-f]{32})']   # what tells viewers apart; without it: address and user agent",
        "channel = '^/live/([^/]+)/'      # the part of the path that names the channel",
    )


def _servers(processes: frozenset[str]) -> Iterable[str]:
    for name in sorted(processes & SERVERS.keys()):
        preset, source, first = SERVERS[name]
        yield f"# {name} runs here. First at the server: {first}"
        yield from (f"# {line}" for line in ("[[server]]", f'preset = "{preset}"', source))
        yield ""


def _subscribers(processes: frozenset[str]) -> Iterable[str]:
    kinds = sorted({DATABASES[name] for name in processes & DATABASES.keys()})
    for kind in kinds:
        yield f"# A database runs here ({kind}). If it is the middleware's, with an account that may only read:"
        table = (
            "[[subscribers]]",
            'service = "ott"',
            'preset = "generic"               # or "ministra", or queries of your own',
            f'database = {{ file = "/etc/ottwatch/middleware-url" }}   # {kind}://user:password@127.0.0.1/middleware',
        )
        yield from (f"# {line}" for line in table)
        yield ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--output", type=Path, metavar="F", help="write there, if there is no such file yet; else print"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print or write the proposal."""
    text = propose(look(Path("/")))
    if arguments.output is None:
        sys.stdout.write(text)
        return Exit.FINE
    try:
        # Mode x: a file that somebody has edited is never overwritten.
        with arguments.output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        print(
            f"{arguments.output}: is there already and is not overwritten; name another with --output", file=sys.stderr
        )
        return Exit.UNUSABLE
    except OSError as error:
        print(f"{arguments.output}: cannot be written: {error.strerror}; name another with --output", file=sys.stderr)
        return Exit.UNUSABLE
    print(f"written: {arguments.output}; check it with: ott-agent check-config --config {arguments.output}")
    return Exit.FINE
