"""Every program of the demo and its command line."""

import shlex
import subprocess
import sys
from pathlib import Path

from demo import database
from demo.layout import EDGES, FAR, NODES, ORIGIN, REGIONS, REPOSITORY, UPLINK, Layout, Node
from demo.platform.disk import SIZE
from demo.processes import Program, answers

_BIN = Path(sys.executable).parent
RETENTION = "90d"  # more than the eight weeks of history


def disk(layout: Layout) -> Program | None:
    """Return what holds the origin's own small disk while it lives; None where this machine has no such thing."""
    home, name = layout.home(ORIGIN.name), f"{ORIGIN.name} disk"
    layout.content.mkdir(exist_ok=True)
    image = home / "disk.img"
    with image.open("wb") as file:
        file.truncate(SIZE)
    make = ["mkfs.ext4", "-q", "-F", "-m", "0", str(image)]
    try:
        subprocess.run(make, check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(layout.content)], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return None
    # Whoever ends the demo ends this program, and with it the mount.
    leave = f"kill $!; umount -l {shlex.quote(str(layout.content))}"
    ends = f'sleep infinity & trap "{leave}" EXIT; trap "exit 0" TERM INT; wait'
    return Program(name, ["sh", "-c", ends], layout.log(name))


def platform(layout: Layout) -> list[Program]:
    """Return what is watched, the viewers apart."""
    return [
        Program(
            "packager",
            _module("demo.platform.packager", layout.content, f"--name={layout.packager}"),
            layout.log("packager"),
            (layout.content / "ready").exists,
        ),
        Program(
            "headend",
            _module("demo.platform.headend", layout.faults, layout.home("headend") / "ready", *layout.multicast),
            layout.log("headend"),
            (layout.home("headend") / "ready").exists,
        ),
        Program(
            UPLINK,
            _module("demo.platform.uplink", *(f"{near}={far}" for near, far in _lines(layout))),
            layout.log(UPLINK),
        ),
        Program(
            f"{ORIGIN.name} nginx",
            layout.origin.command,
            layout.log(f"{ORIGIN.name} nginx"),
            answers(layout.origin.status_url),
        ),
        Program(
            "middleware",
            _module("demo.platform.middleware", layout.database, layout.ports["middleware"]),
            layout.log("middleware"),
        ),
        *(_nginx(layout, node) for node in EDGES),
    ]


def billing(layout: Layout) -> list[Program]:
    """Return the billing's database and what charges in it; raise DemoError where there is no PostgreSQL."""
    ready = layout.home("billing") / "ready"
    return [
        database.program(layout.ports["billing"], layout.log(database.NAME)),
        Program(
            "billing",
            _module("demo.platform.billing", layout.billing, layout.billing_faults, ready, layout.billing_zone),
            layout.log("billing"),
            ready.exists,
        ),
    ]


def viewers(layout: Layout, seed: int) -> Program:
    """Return the audience."""
    edges = [f"--edge={node.name}={layout.ports[f'{node.name} nginx']}" for node in EDGES]
    arguments = [
        *edges,
        f"--middleware={layout.ports['middleware']}",
        f"--database={layout.database}",
        f"--ledger={layout.ledger}",
        f"--stalls={layout.stalls}",
        f"--troubles={layout.troubles}",
        f"--seed={seed}",
    ]
    return Program("viewers", _module("demo.platform.viewers", *arguments), layout.log("viewers"))


def callers(layout: Layout, seed: int) -> Program:
    """Return the customers who complain."""
    arguments = [
        *(f"--edge={node.name}={REGIONS[node.site]}" for node in EDGES),
        f"--database={layout.database}",
        f"--troubles={layout.troubles}",
        f"--desk={layout.url('desk')}",
        f"--token={layout.cabinet_token}",
        f"--seed={seed}",
    ]
    return Program("callers", _module("demo.platform.callers", *arguments), layout.log("callers"))


def agents(layout: Layout) -> list[Program]:
    """Return one agent a node."""
    return [
        Program(
            f"{node.name} agent",
            [str(_BIN / "ott-agent"), "serve", "--config", str(layout.folder / node.name / "agent.toml")],
            layout.log(f"{node.name} agent"),
            answers(layout.url(f"{node.name} agent") + "/readyz"),
        )
        for node in NODES
    ]


def desk_command(layout: Layout, *words: str) -> list[str]:
    """Return a call of ott-desk with the demo's settings."""
    return [str(_BIN / "ott-desk"), *words, "--config", str(layout.folder / "desk" / "desk.toml")]


def desk(layout: Layout) -> Program:
    """Return the desk."""
    return Program("desk", desk_command(layout, "serve"), layout.log("desk"), answers(layout.url("desk") + "/readyz"))


def publish_boards(layout: Layout) -> list[str]:
    """Return the call that publishes the dashboards to the Grafana that the environment names."""
    addresses = [f"--prometheus-url={layout.url('prometheus')}", f"--desk-url={layout.url('desk')}"]
    return [str(_BIN / "ott-dashboards"), "publish", *addresses]


def busy_hour_command(layout: Layout, *words: str) -> list[str]:
    """Return a call of ott-busyhour with the demo's settings."""
    return [str(_BIN / "ott-busyhour"), *words, "--config", str(layout.folder / "busyhour" / "busyhour.toml")]


def busy_hour(layout: Layout) -> Program:
    """Return the busy-hour service."""
    command = busy_hour_command(layout, "serve")
    return Program("busyhour", command, layout.log("busyhour"), answers(layout.url("busyhour") + "/readyz"))


def alertmanager(layout: Layout) -> Program:
    """Return Debian's Alertmanager, alone in its cluster."""
    home = layout.folder / "alertmanager"
    command = [
        "prometheus-alertmanager",
        f"--config.file={home / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{layout.ports['alertmanager']}",
        f"--web.external-url={layout.url('alertmanager')}",
        "--cluster.listen-address=",
    ]
    return Program(
        "alertmanager", command, layout.log("alertmanager"), answers(layout.url("alertmanager") + "/-/ready")
    )


def prometheus(layout: Layout) -> Program:
    """Return Debian's Prometheus, which serves the runbooks beside its own pages."""
    home = layout.folder / "prometheus"
    command = [
        "prometheus",
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address=127.0.0.1:{layout.ports['prometheus']}",
        f"--web.external-url={layout.url('prometheus')}",
        f"--web.user-assets={REPOSITORY / 'alerts' / 'runbooks'}",
    ]
    return Program("prometheus", command, layout.log("prometheus"), answers(layout.url("prometheus") + "/-/ready"))


def _lines(layout: Layout) -> list[tuple[int, int]]:
    """Return the ports of the uplink, and where each leads."""
    agents = [(layout.scraped(node), layout.ports[f"{node.name} agent"]) for node in FAR]
    return [*agents, (layout.ports[f"{ORIGIN.name} {UPLINK}"], layout.ports[f"{ORIGIN.name} nginx"])]


def _nginx(layout: Layout, node: Node) -> Program:
    edge = layout.edge(node)
    return Program(f"{node.name} nginx", edge.command, layout.log(f"{node.name} nginx"), answers(edge.status_url))


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", name, *map(str, arguments)]
