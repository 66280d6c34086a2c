"""The whole pair on loopback addresses of one machine, by the settings that `ott-center pair` writes for three.

Every program runs with its own file and its usual port; below the folder of a machine lies what would be its root.
"""

import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from center.pair import HEALTH, OWNERS, rendered
from center.pair_settings import MACHINES, Machine, Mail, PairSettings
from demo.processes import ENDS_WITH_PARENT, Program, answers, stop_all, wait_until
from deploy.package.tree import with_intervals
from service.settings import Secret

ROOT = Path(__file__).parents[2]
SIDES: tuple[Machine, Machine] = ("a", "b")
PROGRAMS = (
    *("etcd", "patroni", "haproxy", "victoria-metrics", "vmagent", "vmalert", "prometheus", "prometheus-alertmanager"),
    "psql",
)
PROBER = "prometheus-blackbox-exporter"
CONSOLE_PORT = 8080
PORTS = (2379, 2380, 5432, 8008, CONSOLE_PORT, 8405, 8428, 8429, 8880, 9090, 9093, 9094, 9097, 9098, 9099, 9781, 9782)
SECONDS = 240.0  # on a crowded machine; an idle one needs half a minute for everything
_PATHS = re.compile(r"(?<![\w/.-])/(etc|var/lib|run/postgresql|usr/share/ottwatch-center)(?=/|\b)")

Network = Callable[[Machine], Sequence[str]]
"""What a machine's programs are started through, such as a network namespace's `ip netns exec`."""


def missing() -> list[str]:
    """Return the programs that the pair needs and this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def addresses() -> dict[Machine, str]:
    """Return three loopback addresses of one network on which none of the pair's ports is taken."""
    for _ in range(100):
        net = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}"
        found: dict[Machine, str] = {machine: f"{net}.{last}" for last, machine in enumerate(MACHINES, 1)}
        if all(_free(address, port) for address in found.values() for port in PORTS):
            return found
    raise OSError("another program listens on all addresses on one of the ports " + ", ".join(map(str, PORTS)))


def _free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, port))
        except OSError:
            return False
    return True


@dataclass(slots=True)
class Pair:
    """Its settings, its folder, and what runs by (machine, program)."""

    settings: PairSettings
    folder: Path
    through: Network = lambda _: ()
    probing: bool = False  # whether sites that evaluate their own alerts can be probed
    programs: dict[tuple[Machine, str], Program] = field(default_factory=dict)
    token: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    def root(self, machine: Machine) -> Path:
        """Return what is a machine's `/`."""
        return self.folder / machine

    def url(self, machine: Machine, port: int) -> str:
        """Return the address of a program."""
        return f"http://{self.settings.address(machine)}:{port}"

    def database(self, side: Machine) -> str:
        """Return the address of a side's database of metrics."""
        return self.url(side, int(HEALTH[self.settings.engine][0]))

    def console(self, machine: Machine) -> str:
        """Return where a side's HAProxy serves the console."""
        return self.url(machine, self.settings.console_port)

    def watch_sites(self, targets: str) -> None:
        """Name the probes of sites that evaluate their own alerts, as Prometheus' files of targets name them."""
        for side in SIDES:
            (self.root(side) / "etc/prometheus/ottwatch/targets/sites.yml").write_text(targets, "utf-8")

    def leader(self) -> Machine | None:
        """Return the side whose PostgreSQL leads by its Patroni's own word, None while there is none."""
        for side in SIDES:
            with suppress(httpx.TransportError):
                if self.http.get(f"{self.url(side, 8008)}/leader", timeout=5).status_code == 200:
                    return side
        return None

    def has_standby(self) -> bool:
        """Return whether a side follows the leader and has every acknowledged commit."""
        return any(answers(f"{self.url(side, 8008)}/synchronous")() for side in SIDES)

    def postmaster(self, side: Machine) -> int:
        """Return the process of a side's PostgreSQL."""
        file = self.root(side) / "var/lib/postgresql/15/ottwatch/postmaster.pid"
        return int(file.read_text("utf-8").splitlines()[0])

    def desk(self, *arguments: str, text: str | None = None) -> str:
        """Run one of ott-desk's subcommands on side a and return what it prints."""
        command = [
            sys.executable,
            "-m",
            "alerts.desk",
            *arguments,
            "--config",
            str(self.root("a") / "etc/ottwatch/desk.toml"),
        ]
        done = subprocess.run(
            [*self.through("a"), *command], input=text, capture_output=True, text=True, check=False, cwd=ROOT
        )
        if done.returncode:
            raise OSError(done.stderr[-2000:])
        return done.stdout.strip()


