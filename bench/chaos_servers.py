"""The real Prometheus and the pair of real Alertmanagers that the chaos kills and cuts."""

import json
import signal
import subprocess
import time
from pathlib import Path

import httpx

from bench.chaos_network import Network
from demo.ports import free_port

RULES = """groups: [{name: chaos, interval: 1s, rules: [{alert: Broken, expr: 'problem == 1',
  labels: {severity: critical}, annotations: {summary: '{{ $labels.node }} {{ $labels.part }} is broken'}}]}]
"""


class Server:
    """Prometheus or Alertmanager."""

    def __init__(self, name: str, url: str, command: list[str], folder: Path) -> None:
        self.url, self.command = url, command
        self.log = folder / f"{name}.log"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{self.url}/-/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline or self.running.poll() is not None:
                raise OSError(self.log.read_text("utf-8")[-2000:])
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, also when it is frozen."""
        if self.running:
            self.running.send_signal(signal.SIGCONT)
            self.running.send_signal(how)
            self.running.wait(60)
            self.running = None

    def peers(self) -> int:
        """Return how many members an Alertmanager's cluster has by its own word, itself included."""
        return len(httpx.get(f"{self.url}/api/v2/status").json()["cluster"]["peers"])


def alertmanagers(folder: Path, network: Network, webhooks: list[str], token: Path) -> list[Server]:
    """Return two that are each other's peers, each with its own way to the webhook."""
    # The intervals of alerts/alertmanager.yml; one is also the time that a webhook may take before it is given up.
    route = {"receiver": "desk", "group_by": ["alertname", "node"], "group_wait": "500ms", "group_interval": "5s"}
    result = []
    for own, place in enumerate(network.places):
        receiver = {
            "url": f"http://{webhooks[own]}/webhook/alertmanager",
            "max_alerts": 0,
            "http_config": {"authorization": {"type": "Bearer", "credentials_file": str(token)}},
        }
        configuration = folder / f"alertmanager{own}.json"
        configuration.write_text(
            json.dumps(
                {
                    "route": route | {"repeat_interval": "1h"},
                    "receivers": [{"name": "desk", "webhook_configs": [receiver]}],
                }
            )
        )
        command = [
            *place.command, "prometheus-alertmanager", f"--config.file={configuration}",
            f"--storage.path={folder / f'am{own}'}", f"--web.listen-address={place.web}",
            f"--cluster.listen-address={place.gossip}", f"--cluster.advertise-address={place.advertised}",
            f"--cluster.peer={network.places[1 - own].advertised}", "--cluster.peer-timeout=3s",
            "--cluster.settle-timeout=5s", "--cluster.gossip-interval=100ms", "--cluster.pushpull-interval=5s",
            "--cluster.reconnect-interval=2s", "--cluster.tcp-timeout=1s", "--cluster.probe-interval=250ms",
            "--cluster.probe-timeout=200ms",
        ]  # fmt: skip
        result.append(Server(f"am{own}", f"http://{place.web}", command, folder))
    return result


def prometheus(folder: Path, target: str, managers: list[Server]) -> Server:
    """Return one that scrapes the target and tells both Alertmanagers what is broken."""
    (folder / "rules.yml").write_text(RULES)
    port = free_port()
    scrape = {"job_name": "chaos", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    addresses = [{"targets": [manager.url.removeprefix("http://") for manager in managers]}]
    configuration = {
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [scrape],
        "alerting": {"alertmanagers": [{"static_configs": addresses}]},
    }
    (folder / "prometheus.json").write_text(json.dumps(configuration))
    url = f"http://127.0.0.1:{port}"
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=5s", f"--web.external-url={url}",
    ]  # fmt: skip
    return Server("prometheus", url, command, folder)
