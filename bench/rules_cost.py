"""Cost of the shipped rules with 1,000 nodes: seconds an evaluation of each group takes in a real Prometheus.

A stand-in exposes every node's series under the nodes' own labels, `up` included, so one scrape brings what a hundred
nodes would; rules cannot tell the difference. `python -m bench.rules_cost --nodes 1000`.
"""

import argparse
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from demo.ports import free_port
from demo.processes import Program, answers, wait_until
from tests.conftest import ROOT
from tests.contract.web import Server

NODES_A_TARGET = 100
SITES = 20
# A group that takes longer than this share of its interval is late (the threshold rule_group_duration).
LATE = 0.80
WINDOW = 60.0  # rates look back one minute; before that they cost less


# Names of an edge's series, and the labels each has beside the node's own; every combination is a series.
SERIES: tuple[tuple[str, Mapping[str, Iterable[object]]], ...] = (
    (
        "node_cpu_seconds_total",
        {"cpu": range(4), "mode": ("idle", "iowait", "user", "system", "nice", "irq", "softirq", "steal")},
    ),
    *(
        (f"node_{name}", {})
        for name in (
            *("memory_MemTotal_bytes", "memory_MemAvailable_bytes", "vmstat_pswpin", "vmstat_pswpout"),
            *("time_seconds", "boot_time_seconds", "pressure_cpu_waiting_seconds_total"),
            *("pressure_memory_stalled_seconds_total", "pressure_io_stalled_seconds_total"),
            *("nf_conntrack_entries", "nf_conntrack_entries_limit", "netstat_TcpExt_ListenOverflows"),
            *("netstat_Udp_RcvbufErrors", "netstat_Udp6_RcvbufErrors"),
        )
    ),
    ("node_md_disks_required", {"device": ("md0", "md1")}),
    ("node_md_disks", {"device": ("md0", "md1"), "state": ("active",)}),
    (
        "node_md_state",
        {
            "device": ("md0", "md1"),
            "state": ("active", "inactive", "recovering", "resync", "check", "reshape", "broken"),
        },
    ),
    ("ott_hwmon_temp_margin_celsius", {"chip": ("platform_coretemp_0", "platform_coretemp_1")}),
    *((f"node_edac_{name}_errors_total", {"controller": (0, 1)}) for name in ("correctable", "uncorrectable")),
    *(
        (f"node_hwmon_{name}", {"chip": ("platform_coretemp_0", "platform_coretemp_1"), "sensor": range(9)})
        for name in ("temp_celsius", "temp_crit_celsius")
    ),
    ("node_bonding_slaves", {"master": ("bond0",)}),
    ("ott_bonding_link_up", {"master": ("bond0",), "device": ("eth0", "eth1")}),
    ("node_disk_io_time_seconds_total", {"device": ("sda", "sdb")}),
    *(
        (f"node_filesystem_{name}", {"device": "d", "fstype": ("ext4",), "mountpoint": ("/", "/var", "/srv")})
        for name in ("avail_bytes", "size_bytes", "files", "files_free", "readonly")
    ),
    *(
        (f"node_network_{name}", {"device": ("eth0", "eth1", "lo")})
        for name in (
            *("receive_errs_total", "transmit_errs_total", "receive_packets_total", "transmit_packets_total"),
            *("transmit_bytes_total", "speed_bytes"),
        )
    ),
    *(
        (f"ott_edge_{name}", {"service": ("ott",), "protocol": ("hls", "dash")})
        for name in ("sessions", "egress_bytes_total")
    ),
    *(
        (f"ott_edge_{name}", {"service": ("ott",)})
        for name in ("viewers", "log_lines_total", "log_last_request_timestamp_seconds")
    ),
    ("ott_edge_requests_total", {"service": ("ott",), "code": ("2xx", "3xx", "4xx", "5xx")}),
    (
        "ott_edge_request_duration_seconds_bucket",
        {"service": ("ott",), "le": (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, "+Inf")},
    ),
    ("ott_edge_identity_requests_total", {"service": ("ott",), "rung": ("token", "session", "address")}),
    ("ott_edge_log_rejected_lines_total", {"service": ("ott",), "reason": ("malformed", "future", "truncated")}),
    ("ott_edge_connections", {"state": ("active", "reading", "writing", "waiting")}),
    ("ott_edge_channel_sessions", {"channel": range(20)}),
    *((f"ott_collector_{name}", {"collector": range(15)}) for name in ("success", "bugs_total")),
)


