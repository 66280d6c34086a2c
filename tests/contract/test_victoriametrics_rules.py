"""VictoriaMetrics in Prometheus's place: it scrapes by our settings, and its vmalert takes and evaluates our rules."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.desk.core.annotations import summary_of, unreadable_figures
from demo import ports
from demo.processes import Program, answers, wait_until
from tests.conftest import ROOT
from tests.contract.desk.conftest import Process
from tests.rules.reading import RULES, alerts, recorded, run
from tests.rules.stack import Agent, put

SECONDS = 60.0
TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"


@pytest.mark.parametrize("file", sorted(RULES.glob("*.yml")), ids=lambda file: file.name)
def test_vmalert_accepts_the_rules(file: Path) -> None:
    done = run("vmalert", "-dryRun", f"-rule={file}")
    assert done.returncode == 0, done.stderr


def test_vmalert_refuses_what_is_no_rule(tmp_path: Path) -> None:
    file = tmp_path / "broken.yml"
    file.write_text("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up ==\n", "utf-8")
    assert run("vmalert", "-dryRun", f"-rule={file}").returncode != 0


FIGURES = """groups:
  - name: figures
    rules:
      - alert: Figures
        expr: >-
          label_replace(vector(1180920.5), "size", "large", "", "")
          or label_replace(vector(0.0137), "size", "small", "", "")
        annotations:
          summary: >-
            ‹{{ $value | humanizeDuration }}›, ‹{{ $value | humanizePercentage }}›, ‹{{ $value | humanize1024 }}B›,
            ‹{{ $value | humanize }}bit/s›, ‹{{ $value | printf "%.0f" }}›, ‹{{ $value | printf "%.1f" }}›,
            {{ range query "vector(90)" }}‹{{ . | value | humanizeDuration }}›{{ end }}
