"""The settings files of every program, the shipped ones with the demo's addresses put in."""

import json
import re
from pathlib import Path

from agent.sources.edge_log.formats.by_name import PRESETS
from demo.layout import CONTROL, EDGES, FAR_SITE, MIDDLEWARE, NODES, ORIGIN, REGIONS, REPOSITORY, Layout, Node, quoted
from demo.platform import billing
from demo.platform.lineup import BY_MULTICAST, CHANNELS
from demo.platform.middleware import ACCOUNTS
from demo.processes import DemoError

IDLE_TIMEOUT = 30  # seconds; the published default
# Shorter than shipped: the demo is watched for minutes, not for months.
RECORD_AFTER = 300  # seconds after midnight at which the busy hour of the day before is computed
SUBSCRIBERS_INTERVAL, ONLINE_WITHIN = 5, 30
# The demo's runs start every half minute: one that is a minute late is missing.
BILLING_INTERVAL, BILLING_GRACE, RUN_LATE = 15, 600, 45
VIEWER = "[?&]token=([0-9a-f]{32})"
CHANNEL = "^/live/([^/]+)/"
# What the edges can serve: enough for the better part of a year of the history's growth, so that a date can be told and
# no capacity alarm is due.
CAPACITY = """\
[[capacity]]
scope = "node:edge-1"
site = "almaty"
sessions = 200
egress_bits_per_second = 160_000_000

[[capacity]]
scope = "node:edge-2"
site = "astana"
sessions = 200
egress_bits_per_second = 160_000_000

[[capacity]]
scope = "node:edge-3"
site = "astana"
sessions = 200
egress_bits_per_second = 160_000_000

[[capacity]]
scope = "platform"
subscribers_online = 2000
"""
# A head-end that shares its processor with all of the demo sends late at times, which no real one does. And all nodes
# are one machine: an alarm of each about the processor would explain what fails there, though nobody broke it.
THRESHOLDS = {
    "multicast_timing_errors": 300,
    "multicast_errored_seconds": 30,
    "node_cpu": 1.1,
    "node_cpu_stall": 1.1,
    "billing_run_late_seconds": RUN_LATE,
}
# What hangs on what; the edges' targets name their sites and roles.
TOPOLOGY = f"""\
[[site]]
name = "almaty"

[[site]]
name = "{FAR_SITE}"

[[element]]
name = "power-{FAR_SITE}"
kind = "power"
site = "{FAR_SITE}"

[[element]]
name = "uplink-{FAR_SITE}"
kind = "uplink"
site = "{FAR_SITE}"

[[feeds]]
from = "power-{FAR_SITE}"
to = ["site:{FAR_SITE}"]

[[feeds]]
from = "uplink-{FAR_SITE}"
to = ["site:{FAR_SITE}"]

[[feeds]]
from = "{ORIGIN.name}"
to = ["role:edge"]

[[feeds]]
from = "{MIDDLEWARE.name}"
to = ["role:edge"]
"""
_SHIPPED_PROMETHEUS = REPOSITORY / "deploy" / "prometheus" / "prometheus.yml"
_SHIPPED_ALERTMANAGER = REPOSITORY / "alerts" / "alertmanager.yml"
_RULES = REPOSITORY / "alerts" / "rules"


