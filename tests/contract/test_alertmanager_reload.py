"""A real Alertmanager is reloaded with another grouping, receiver or route while alarms fire, and the desk looks on."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from demo.ports import free_port
from demo.processes import Program, answers, wait_until
from tests.contract.desk.conftest import Process

SECONDS = 60.0
GROUP = "alertname, site, node"
CONFIG = """
route:
  receiver: {receiver}
  group_by: [{group}]
  group_wait: 200ms
  group_interval: 1s
  routes: [{routes}]
receivers:
  - name: {receiver}
    webhook_configs:
      - url: {desk}/webhook/alertmanager
        http_config: {{authorization: {{credentials_file: {folder}/token}}}}
  - name: elsewhere
"""
NODES = [{"alertname": "NodeDown", "site": "almaty", "node": f"edge-{number}"} for number in (1, 2)]
DISKS = [{"alertname": "DiskFull", "site": "almaty", "node": "edge-1", "device": name} for name in ("sda", "sdb")]
BACK = '{matchers: [alertname=~".+"], receiver: desk, continue: true}'


class Stack:
    """A desk, and an Alertmanager that delivers to it."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.folder, self.address, self.began = folder, f"http://127.0.0.1:{port}", datetime.now(UTC)
        self.desk = Process(folder, f'alertmanagers = ["{self.address}"]\nreconcile = "1s"\nsettled = "1s"\n')
        (folder / "token").write_text(self.desk.token, "utf-8")
        self.configure()
        command = [
            *("prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
        ]
        self.program = Program("alertmanager", command, folder / "log", answers(f"{self.address}/-/ready"))

    def configure(self, receiver: str = "desk", group: str = GROUP, routes: str = "") -> None:
        text = CONFIG.format(receiver=receiver, group=group, routes=routes, desk=self.desk.url, folder=self.folder)
        (self.folder / "alertmanager.yml").write_text(text, "utf-8")

    def reload(self, **change: str) -> None:
        self.configure(**change)
        self.program.signal(signal.SIGHUP)

    def tell(self, alerts: Sequence[Mapping[str, str]], *, firing: bool = True) -> None:
        ends = datetime.now(UTC) + timedelta(minutes=5 if firing else 0)
        each = {"startsAt": self.began.isoformat(), "endsAt": ends.isoformat()}
        body = [{"labels": {**labels, "severity": "critical"}, **each} for labels in alerts]
        assert httpx.post(f"{self.address}/api/v2/alerts", json=body, timeout=30).status_code == 200

    def states(self) -> list[str]:
        headers = {"Authorization": f"Bearer {self.desk.token}"}
        answer = httpx.get(f"{self.desk.url}/tmf-api/troubleTicket/v5/troubleTicket", headers=headers, timeout=30)
        return sorted(each["status"] for each in answer.json())

    def wait(self, wanted: Sequence[str]) -> None:
        wait_until(lambda: self.states() == wanted, SECONDS, f"{self.states()} instead of {wanted}")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    made.desk.start()
    made.program.start()
    try:
        made.program.wait_ready()
        yield made
    finally:
        made.program.kill()
        made.desk.stop()


@pytest.mark.parametrize(
    ("alerts", "tickets", "change"),
    [
        (NODES, 2, {"group": "alertname"}),
        (DISKS, 1, {"group": f"{GROUP}, device"}),
        (NODES, 2, {"receiver": "noc"}),
        (NODES, 2, {"routes": "{matchers: [alertname=NodeDown], receiver: elsewhere}"}),
        (NODES, 2, {"routes": f"{BACK}, {{matchers: [alertname=NodeDown], receiver: desk, group_by: [alertname]}}"}),
    ],
    ids=["coarser", "finer", "another receiver", "elsewhere", "a second route"],
)
def test_a_reload_doubles_no_ticket_and_closes_none_that_fires(
    stack: Stack, alerts: Sequence[Mapping[str, str]], tickets: int, change: dict[str, str]
) -> None:
    stack.tell(alerts)
    stack.wait(["acknowledged"] * tickets)
    stack.reload(**change)
    for _ in range(6):  # several deliveries, and several comparisons with the list
        stack.tell(alerts)
        time.sleep(1)
    assert stack.states() == ["acknowledged"] * tickets
    stack.tell(alerts, firing=False)
    stack.wait(["resolved"] * tickets)
