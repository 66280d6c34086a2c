"""Where everything of a control centre is on a Debian machine."""

from dataclasses import dataclass
from pathlib import Path

PROMETHEUS, ALERTMANAGER = "http://127.0.0.1:9090", "http://127.0.0.1:9093"
DESK, BUSY_HOUR = "http://127.0.0.1:9781", "http://127.0.0.1:9782"
UNITS = ("prometheus", "prometheus-alertmanager", "ott-desk", "ott-busyhour")


@dataclass(frozen=True, slots=True)
class Places:
    """The files, below `root`."""

    root: Path = Path("/")

    @property
    def share(self) -> Path:
        """Return what the package brings: rules, runbooks."""
        return self.root / "usr/share/ottwatch-center"

    @property
    def state(self) -> Path:
        """Return what ott-center keeps: copies of replaced files, its authority."""
        return self.root / "var/lib/ottwatch-center"

    @property
    def prometheus(self) -> Path:
        """Return Prometheus' settings."""
        return self.root / "etc/prometheus/prometheus.yml"

    @property
    def alertmanager(self) -> Path:
        """Return Alertmanager's settings."""
        return self.root / "etc/prometheus/alertmanager.yml"

    @property
    def targets(self) -> Path:
        """Return the folder with the files that name the targets."""
        return self.root / "etc/prometheus/ottwatch/targets"

    @property
    def nodes(self) -> Path:
        """Return the inventory of nodes."""
        return self.targets / "agents.yml"

    @property
    def site_rules(self) -> Path:
        """Return the folder with the rules and thresholds of this operator."""
        return self.root / "etc/prometheus/ottwatch/site"

    @property
    def token(self) -> Path:
        """Return the token that Alertmanager shows to the desk."""
        return self.root / "etc/prometheus/ottwatch-desk.token"

    @property
    def tls(self) -> Path:
        """Return the folder with what Prometheus shows to the nodes."""
        return self.root / "etc/prometheus/ottwatch/tls"

    @property
    def authority(self) -> Path:
        """Return the folder of the small authority."""
        return self.state / "authority"

    @property
    def desk(self) -> Path:
        """Return the desk's settings."""
        return self.root / "etc/ottwatch/desk.toml"

    @property
    def pictures(self) -> Path:
        """Return the folder with what the desk shows to the nodes when it gets pictures of channels."""
        return self.root / "etc/ottwatch/pictures"

    @property
    def units(self) -> list[Path]:
        """Return the folders that systemd reads units from, the one that counts first."""
        folders = ("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "lib/systemd/system")
        return [self.root / folder for folder in folders]

    def defaults(self, service: str) -> Path:
        """Return the file with a service's arguments."""
        return self.root / "etc/default" / service

    def drop_in(self, service: str) -> Path:
        """Return the file with which ottwatch adds arguments to a service."""
        return self.root / f"etc/systemd/system/{service}.service.d/ottwatch.conf"

    def unit(self, service: str) -> Path:
        """Return a service's unit as Debian ships it."""
        return self.root / f"lib/systemd/system/{service}.service"
