"""Where the demo keeps everything, who its nodes are and which ports they have."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo import ports
from demo.platform import headend
from demo.platform.billing import ZONE, zone_of
from demo.platform.edge import Edge
from demo.platform.lineup import BY_MULTICAST

REPOSITORY = Path(__file__).parent.parent
FOLDER = REPOSITORY / ".run" / "demo"


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the platform as service discovery knows it."""

    name: str
    site: str
    role: str


REGIONS = {"almaty": "Алматы", "astana": "Астана"}  # the branches, by the site that serves their viewers
EDGES = (Node("edge-1", "almaty", "edge"), Node("edge-2", "astana", "edge"), Node("edge-3", "astana", "edge"))
ORIGIN = Node("origin-1", "almaty", "origin")
MIDDLEWARE = Node("middleware-1", "almaty", "middleware")
NODES = (*EDGES, ORIGIN, MIDDLEWARE)
CONTROL = Node("control-1", "almaty", "control")
# The site that hangs on one line: what is fetched from its nodes, and what they fetch, goes through it.
FAR_SITE = "astana"
UPLINK = f"uplink {FAR_SITE}"
FAR = tuple(node for node in NODES if node.site == FAR_SITE)

_LISTENERS = (
    *(f"{node.name} nginx" for node in (*EDGES, ORIGIN)),
    *(f"{node.name} agent" for node in NODES),
    *(f"{node.name} {UPLINK}" for node in (*FAR, ORIGIN)),
    *(f"multicast {channel}" for channel in BY_MULTICAST),
    *("middleware", "prometheus", "alertmanager", "desk", "busyhour", "billing"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders and ports of one demo."""

    folder: Path
    ports: dict[str, int]
    multicast: tuple[str, ...]  # GROUP:PORT of each channel that the head-end sends
    billing_zone: str = ZONE  # in which the billing's days begin

    @classmethod
    def make(cls, folder: Path) -> "Layout":
        """Choose free ports."""
        found = dict(zip(_LISTENERS, ports.free(len(_LISTENERS)), strict=True))
        groups = headend.addresses([found[f"multicast {channel}"] for channel in BY_MULTICAST])
        return cls(folder, found, groups, zone_of(datetime.now(UTC)))

    def url(self, listener: str) -> str:
        """Return the address of a listener."""
        return f"http://127.0.0.1:{self.ports[listener]}"

    def home(self, name: str) -> Path:
        """Return the folder of a node or a program, made if it is missing."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        """Return the log of a program."""
        return self.folder / "logs" / f"{name.replace(' ', '-')}.log"

    def edge(self, node: Node) -> Edge:
        """Return the streaming server of an edge node."""
        way = UPLINK if node in FAR else "nginx"
        return Edge(
            node.name,
            self.folder / node.name / "nginx",
            self.ports[f"{node.name} nginx"],
            f"127.0.0.1:{self.ports[f'{ORIGIN.name} {way}']}",
        )

    @property
    def origin(self) -> Edge:
        """Return the server of the origin node."""
        return Edge(ORIGIN.name, self.folder / ORIGIN.name / "nginx", self.ports[f"{ORIGIN.name} nginx"])

    def scraped(self, node: Node) -> int:
        """Return the port at which the control centre reaches a node's agent."""
        return self.ports[f"{node.name} {UPLINK if node in FAR else 'agent'}"]

    @property
    def content(self) -> Path:
        """What the packager writes and the origin serves."""
        return self.folder / ORIGIN.name / "disk"

    @property
    def packager(self) -> str:
        """The packager's name as a process: other demos on this machine have others."""
        return f"packager-{self.ports[f'{ORIGIN.name} nginx']}"

    @property
    def faults(self) -> Path:
        """What the head-end does wrong."""
        return self.home("headend") / "faults"

    @property
    def database(self) -> Path:
        """The middleware's."""
        return self.folder / MIDDLEWARE.name / "middleware.db"

    @property
    def billing(self) -> str:
        """The billing's database."""
        return f"postgresql://billing@127.0.0.1:{self.ports['billing']}/postgres"

    @property
    def billing_faults(self) -> Path:
        """The file that names what is broken in the billing."""
        return self.folder / "billing" / "faults"

    @property
    def ledger(self) -> Path:
        """The viewers' own account of what they received."""
        return self.folder / "viewers.csv"

    @property
    def stalls(self) -> Path:
        """The viewers' own account of when their pictures stood still."""
        return self.folder / "stalls.csv"

    @property
    def troubles(self) -> Path:
        """The viewers' own account of when an edge failed them."""
        return self.folder / "troubles.csv"

    @property
    def cabinet_token(self) -> Path:
        """What the customers' cabinet shows the desk."""
        return self.folder / "desk" / "cabinet.token"

    @property
    def appeals_key(self) -> Path:
        """What seals the customers' contacts."""
        return self.folder / "desk" / "appeals.key"

    @property
    def webhook_token(self) -> Path:
        """What Alertmanager shows the desk."""
        return self.folder / "alertmanager" / "desk.token"

    @property
    def control_socket(self) -> Path:
        """Where `break` and `repair` reach the running demo."""
        return self.folder / "control"


def quoted(value: object) -> str:
    """Return text as TOML and YAML write it in double quotes."""
    return json.dumps(str(value), ensure_ascii=False)
