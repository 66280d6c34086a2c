"""`ott-agent top`: the node's figures live in the terminal, read from the agent that runs here.

It asks the running agent instead of measuring by itself: only that one knows the sessions, and both must never
disagree. Utilisation and traffic are those of the recording rules (alerts/rules/recording.yml) over a shorter time.
"""

import argparse
import http.client
import re
import shutil
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from agent.runtime import credentials
from agent.runtime.settings import Tls
from agent.settings import AgentSettings, converter
from service.durations import parse_duration
from service.nouns import counted
from service.program import Exit
from service.setting_types import host_and_port
from service.settings import load

TIMEOUT = 5.0
SHORTEST_INTERVAL = 0.1
# What the recording rules leave out: interfaces that repeat what physical ones send, and what cannot fill.
REPEATING_INTERFACES = re.compile(
    r"lo|bond.+|team.+|vlan.+|.+\..+|br.+|virbr.+|vmbr.+|fw(br|ln|pr).+|ovs.+|docker.+|podman.+|lxc.+|lxd.+|veth.+|vnet.+"
    r"|vif.+|cali.+|cilium.+|cni.+|flannel.+|vxlan.+|geneve.+|macv.+|ipvlan.+|dummy.+|ifb.+|gre.+|sit.+"
    r"|ip6?_?(tnl|gre|vti).+|ppp.+|tun.+|tap.+|wg.+|tailscale.+|zt.+"
)

NEVER_FULL = re.compile(r"tmpfs|devtmpfs|ramfs|overlay|squashfs|iso9660")
CLEAR = "\x1b[H\x1b[2J"
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where the agent listens, not where this does

_MODES: tuple[dict[str, str], ...] = ({}, {"mode": "idle"}, {"mode": "iowait"})

Labels = frozenset[tuple[str, str]]