"""


@dataclass(frozen=True)
class Chain:
    """VictoriaMetrics, vmalert, Alertmanager and a desk, between agents that can refuse."""

    vmalert: str
    victoria: str
    desk: Process
    agents: list[Agent]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    body = (ROOT / "tests" / "golden" / "agent_host.prom").read_bytes()
    agents = [Agent("edge-1", "almaty", body=body), Agent("edge-2", "astana", body=body)]
    victoria, vmalert, alertmanager = (f"127.0.0.1:{port}" for port in ports.free(3))
    desk = Process(tmp_path, f'alertmanagers = ["http://{alertmanager}"]\nprometheus = "http://{victoria}"\n')
    (tmp_path / "token").write_text(desk.token, "utf-8")
    put(
        ROOT / "alerts" / "alertmanager.yml",
        tmp_path / "alertmanager.yml",
        {"127.0.0.1:9781": f"127.0.0.1:{desk.port}", "/etc/prometheus/ottwatch-desk.token": str(tmp_path / "token")},
    )
    put(
        ROOT / "deploy" / "prometheus" / "prometheus.yml",
        tmp_path / "prometheus.yml",
        {"/etc/prometheus/ottwatch/": f"{tmp_path}/"},
    )
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "agents.yml").write_text(
        json.dumps([{"targets": [f"127.0.0.1:{agent.port}"], "labels": agent.labels} for agent in agents]), "utf-8"
    )
    (tmp_path / "rules").mkdir()
    for file in RULES.glob("*.yml"):
        # Groups that wait half a minute for their first round would make this test wait as long.
        text = re.sub(r"interval: (15|30)s", "interval: 5s", file.read_text("utf-8"))
        (tmp_path / "rules" / file.name).write_text(text, "utf-8")
    (tmp_path / "rules" / "figures.yml").write_text(FIGURES, "utf-8")
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
            "victoria-metrics",
            [
                "victoria-metrics", f"-storageDataPath={tmp_path}/victoria", f"-httpListenAddr={victoria}",
                f"-promscrape.config={tmp_path}/prometheus.yml", "-promscrape.config.strictParse=false",
                "-search.latencyOffset=1s",
                "-search.maxConcurrentRequests=16",
            ],
            tmp_path / "victoria.log",
            answers(f"http://{victoria}/health"),
        ),
        Program(
            "vmalert",
            [
                "vmalert", f"-httpListenAddr={vmalert}", f"-rule={tmp_path}/rules/*.yml",
                f"-datasource.url=http://{victoria}?nocache=1", f"-remoteWrite.url=http://{victoria}",
                f"-remoteRead.url=http://{victoria}", f"-notifier.url=http://{alertmanager}", "-evaluationInterval=5s",
                "-datasource.queryStep=15s", "-datasource.queryTimeAlignment=false",
                "-remoteWrite.flushInterval=500ms", f"-external.url=http://{victoria}",
                "-external.alert.source=graph?g0.expr={{$expr|queryEscape}}",
            ],
            tmp_path / "vmalert.log",
            answers(f"http://{vmalert}/health"),
        ),
    ]  # fmt: skip
    try:
        desk.start()
        for program in programs:
            program.start()
            program.wait_ready()
        yield Chain(f"http://{vmalert}", f"http://{victoria}", desk, agents)
    finally:
        for program in programs:
            program.kill()  # they would spend seconds on putting their data in order
        if desk.running:
            desk.kill()
        for agent in agents:
            agent.refuse()


def test_every_rule_is_evaluated_and_a_node_that_is_down_becomes_a_ticket_and_recovers(chain: Chain) -> None:
    def rules() -> list[dict[str, Any]]:
        groups = httpx.get(f"{chain.vmalert}/api/v1/rules", timeout=60, verify=False).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def evaluated() -> bool:
        return all(not rule["lastEvaluation"].startswith("0001") for rule in rules())

    def up(count: int) -> bool:
        found = httpx.get(
            f"{chain.victoria}/api/v1/query", params={"query": "sum(up)"}, timeout=60, verify=False
        ).json()["data"]["result"]
        return bool(found) and found[0]["value"][1] == str(count)

    wait_until(lambda: evaluated() and up(2), SECONDS, "vmalert does not evaluate every rule")
    wait_until(lambda: {each["lastError"] for each in rules()} == {""}, SECONDS, str(rules()))
    assert {each["name"] for each in rules()} == {alert.name for alert in alerts()} | recorded() | {"Figures"}
    assert _figures(chain) == {
        "large": "13 d 16 h, 118,100,000 %, 1.13 MiB, 1.18 Mbit/s, 1,180,920, 1,180,920, 1 min 30 s",
        "small": "13.7 ms, 1.37 %, 0.0137 B, 0.0137 bit/s, 0, 0, 1 min 30 s",
    }

    chain.agents[0].refuse()
    with chain.desk.client() as client:

        def tickets() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = client.get(TICKETS, params={"relatedEntity.entity.id": "edge-1"}).json()
            return found

        wait_until(lambda: bool(tickets()), SECONDS, "no ticket")
        (ticket,) = tickets()
        assert ticket["name"] == "Узел edge-1 (площадка almaty) не отвечает"
        assert (ticket["priority"], ticket["severity"]) == ("P1", "critical")
        chain.agents[0].repair()
        wait_until(lambda: tickets()[0]["status"] == "resolved", SECONDS, "no recovery")
        assert tickets()[0]["statusChangeReason"] == "recovered"


def _figures(chain: Chain) -> dict[str, str]:
    """Return the figures that vmalert printed for a large value and a small one, as the desk shows them."""
    found = httpx.get(f"{chain.vmalert}/api/v1/alerts", timeout=60, verify=False).json()["data"]["alerts"]
    assert [figure for alert in found for figure in unreadable_figures(alert["annotations"])] == []
    return {
        alert["labels"]["size"]: summary_of(alert["annotations"], alert["labels"], "en", UTC)
        for alert in found
        if alert["name"] == "Figures"
    }