# What the probes of an edge say of each channel.
STREAM_SERIES = tuple(
    f"ott_stream_{name}"
    for name in (
        *("up", "advanced_timestamp_seconds", "live_edge_timestamp_seconds", "target_duration_seconds"),
        *("segment_duration_seconds", "segment_download_seconds"),
    )
)
ERRORS = ("ts_continuity", "ts_transport_error", "playlist_stalled", "playlist_status")

# A platform without a fault: clocks are right, logs are written, channels move, no node was restarted of late.
NOW, LONG_AGO = b"@now@", b"@long-ago@"
VALUES = {
    **dict.fromkeys(
        (
            *("node_time_seconds", "ott_edge_log_last_request_timestamp_seconds"),
            *("ott_stream_advanced_timestamp_seconds", "ott_stream_live_edge_timestamp_seconds"),
        ),
        NOW.decode(),
    ),
    "node_boot_time_seconds": LONG_AGO.decode(),
    "ott_stream_segment_download_seconds": "10",
    "node_nf_conntrack_entries_limit": "262144",
    **dict.fromkeys(
        ("node_edac_correctable_errors_total", "node_edac_uncorrectable_errors_total", "node_md_state"), "0"
    ),
    "node_hwmon_temp_celsius": "50",
    "node_hwmon_temp_crit_celsius": "100",
    "ott_hwmon_temp_margin_celsius": "50",
    "node_bonding_slaves": "2",
    "ott_bonding_link_up": "1",
}


def series(node: str, channels: int) -> Iterator[str]:
    """Yield one edge's series: metric names with labels."""
    streams: tuple[tuple[str, Mapping[str, Iterable[object]]], ...] = (
        *((name, {"channel": range(channels)}) for name in STREAM_SERIES),
        ("ott_stream_errors_total", {"channel": range(channels), "reason": ERRORS}),
    )
    for name, labels in (*SERIES, *streams):
        for values in itertools.product(*labels.values()):
            yield name + "{" + ",".join([node, *(f'{k}="{v}"' for k, v in zip(labels, values, strict=True))]) + "}"


def value(name: str) -> str:
    """Return what a series says; its processors are idle."""
    if 'mode="idle"' in name:
        return NOW.decode()
    return VALUES.get(name.partition("{")[0], "1000")


def page(first: int, count: int, channels: int) -> tuple[bytes, int]:
    """Return the exposition of some nodes and the number of its series. Constant counters cost a rule no less."""
    lines = []
    for number in range(first, first + count):
        target = f'job="ott-agent",instance="10.0.0.1:{number}"'
        labels = f'{target},node="edge-{number}",site="site-{number % SITES}",role="edge"'
        lines.append(f"up{{{labels}}} 1")
        lines += [f"{name} {value(name)}" for name in series(labels, channels)]
    return "\n".join([*lines, ""]).encode(), len(lines)


def serve(pages: list[bytes]) -> Server:
    """Serve page N at /N."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = time.time()
            body = pages[int(self.path.strip("/"))].replace(NOW, b"%.3f" % now).replace(LONG_AGO, b"%.3f" % (now - 1e6))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def groups(url: str) -> list[dict[str, Any]]:
    """Return Prometheus's rule groups with the duration of their last evaluation."""
    found: list[dict[str, Any]] = httpx.get(f"{url}/api/v1/rules", timeout=60, trust_env=False).json()["data"]["groups"]
    return found


def samples_read(url: str) -> dict[str, float]:
    """Return by group how many samples its rules read a second: what a busy machine does not change."""
    found: dict[str, float] = {}
    for group in groups(url):
        for rule in group["rules"]:
            asked = {"query": rule["query"], "stats": "all"}
            answer = httpx.post(f"{url}/api/v1/query", data=asked, timeout=60, trust_env=False).json()
            read = answer["data"]["stats"]["samples"]["totalQueryableSamples"] / group["interval"]
            found[group["name"]] = found.get(group["name"], 0.0) + read
    return found


