"""A gap in the data ends an alarm at Prometheus and Alertmanager, and no ticket: all three are real here."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo import ports
from demo.processes import Program, answers, stop_all, wait_until
from tests.contract.desk.conftest import Process
from tests.rules.stack import Agent

SECONDS = 60.0
TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
RULES = """
groups:
  - name: disk
    rules:
      - alert: DiskFull
        expr: last_over_time(disk_available_ratio[3s]) < 0.1
        for: 3s
        labels: {severity: major}
"""


@dataclass(frozen=True)
class Chain:
    desk: Process
    prometheus: Program
    address: str
    agent: Agent

    def fires(self) -> bool:
        """Return whether the alarm fires at Prometheus, which has told Alertmanager of it then."""
        answer = httpx.get(f"http://{self.address}/api/v1/alerts", timeout=SECONDS, verify=False)
        return any(each["state"] == "firing" for each in answer.json()["data"]["alerts"])

    def tickets(self) -> list[dict[str, Any]]:
        with self.desk.client() as client:
            found: list[dict[str, Any]] = client.get(TICKETS).raise_for_status().json()
        return found


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    agent = Agent("edge-1", "almaty", body=b"disk_available_ratio 0.02\n")
    prometheus, alertmanager = (f"127.0.0.1:{port}" for port in ports.free(2))
    desk = Process(tmp_path, f'alertmanagers = ["http://{alertmanager}"]\nprometheus = "http://{prometheus}"\n')
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                "rule_files": ["rules.yml"],
                "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
                "scrape_configs": [
                    {
                        "job_name": "ott-agent",
                        "static_configs": [{"targets": [f"127.0.0.1:{agent.port}"], "labels": agent.labels}],
                    }
                ],
            }
        )
    )
    receiver = {
        "name": "desk",
        "webhook_configs": [
            {
                "url": f"{desk.url}/webhook/alertmanager",
                "http_config": {"authorization": {"credentials": desk.token}},
            }
        ],
    }
    (tmp_path / "alertmanager.yml").write_text(
        json.dumps(
            {
                "route": {
                    "receiver": "desk",
                    "group_by": ["alertname", "node"],
                    "group_wait": "0s",
                    "group_interval": "1s",
                },
                "receivers": [receiver],
            }
        )
    )
    programs = [
        Program(
            "alertmanager",
            [
                "prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml",
                f"--storage.path={tmp_path}/alertmanager", f"--web.listen-address={alertmanager}",
                "--cluster.listen-address=",
            ],
            tmp_path / "alertmanager.log",
            answers(f"http://{alertmanager}/-/ready"),
        ),
        Program(
            "prometheus",
            [
                "prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                f"--web.listen-address={prometheus}", f"--web.external-url=http://{prometheus}",
            ],
            tmp_path / "prometheus.log",
            answers(f"http://{prometheus}/-/ready"),
        ),
    ]  # fmt: skip
    try:
        desk.start()
        for program in programs:
            program.start()
            program.wait_ready()
        yield Chain(desk, programs[1], prometheus, agent)
    finally:
        stop_all(programs)
        if desk.running:
            desk.kill()
        agent.refuse()


def test_a_gap_and_a_restart_of_prometheus_end_no_ticket_and_a_cure_does(chain: Chain) -> None:
    def ticket() -> dict[str, Any]:
        found = chain.tickets()
        assert len(found) <= 1, found
        return found[0] if found else {}

    def of_ticket(name: str) -> Any:
        values = {each["name"]: each["value"] for each in ticket().get("troubleTicketCharacteristic", ())}
        return values.get(name)

    def until(condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, SECONDS, f"{what}: {json.dumps(chain.tickets())}\n{chain.desk.log[-3000:]}")

    until(lambda: of_ticket("firingAlarms") == 1, "no ticket")
    chain.agent.refuse()
    until(lambda: of_ticket("unverified") is True, "the gap is not told")
    chain.agent.repair()
    until(lambda: of_ticket("firingAlarms") == 1, "the alarm does not come back")

    chain.prometheus.kill()
    chain.prometheus.start()
    chain.prometheus.wait_ready()
    until(chain.fires, "the alarm does not come back after the restart")
    assert of_ticket("firingAlarms") == 1

    chain.agent._body = b"disk_available_ratio 0.5\n"
    until(lambda: ticket()["status"] == "resolved", "the cure is not seen")
    assert [each["status"] for each in ticket()["statusChangeHistory"]] == ["acknowledged", "resolved"]