def write(pair: Pair, targets: str, rules: Path = ROOT / "alerts/rules") -> None:
    """Write every machine's files below its folder."""
    for machine in MACHINES:
        root = pair.root(machine)
        for name, text in rendered(pair.settings, machine, ROOT / "deploy/pair/machine"):
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(below(root, text), "utf-8")
            file.chmod(OWNERS.get(name, ("", 0o644))[1])
        (root / "var/lib/postgresql/15").mkdir(parents=True)
        for place in ("etcd", "victoria-metrics", "vmagent", "prometheus/alertmanager", "prometheus/metrics2"):
            (root / "var/lib" / place).mkdir(parents=True)
        (root / "run/postgresql").mkdir(parents=True)
        put_rules(root, rules)
        put_targets(root, targets)
        shutil.copytree(ROOT / "alerts/runbooks", root / "usr/share/ottwatch-center/runbooks")
        (root / "etc/prometheus/blackbox.yml").write_text("modules: {tcp_connect: {prober: tcp}}\n", "utf-8")
    pair.folder.chmod(0o711)
    for side in SIDES:
        haproxy = pair.root(side) / "etc/haproxy/haproxy.cfg"
        # Whoever starts the pair on loopback stays who they are, and both sides share one machine's addresses.
        text = re.sub(r"^    (user|group) .*\n", "", haproxy.read_text("utf-8"), flags=re.MULTILINE)
        haproxy.write_text(text.replace("bind *:", f"bind {pair.settings.address(side)}:"), "utf-8")
        if not pair.through(side):
            _let_the_other_in(pair, side)
        if _as_postgres():
            for place in ("var/lib/postgresql", "run/postgresql", "etc/patroni"):
                _give_away(pair.root(side) / place)


def put_rules(root: Path, rules: Path) -> None:
    """Write the shipped rules below a machine's folder, and a site's own, of which the operator has none."""
    shipped, own = root / "usr/share/ottwatch-center/rules", root / "etc/prometheus/ottwatch/site"
    shipped.mkdir(parents=True)
    for file in rules.glob("*.yml"):
        (shipped / file.name).write_text(with_intervals(file.read_text("utf-8")), "utf-8")
    own.mkdir(parents=True, exist_ok=True)
    (own / "none.yml").write_text("groups: []\n", "utf-8")


def put_targets(root: Path, targets: str) -> None:
    """Write the nodes that a machine asks below its folder."""
    place = root / "etc/prometheus/ottwatch/targets"
    place.mkdir(parents=True)
    (place / "agents.yml").write_text(targets, "utf-8")


def _let_the_other_in(pair: Pair, side: Machine) -> None:
    """Let PostgreSQL take the other side for who it is: on loopback everybody's own address is 127.0.0.1."""
    patroni = pair.root(side) / "etc/patroni/config.yml"
    line = re.compile(rf"^(    - host .*){re.escape(pair.settings.b)}/32", re.MULTILINE)
    patroni.write_text(line.sub(r"\g<1>127.0.0.1/32", patroni.read_text("utf-8")), "utf-8")


def below(root: Path, text: str) -> str:
    """Return a machine's file with its paths below the folder that is the machine's root."""
    return _PATHS.sub(lambda found: f"{root}/{found[1]}", text)