def write_all(layout: Layout) -> None:
    """Write what every program reads."""
    log_format = f"log_format ott {_nginx_quoted(PRESETS['ott'])};"
    for server in (layout.origin, *map(layout.edge, EDGES)):
        server.write(layout.content, log_format)
    for node in NODES:
        (layout.home(node.name) / "agent.toml").write_text(agent(layout, node), "utf-8")
    prometheus_home = layout.home("prometheus")
    (prometheus_home / "prometheus.yml").write_text(prometheus(layout), "utf-8")
    (prometheus_home / "site").mkdir(exist_ok=True)
    (prometheus_home / "site" / "thresholds.yml").write_text(json.dumps(thresholds(), indent=1), "utf-8")
    (prometheus_home / "targets").mkdir(exist_ok=True)
    for name, groups in targets(layout).items():
        # JSON is YAML too.
        (prometheus_home / "targets" / f"{name}.yml").write_text(json.dumps(groups, indent=1), "utf-8")
    (layout.home("alertmanager") / "alertmanager.yml").write_text(alertmanager(layout), "utf-8")
    (layout.home("desk") / "desk.toml").write_text(desk(layout), "utf-8")
    (layout.home("desk") / "topology.toml").write_text(TOPOLOGY, "utf-8")
    (layout.home("busyhour") / "busyhour.toml").write_text(busy_hour(layout), "utf-8")


def agent(layout: Layout, node: Node) -> str:
    """Return the settings of a node's agent."""
    lines = [
        f'listen = "127.0.0.1:{layout.ports[f"{node.name} agent"]}"',
        f"state = {quoted(layout.home(f'{node.name}/state'))}",
    ]
    if node in EDGES:
        edge = layout.edge(node)
        lines += [
            "[[edge_log]]",
            'service = "ott"',
            f"paths = [{quoted(edge.log)}]",
            'format = "ott"',
            f'idle_timeout = "{IDLE_TIMEOUT}s"',
            f"viewer = [{quoted(VIEWER)}]",
            f"channel = {quoted(CHANNEL)}",
            "cmcd = true",
            "[[server]]",
            'preset = "nginx_stub_status"',
            f"url = {quoted(edge.status_url)}",
        ]
        for channel in CHANNELS:
            lines += ["[[stream]]", f"channel = {quoted(channel)}", f"url = {quoted(edge.probe_url(channel))}"]
    lines += ["[host]"]
    if node == ORIGIN:
        lines += [f"processes = [{quoted(layout.packager)}]"]
    else:  # all nodes are one machine here, but the disk is the origin's
        lines += [f"excluded_mounts = {quoted(f'^(/(dev|proc|run|sys)|{re.escape(str(layout.content))})($|/)')}"]
    if node == ORIGIN:
        for channel, address in zip(BY_MULTICAST, layout.multicast, strict=True):
            lines += ["[[multicast]]", f"channel = {quoted(channel)}", f"address = {quoted(address)}"]
            lines += ['interface = "lo"', "constant_bitrate = true"]
        lines += ["[[picture]]", 'channel = "*"']
        lines += ["[[server]]", 'preset = "nginx_stub_status"', f"url = {quoted(layout.origin.status_url)}"]
    if node == MIDDLEWARE:
        for service in ACCOUNTS:
            lines += [
                "[[subscribers]]",
                f"service = {quoted(service)}",
                'preset = "generic"',
                f"database = {quoted(f'sqlite:///{layout.database}')}",
                f'interval = "{SUBSCRIBERS_INTERVAL}s"',
                f'online_within = "{ONLINE_WITHIN}s"',
            ]
        lines += [
            "[[billing]]",
            f"service = {quoted(billing.SERVICE)}",
            f"database = {quoted(layout.billing)}",
            f"time_zone = {quoted(layout.billing_zone)}",
            f"fee_bucket = {quoted(billing.BUCKET)}",
            f'grace = "{BILLING_GRACE}s"',
            'cut_off = "23:59"',
            "slices = 2",
            "displayed_slices = 1",
            f'interval = "{BILLING_INTERVAL}s"',
        ]
    return "\n".join(lines) + "\n"


def targets(layout: Layout) -> dict[str, list[dict[str, object]]]:
    """Return Prometheus's target files by name."""
    control = ("prometheus", "alertmanager", "desk", "busyhour")
    return {
        "agents": [_target(layout.scraped(node), node) for node in NODES],
        **{name: [_target(layout.ports[name], CONTROL)] for name in control},
    }