def cpu_seconds(url: str) -> float:
    """Return the processor time that Prometheus has used."""
    text = httpx.get(f"{url}/metrics", timeout=60, trust_env=False).text
    (line,) = [line for line in text.splitlines() if line.startswith("process_cpu_seconds_total ")]
    return float(line.split()[1])


class Measured(NamedTuple):
    """One run: series scraped, processor seconds a second, and by group the interval, durations and samples read."""

    series: int
    used: float
    seen: dict[str, tuple[float, list[float]]]
    read: dict[str, float]


def measure(nodes: int, seconds: float, rules: str, channels: int = 0) -> Measured:
    """Measure Prometheus with the rules of some files, or with none."""
    pages, total = [], 0
    for first in range(0, nodes, NODES_A_TARGET):
        body, count = page(first, min(NODES_A_TARGET, nodes - first), channels)
        pages.append(body)
        total += count
    server = serve(pages)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    jobs = "".join(
        f"\n  - {{job_name: stand-in-{number}, honor_labels: true, metrics_path: /{number}, "
        f'static_configs: [{{targets: ["127.0.0.1:{server.server_port}"]}}]}}'
        for number in range(len(pages))
    )
    seen: dict[str, tuple[float, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "prometheus.yml"
        configuration.write_text(
            "global: {scrape_interval: 5s, scrape_timeout: 4s, evaluation_interval: 5s}\n"
            f"rule_files: [{rules}]\nscrape_configs:{jobs}\n",
            "utf-8",
        )
        program = Program(
            "prometheus",
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"],
            Path(folder) / "log", answers(f"{url}/-/ready"),
        )  # fmt: skip
        try:
            program.start()
            program.wait_ready()
            start = time.monotonic()
            last: dict[str, str] = {}

            def look() -> bool:
                for group in groups(url):
                    warm = time.monotonic() - start > WINDOW
                    if warm and group["lastEvaluation"] != last.get(group["name"]):
                        last[group["name"]] = group["lastEvaluation"]
                        seen.setdefault(group["name"], (group["interval"], []))[1].append(group["evaluationTime"])
                time.sleep(0.5)  # the sampling interval
                return time.monotonic() - start > WINDOW + seconds

            wait_until(lambda: time.monotonic() - start > WINDOW, WINDOW + 60, "time stands still")
            used, since = cpu_seconds(url), time.monotonic()
            wait_until(look, WINDOW + seconds + 60, "the measurement does not end")
            used = (cpu_seconds(url) - used) / (time.monotonic() - since)
            read = samples_read(url)
        finally:
            program.ask_to_stop()
            program.wait_stopped(60)
            server.shutdown()
            server.server_close()
    return Measured(total, used, seen, read)


def main() -> int:
    """Print median and worst by group; return 1 when a group's median takes most of its interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--channels", type=int, default=0, help="that each edge probes (default: none)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to look after the first minute")
    arguments = parser.parse_args()
    total, used, seen, read = measure(
        arguments.nodes, arguments.seconds, f"{ROOT}/alerts/rules/*.yml", arguments.channels
    )
    bare = measure(arguments.nodes, arguments.seconds, "", arguments.channels).used
    print(
        f"{arguments.nodes} nodes, {total} series; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    print(f"{'group':34} {'interval':>8} {'median':>9} {'worst':>9} {'share':>7} {'samples':>8}")
    late = False
    for name, (interval, durations) in sorted(seen.items(), key=lambda item: -sorted(item[1][1])[len(item[1][1]) // 2]):
        median = sorted(durations)[len(durations) // 2]
        late = late or median > LATE * interval
        print(
            f"{name:34} {interval:7.0f}s {median:8.3f}s {max(durations):8.3f}s {median / interval:7.1%} "
            f"{read[name] / arguments.nodes:8.2f}"
        )
    print(f"The rules read {sum(read.values()) / arguments.nodes:.1f} samples a second and node")
    print(f"Prometheus uses {used:.2f} processors with the rules, {bare:.2f} without them: rules {used - bare:.2f}")
    return int(late)


if __name__ == "__main__":
    raise SystemExit(main())
