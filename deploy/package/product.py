"""The packages: what each holds, needs and runs."""

from dataclasses import dataclass

PYTHONS = ("3.11", "3.12", "3.13")
"""The interpreters of Debian 12, Ubuntu 24.04 and Debian 13."""
MAINTAINER = "ottwatch maintainers <ottwatch@users.noreply.github.com>"


@dataclass(frozen=True, slots=True)
class Product:
    """One package."""

    name: str
    summary: str
    description: str
    locks: tuple[str, ...] = ()  # without any, it has no programs and runs on every machine
    modules: tuple[str, ...] = ()
    programs: tuple[tuple[str, str], ...] = ()  # name, module
    units: tuple[str, ...] = ()
    every_python: bool = False  # one package for every interpreter, or one for each
    without: tuple[str, ...] = ()  # distributions of the locks that it does not carry
    only: tuple[str, ...] = ()  # or: the only ones that it carries
    extended_by: tuple[str, ...] = ()  # packages whose Python modules its programs find beside their own
    needs: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()  # what else it needs of Debian
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    start: bool = True  # at its first installation; otherwise whatever configures it starts it
    reloads: tuple[str, ...] = ()  # units of others that read our files
    purged: tuple[str, ...] = ()

    @property
    def architecture(self) -> str:
        """Return what machines it is for, in Debian's words."""
        return "amd64" if self.locks else "all"

    @property
    def folder(self) -> str:
        """Return where its Python modules are."""
        return f"/usr/lib/{self.name}"

    @property
    def folders(self) -> list[str]:
        """Return where its programs look for modules; those of a package that is not installed are not there."""
        return [self.folder, *(f"/usr/lib/{name}" for name in self.extended_by)]


AGENT = Product(
    name="ottwatch-agent",
    summary="monitoring agent of ottwatch for nodes of OTT and IPTV platforms",
    description=(
        "Measures a node of a streaming platform and serves the figures to\n"
        "Prometheus: the host, sessions and traffic from access logs, status pages\n"
        "of streaming servers, subscribers, streams, certificates. The settings\n"
        "file is proposed from what runs on the node."
    ),
    locks=("agent",),
    modules=("agent", "service"),
    programs=(("ott-agent", "agent.__main__"),),
    units=("ott-agent",),
    every_python=True,
    without=("psycopg2_binary",),
    extended_by=("ottwatch-agent-postgresql",),
    suggests=("ottwatch-agent-postgresql",),
    purged=("/etc/ottwatch/agent.toml", "/etc/ottwatch/tls", "/var/lib/ottwatch"),
)
POSTGRESQL = Product(
    name="ottwatch-agent-postgresql",
    summary="PostgreSQL driver of the ottwatch agent",
    description=(
        "The driver with which ott-agent counts subscribers in a PostgreSQL\n"
        "database. MariaDB and MySQL need no package of their own."
    ),
    locks=("agent",),
    every_python=True,
    only=("psycopg2_binary",),
    needs=("ottwatch-agent",),
)
CENTER = Product(
    name="ottwatch-center",
    summary="control centre of ottwatch: trouble tickets, busy hour, rules",
    description=(
        "Turns alarms of Prometheus and Alertmanager into trouble tickets with\n"
        "clocks and a console, records the busy hour of every day and forecasts\n"
        "when capacity runs out. It is configured by: ott-center setup"
    ),
    locks=("desk", "busyhour", "center"),
    modules=("agent", "alerts", "center", "dashboards", "service"),
    programs=(
        ("ott-center", "center.__main__"),
        ("ott-desk", "alerts.desk.__main__"),
        ("ott-busyhour", "dashboards.busy_hour.__main__"),
    ),
    units=("ott-desk", "ott-busyhour"),
    debian=("procps",),  # with the program that the units of Debian's Prometheus and Alertmanager are reloaded by
    recommends=("prometheus (>= 2.42)", "prometheus-alertmanager (>= 0.25)"),
    suggests=("ottwatch-dashboards", "postgresql"),
    start=False,
    reloads=("prometheus",),
    purged=(
        "/etc/ottwatch/desk.toml",
        "/etc/ottwatch/busyhour.toml",
        "/etc/ottwatch/pictures",
        "/etc/prometheus/ottwatch",
        "/etc/prometheus/ottwatch-desk.token",
        "/var/lib/ottwatch-desk",
        "/var/lib/ottwatch-busyhour",
        "/var/lib/ottwatch-center",
    ),
)
# A package of its own: its HTTP library replaces one of the same name that the desk needs.
DASHBOARDS = Product(
    name="ottwatch-dashboards",
    summary="dashboards of ottwatch for Grafana",
    description=("Builds, checks and publishes the dashboards of ottwatch to a Grafana, in\nRussian and in English."),
    locks=("dashboards",),
    modules=("agent", "alerts", "dashboards", "service"),
    programs=(("ott-dashboards", "dashboards.__main__"),),
)
PRODUCTS = (AGENT, POSTGRESQL, CENTER, DASHBOARDS)
KEYRING = Product(
    name="ottwatch-keyring",
    summary="OpenPGP keys that sign the packages of ottwatch",
    description=(
        "The key in use and the one that follows it, so that a change of keys\n"
        "needs no work on the machines that have this package."
    ),
    every_python=True,
)