class Scrape(NamedTuple):
    """What the agent said at one moment (monotonic seconds)."""

    at: float
    values: Mapping[str, Mapping[Labels, float]]

    def sum(self, name: str, **wanted: str) -> float | None:
        """Return the sum over the series that have these labels, or None where there is none."""
        found = [value for labels, value in self.values.get(name, {}).items() if wanted.items() <= dict(labels).items()]
        return sum(found) if found else None

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the sums by one label."""
        sums: dict[str, float] = {}
        for labels, value in self.values.get(name, {}).items():
            key = dict(labels).get(label, "")
            sums[key] = sums.get(key, 0.0) + value
        return sums


def understood(text: str, at: float) -> Scrape:
    """Return a scrape of an exposition."""
    values: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return Scrape(at, values)


def render(before: Scrape, now: Scrape) -> str:
    """Return the page: the state of `now`, and the rates since `before`."""
    return "\n".join([*_collectors(now), *_host(before, now), *_edge(before, now), *_subscribers(now)]) + "\n"


def fitted(page: str, columns: int, rows: int) -> str:
    """Return what a terminal can show without wrapping or scrolling, and without codes of its own in it.

    The name of a channel is what a viewer asked for.
    """
    lines = page.rstrip("\n").split("\n")[: rows - 1]
    return "".join(
        "".join(letter if letter.isprintable() else "?" for letter in line[:columns]) + "\n" for line in lines
    )


def _growth(before: Scrape, now: Scrape, figure: Callable[[Scrape], float | None]) -> float | None:
    old, new = figure(before), figure(now)
    if old is None or new is None or now.at <= before.at or new < old:  # a restart between the two
        return None
    return (new - old) / (now.at - before.at)


def _rate(before: Scrape, now: Scrape, name: str, **wanted: str) -> float | None:
    return _growth(before, now, lambda scrape: scrape.sum(name, **wanted))


def _traffic(before: Scrape, now: Scrape, name: str) -> float | None:
    def figure(scrape: Scrape) -> float | None:
        bonds = scrape.by("node_bonding_slaves", "master")  # which may have any name
        devices = scrape.by(name, "device").items()
        values = [
            value for device, value in devices if device not in bonds and not REPEATING_INTERFACES.fullmatch(device)
        ]
        return sum(values) if values else None

    return _growth(before, now, figure)


def _shown(value: float | None, how: Callable[[float], str]) -> str:
    return "–" if value is None else how(value)


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def _bits(bytes_per_second: float) -> str:
    value = bytes_per_second * 8
    for unit in ("bit/s", "kbit/s", "Mbit/s"):
        if value < 1000:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} Gbit/s"


def _row(title: str, *cells: str) -> str:
    return f"{title:<22}" + "  ".join(cells)


def _host(before: Scrape, now: Scrape) -> Iterable[str]:
    total, *unused = (_rate(before, now, "node_cpu_seconds_total", **mode) for mode in _MODES)
    known = [value for value in unused if value is not None]
    busy = 1 - sum(known) / total if total and known else None
    memory, available = now.sum("node_memory_MemTotal_bytes"), now.sum("node_memory_MemAvailable_bytes")
    cached, least = now.sum("node_zfs_arc_size"), now.sum("node_zfs_arc_c_min")
    if available is not None and cached is not None and least is not None:
        available += max(cached - least, 0.0)
    used = 1 - available / memory if memory and available is not None else None
    load_ = now.sum("node_load1")
    yield _row("CPU", _shown(busy, _percent), f"load {_shown(load_, lambda value: f'{value:.2f}')}")
    yield _row("memory", _shown(used, _percent))
    disk = "node_disk_io_time_seconds_total"
    rates = [_rate(before, now, disk, device=device) for device in now.by(disk, "device")]
    if rates:
        yield _row("busiest disk", _shown(max((rate for rate in rates if rate is not None), default=None), _percent))
    sizes = now.values.get("node_filesystem_size_bytes", {})
    free = now.values.get("node_filesystem_avail_bytes", {})
    full = [
        (1 - free[key] / size, dict(key)["mountpoint"])
        for key, size in sizes.items()
        if size and key in free and not NEVER_FULL.fullmatch(dict(key)["fstype"])
    ]
    if full:
        share, mount = max(full)
        yield _row("fullest file system", _percent(share), mount)
    yield _row(
        "network",
        f"in {_shown(_traffic(before, now, 'node_network_receive_bytes_total'), _bits)}",
        f"out {_shown(_traffic(before, now, 'node_network_transmit_bytes_total'), _bits)}",
    )


def _edge(before: Scrape, now: Scrape) -> Iterable[str]:
    for service, sessions in sorted(now.by("ott_edge_sessions", "service").items()):
        yield ""
        yield _row(
            f"service {service}",
            counted(sessions, "session"),
            counted(now.sum("ott_edge_viewers", service=service) or 0, "viewer"),
        )
        egress = _rate(before, now, "ott_edge_egress_bytes_total", service=service)
        requests = _rate(before, now, "ott_edge_requests_total", service=service)
        errors = _rate(before, now, "ott_edge_requests_total", service=service, code="5xx")
        yield _row(
            "",
            f"egress {_shown(egress, _bits)}",
            f"{_shown(requests, lambda value: f'{value:.1f}')} requests/s",
            f"{_shown(errors, lambda value: f'{value:.1f}')} errors/s",
        )
    channels = sorted(now.by("ott_edge_channel_sessions", "channel").items(), key=lambda item: -item[1])
    yield from (_row(f"  {channel}", counted(sessions, "session")) for channel, sessions in channels[:8] if sessions)


def _subscribers(now: Scrape) -> Iterable[str]:
    for service, accounts in sorted(now.by("ott_subscribers", "service").items()):
        online = now.sum("ott_subscribers_online", service=service)
        yield ""
        shown = _shown(online, lambda value: f"{value:.0f}")
        yield _row(f"subscribers {service}", counted(accounts, "account"), f"{shown} online")


def _collectors(now: Scrape) -> Iterable[str]:
    failing = sorted(name for name, good in now.by("ott_collector_success", "collector").items() if not good)
    yield _row("collectors", f"failing: {', '.join(failing)}" if failing else "all fine")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--config", type=Path, metavar="F", help="the settings file of the running agent")
    parser.add_argument(
        "--certificate", type=Path, metavar="F", help="a client's certificate, where the agent's own is not admitted"
    )
    parser.add_argument("--key", type=Path, metavar="F", help="its key")
    parser.add_argument("--every", type=_interval, default=2.0, metavar="DURATION", help='such as "2s"')
    parser.add_argument(
        "--count", type=int, default=0, metavar="N", help="end after N pages, without clearing the screen"
    )


def _interval(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if seconds < SHORTEST_INTERVAL:
        raise argparse.ArgumentTypeError(f"must be at least {SHORTEST_INTERVAL * 1000:.0f}ms")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Show pages until interrupted; exit status 1 when the agent does not answer."""
    settings = AgentSettings() if arguments.config is None else load(arguments.config, AgentSettings, converter())
    host, port = host_and_port(settings.listen)
    host = ANYWHERE.get(host, host)
    auth = settings.auth
    connection = partial(_connection, host, port, settings.tls, (arguments.certificate, arguments.key))
    live = arguments.count == 0 and sys.stdout.isatty()
    try:
        headers = credentials.header(auth.basic if auth else None, auth.token if auth else None)
        shown, before = 0, _scrape(connection(), headers)
        while arguments.count == 0 or shown < arguments.count:
            time.sleep(arguments.every)
            # A connection of its own: the agent closes one that is silent for longer than a few seconds.
            now = _scrape(connection(), headers)
            page = render(before, now)
            sys.stdout.write(CLEAR + fitted(page, *shutil.get_terminal_size()) if live else page)
            sys.stdout.flush()
            shown, before = shown + 1, now
    except (ssl.SSLError, ConnectionResetError) as error:
        # How a client without the right certificate is turned away, among others.
        remedy = "; name a certificate of client_ca by --certificate and --key" if _asks(settings.tls) else ""
        print(f"{settings.listen}: {error}{remedy}", file=sys.stderr)
        return Exit.FAILED
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"{settings.listen}: {error}; does the agent run, with this settings file?", file=sys.stderr)
        return Exit.FAILED
    return Exit.FINE


def _asks(tls: Tls | None) -> bool:
    """Return whether the agent wants to see a client's certificate."""
    return tls is not None and tls.client_ca is not None


def _connection(
    host: str, port: int, tls: Tls | None, client: tuple[Path | None, Path | None]
) -> http.client.HTTPConnection:
    if tls is None:
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    # The agent's own certificate, from its own file: no authority and no name need vouch for it.
    context = ssl.create_default_context(cafile=tls.certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    certificate, key = client
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    elif _asks(tls):
        context.load_cert_chain(tls.certificate, tls.key)
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)


def _scrape(connection: http.client.HTTPConnection, headers: Mapping[str, str]) -> Scrape:
    with closing(connection):
        connection.request("GET", "/metrics", headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
    if answer.status != 200:
        raise OSError(f"answered {answer.status} {answer.reason}")
    return understood(body, time.monotonic())