def _as_postgres() -> list[str]:
    """Return what makes root the account of PostgreSQL, which refuses to run as root."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, *ENDS_WITH_PARENT[1:]]


def _give_away(place: Path) -> None:
    user = pwd.getpwnam("postgres")
    for path in (place, *place.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)


def defaults(root: Path, name: str) -> dict[str, str]:
    """Return the variables that a program of a machine is started with."""
    text = (root / "etc/default" / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


def commands(pair: Pair, side: Machine) -> Iterator[tuple[str, Sequence[str], str]]:
    """Yield name, command and the address that answers when it is of use, of what needs no database."""
    root = pair.root(side)

    def arguments(name: str) -> list[str]:
        return shlex.split(defaults(root, name)["ARGS"])

    if pair.settings.engine == "prometheus":
        yield "prometheus", ["prometheus", *arguments("prometheus")], pair.url(side, 9090) + "/-/ready"
    else:
        for name, port in (("victoria-metrics", 8428), ("vmagent", 8429), ("vmalert", 8880)):
            yield name, [name, *arguments(name)], pair.url(side, port) + "/health"
    alertmanager = "prometheus-alertmanager"
    yield alertmanager, [alertmanager, *arguments(alertmanager)], pair.url(side, 9093) + "/-/ready"
    yield "haproxy", ["haproxy", "-db", "-f", f"{root}/etc/haproxy/haproxy.cfg"], pair.url(side, 8405) + "/metrics"
    if pair.probing:
        address = f"{pair.settings.address(side)}:9115"
        probes = [f"--config.file={root}/etc/prometheus/blackbox.yml", f"--web.listen-address={address}"]
        yield PROBER, [PROBER, *probes], pair.url(side, 9115) + "/-/healthy"
    unit = (root / "etc/systemd/system/ottwatch-runbooks.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    yield "runbooks", shlex.split(line), pair.url(side, 9098) + "/NodeDown.md"


def _program(pair: Pair, machine: Machine, name: str, command: Sequence[str], url: str) -> Program:
    log = pair.folder / "log" / f"{machine}-{name}.log"
    program = Program(f"{name} of {machine}", [*pair.through(machine), *command], log, answers(url))
    pair.programs[machine, name] = program
    return program


def _desk(pair: Pair, side: Machine) -> Program:
    command = [sys.executable, "-m", "alerts.desk", "serve", "--config", f"{pair.root(side)}/etc/ottwatch/desk.toml"]
    return _program(pair, side, "desk", command, pair.url(side, 9781) + "/readyz")


def _busy_hour(pair: Pair, side: Machine) -> Program:
    config = f"{pair.root(side)}/etc/ottwatch/busyhour.toml"
    command = [sys.executable, "-m", "dashboards.busy_hour", "serve", "--config", config]
    return _program(pair, side, "busyhour", command, pair.url(side, 9782) + "/healthz")


def start(pair: Pair, names: Sequence[str] = ()) -> None:
    """Start every program, or those of these names, and return when all are of use."""

    def wanted(name: str) -> bool:
        return not names or name in names

    votes = []
    for machine in MACHINES:
        variables = [f"{key}={value}" for key, value in defaults(pair.root(machine), "etcd").items()]
        votes.append(_program(pair, machine, "etcd", ["env", *variables, "etcd"], pair.url(machine, 2379) + "/health"))
    databases = [
        _program(
            pair, side, "patroni",
            [*_as_postgres(), "patroni", f"{pair.root(side)}/etc/patroni/config.yml"],
            pair.url(side, 8008) + "/health",
        )
        for side in SIDES
    ]  # fmt: skip
    others = [
        _program(pair, side, name, command, url)
        for side in SIDES
        for name, command, url in commands(pair, side)
        if wanted(name)
    ]
    planners = [_busy_hour(pair, side) for side in SIDES if wanted("busyhour")]
    for program in (*votes, *databases, *others):
        program.start()
    _wait([*votes, *databases])
    wait_until(pair.has_standby, SECONDS, "no PostgreSQL follows the other", databases[1].tail)
    for program in planners:
        program.start()
    pair.token = pair.desk("token", "create", "--role", "machine", "--name", "alertmanager")
    for side in SIDES:
        (pair.root(side) / "etc/prometheus/ottwatch-desk.token").write_text(pair.token, "utf-8")
    desks = [_desk(pair, side) for side in SIDES]
    for program in desks:
        program.start()
    _wait([*others, *planners, *desks])


def _wait(programs: Sequence[Program]) -> None:
    for program in programs:
        program.wait_ready(SECONDS)


def end(pair: Pair) -> None:
    """Stop every program, what asks before what it asks, and leave no PostgreSQL behind."""
    early = {"etcd", "patroni"}
    stop_all([program for (_, name), program in pair.programs.items() if name not in early])
    stop_all([program for (_, name), program in pair.programs.items() if name == "patroni"])
    for side in SIDES:
        with suppress(OSError, ValueError, IndexError):
            os.kill(pair.postmaster(side), signal.SIGQUIT)
    stop_all([program for (_, name), program in pair.programs.items() if name == "etcd"])


@contextmanager
def running(
    settings: PairSettings, folder: Path, targets: str, through: Network = lambda _: (), *, probing: bool = False
) -> Iterator[Pair]:
    """Start a pair; stop it whatever happens. `probing` starts what asks sites that evaluate their own alerts."""
    pair = Pair(settings, folder, through, probing)
    write(pair, targets)
    try:
        start(pair)
        yield pair
    finally:
        end(pair)
        pair.http.close()


def settings_of(
    found: Mapping[Machine, str], folder: Path, engine: str = "victoriametrics", smarthost: str = "127.0.0.1:25"
) -> PairSettings:
    """Return the settings of a pair on these addresses, with a secret of its own in the folder."""
    file = folder / "pair.secret"
    file.write_text(secrets.token_hex(32), "utf-8")
    file.chmod(0o600)
    return PairSettings(
        a=found["a"],
        b=found["b"],
        witness=found["witness"],
        site="almaty",
        secret=Secret(file=file),
        mail=Mail("ncc@example.org", "ottwatch@example.org", smarthost),
        public_url=f"http://{found['a']}:{CONSOLE_PORT}",
        engine="prometheus" if engine == "prometheus" else "victoriametrics",
        console_port=CONSOLE_PORT,
    )


def short_folder() -> Path:
    """Return a new folder with a short path: that of PostgreSQL's socket must stay below 108 characters."""
    return Path(tempfile.mkdtemp(prefix="ottpair"))
