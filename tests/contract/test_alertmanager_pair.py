"""The example of a clustered pair, run as it is written with two real Alertmanagers."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from demo import ports
from demo.processes import Program, answers, wait_until
from tests.conftest import ROOT
from tests.contract.web import Server
from tests.rules.stack import TOKEN, Desk, put

EXAMPLE = ROOT / "alerts" / "alertmanager-cluster.example"
SECONDS = 60.0


@dataclass(frozen=True)
class Pair:
    """Both Alertmanagers and what their desk heard."""

    desk: Desk
    programs: list[Program]
    addresses: list[str]

    def peers(self) -> list[int]:
        status = [
            httpx.get(f"http://{address}/api/v2/status", timeout=60, verify=False).json() for address in self.addresses
        ]
        return [len(each["cluster"]["peers"]) for each in status]

    def tell(self, node: str, *addresses: str) -> float:
        """Say as Prometheus does that a node is down; return when."""
        began = time.monotonic()
        body = [{"labels": {"alertname": "NodeDown", "site": "almaty", "node": node, "severity": "critical"}}]
        for address in addresses:
            assert httpx.post(f"http://{address}/api/v2/alerts", json=body, timeout=60, verify=False).status_code == 200
        return began


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    desk = Desk()
    server = Server(("127.0.0.1", 0), desk.handler())
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    (tmp_path / "token").write_text(TOKEN, "utf-8")
    put(
        ROOT / "alerts" / "alertmanager.yml",
        tmp_path / "alertmanager.yml",
        {
            "127.0.0.1:9781": f"127.0.0.1:{server.server_port}",
            "/etc/prometheus/ottwatch-desk.token": str(tmp_path / "token"),
        },
    )
    web, gossip = ports.free(2), ports.free(2)
    text = EXAMPLE.read_text("utf-8")
    lines = re.findall(r'^# on (alertmanager-[ab])\nARGS="(.*)"$', text, re.MULTILINE)
    assert [name for name, _ in lines] == ["alertmanager-a", "alertmanager-b"]
    programs = []
    for own, (name, written) in enumerate(lines):
        # "Put your two addresses in place of the names": here both have one address and differ by the port.
        arguments = (
            written.replace("0.0.0.0:9094", f"127.0.0.1:{gossip[own]}")
            .replace("alertmanager-a:9094", f"127.0.0.1:{gossip[0]}")
            .replace("alertmanager-b:9094", f"127.0.0.1:{gossip[1]}")
        )
        rest = [
            f"--config.file={tmp_path}/alertmanager.yml",
            f"--storage.path={tmp_path}/{name}",
            f"--web.listen-address=127.0.0.1:{web[own]}",
        ]
        ready = answers(f"http://127.0.0.1:{web[own]}/-/ready")
        command = ["prometheus-alertmanager", *arguments.split(), *rest]
        programs.append(Program(name, command, tmp_path / f"{name}.log", ready))
    try:
        for program in programs:
            program.start()
        for program in programs:
            program.wait_ready()
        yield Pair(desk, programs, [f"127.0.0.1:{port}" for port in web])
    finally:
        for program in programs:
            program.kill()
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_second_goes_on_when_the_first_dies(pair: Pair) -> None:
    wait_until(lambda: pair.peers() == [2, 2], SECONDS, "they do not find each other")
    # Until the cluster has settled, neither sends; the first notification marks that moment.
    pair.tell("edge-1", *pair.addresses)
    wait_until(lambda: bool(pair.desk.about("NodeDown", "firing", node="edge-1")), SECONDS, "nothing was told")
    pair.programs[0].kill()
    began = pair.tell("edge-2", pair.addresses[1])
    wait_until(lambda: bool(pair.desk.about("NodeDown", "firing", node="edge-2")), SECONDS, "nothing was told")
    (alone, *_) = pair.desk.about("NodeDown", "firing", node="edge-2")
    # The default peer-timeout would make it fifteen seconds.
    assert alone.at - began < 12