def _target(port: int, node: Node) -> dict[str, object]:
    labels = {"node": node.name, "site": node.site, "role": node.role}
    return {"targets": [f"127.0.0.1:{port}"], "labels": labels}


def prometheus(layout: Layout) -> str:
    """Return the shipped scrape configuration for the demo's folders and ports."""
    home = layout.folder / "prometheus"
    return put_in(
        _SHIPPED_PROMETHEUS,
        {
            "/etc/prometheus/ottwatch/rules/": f"{_RULES}/",
            "/etc/prometheus/ottwatch/site/": f"{home}/site/",
            "/etc/prometheus/ottwatch/targets/": f"{home}/targets/",
            "127.0.0.1:9093": f"127.0.0.1:{layout.ports['alertmanager']}",
        },
    )


def thresholds() -> dict[str, object]:
    """Return the rules that lay the demo's thresholds over the shipped ones."""
    rules = [
        {
            "record": "site:ott_threshold:override",
            "labels": {"threshold": name, "site": site},
            "expr": f"vector({value})",
        }
        for name, value in THRESHOLDS.items()
        for site in sorted({"", *(node.site for node in NODES)})
    ]
    return {"groups": [{"name": "site:thresholds", "interval": "15s", "rules": rules}]}


def alertmanager(layout: Layout) -> str:
    """Return the shipped routing for the demo's desk."""
    return put_in(
        _SHIPPED_ALERTMANAGER,
        {
            "http://127.0.0.1:9781": layout.url("desk"),
            "/etc/prometheus/ottwatch-desk.token": str(layout.webhook_token),
        },
    )


def desk(layout: Layout) -> str:
    """Return the settings of the desk."""
    sites = "\n".join(f"{quoted(region)} = [{quoted(site)}]" for site, region in REGIONS.items())
    return f"""\
listen = "127.0.0.1:{layout.ports["desk"]}"
database = {quoted(f"sqlite:///{layout.folder / 'desk' / 'desk.db'}")}
time_zone = "Asia/Almaty"
language = "ru"
public_url = {quoted(layout.url("desk"))}
alertmanagers = [{quoted(layout.url("alertmanager"))}]
prometheus = {quoted(layout.url("prometheus"))}
busy_hour = {quoted(layout.url("busyhour"))}
topology = "topology.toml"

[pictures]

[[vendor]]
name = "Vendor"
mail = "support@vendor.example"

[appeals]
keys = [{{ file = {quoted(layout.appeals_key)} }}]
regions = [{", ".join(map(quoted, REGIONS.values()))}]
mass_ticket_after = "1h"  # what breaks in the demo has its ticket by alarms

[appeals.sites]
{sites}

[billing]
cases = false  # what breaks in the demo is corrected by itself
"""


def busy_hour(layout: Layout) -> str:
    """Return the settings of the busy-hour service."""
    return f"""\
listen = "127.0.0.1:{layout.ports["busyhour"]}"
prometheus = {quoted(layout.url("prometheus"))}
database = {quoted(f"sqlite:///{layout.folder / 'busyhour' / 'busyhour.db'}")}
time_zone = "Asia/Almaty"
catch_up = "60d"
record_after = "{RECORD_AFTER}s"

{CAPACITY}"""


def put_in(shipped: Path, replacements: dict[str, str]) -> str:
    """Return a shipped file with other addresses; raise DemoError where it no longer holds one of them."""
    text = shipped.read_text("utf-8")
    for old, new in replacements.items():
        if old not in text:
            raise DemoError(f"{shipped} no longer holds {old!r}: demo/configuration.py must follow it")
        text = text.replace(old, new)
    return text


def _nginx_quoted(text: str) -> str:
    """Return a log format in nginx's single quotes; raise DemoError where it would need an escape."""
    if "'" in text:
        raise DemoError(f"the log format {text!r} has an apostrophe, which demo/configuration.py does not write")
    return f"'{text}'"
