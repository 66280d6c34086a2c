"""The inventory on both databases, by the program, and as Prometheus and vmagent discover it over HTTP."""

import json
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from alerts.desk.access.trail import By
from alerts.desk.core.database import Database
from alerts.desk.core.tables import audit
from alerts.desk.inventory import nodes
from demo.ports import free_port
from demo.processes import Program, answers, stop_all
from service.nodes import Node
from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import START

BY = By("Timur")
EDGE, ORIGIN = Node("edge-1", "almaty", "edge", "10.0.0.5:9780"), Node("origin-1", "almaty", "origin", "10.0.0.6:9780")
MANY = 10_000


def kept(database: Database) -> list[Node]:
    with database.read() as connection:
        return nodes.everything(connection)


def trail(database: Database) -> list[tuple[str, str | None]]:
    with database.read() as connection:
        return [(action, subject) for action, subject in connection.execute(select(audit.c.action, audit.c.subject))]


def test_a_node_is_there_once_and_everything_done_is_in_the_trail(database: Database) -> None:
    nodes.add(database, BY, ORIGIN, START)
    nodes.add(database, BY, EDGE, START)
    nodes.add(database, BY, EDGE, START)  # again: no change
    assert kept(database) == [EDGE, ORIGIN]
    for other in (Node("edge-1", "astana", "edge", "10.0.0.9:9780"), Node("edge-9", "almaty", "edge", EDGE.address)):
        with pytest.raises(ValueError, match=r"edge-1 \(almaty, edge\) at 10\.0\.0\.5:9780 is in the inventory"):
            nodes.add(database, BY, other, START)
    with pytest.raises(ValueError, match="site 'al maty': use letters"):
        nodes.add(database, BY, Node("edge-2", "al maty", "edge", "10.0.0.7:9780"), START)
    nodes.remove(database, BY, "origin-1", START)
    with pytest.raises(ValueError, match="there is no node origin-1"):
        nodes.remove(database, BY, "origin-1", START)
    assert kept(database) == [EDGE]
    assert trail(database) == [("node added", "origin-1"), ("node added", "edge-1"), ("node removed", "origin-1")]


def test_an_import_adds_and_changes_all_or_none(database: Database) -> None:
    nodes.add(database, BY, EDGE, START)
    nodes.add(database, BY, ORIGIN, START)
    # The two exchange their addresses, and one is new.
    swapped = [
        Node("edge-1", "almaty", "edge", ORIGIN.address),
        Node("origin-1", "almaty", "origin", EDGE.address),
        Node("edge-2", "astana", "edge", "10.0.0.7:9780"),
    ]
    assert nodes.take(database, BY, swapped, START) == (1, 2, 0)
    assert nodes.take(database, BY, swapped, START) == (0, 0, 3)
    before = kept(database)
    wrong = [Node("edge-3", "astana", "edge", "10.0.0.8:9780"), Node("edge-4", "astana", "edge", "10.0.0.7:9780")]
    with pytest.raises(ValueError, match=r"edge-2 and edge-4 have one address, 10\.0\.0\.7:9780"):
        nodes.take(database, BY, wrong, START)
    assert kept(database) == before
    assert trail(database)[2:] == [("nodes imported", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("edge-1\talmaty\tedge\n", "line 1: 3 fields; write name, site, role and address between tabs"),
        ("# nodes\nedge-1\talmaty\tedge\thttp://10.0.0.5\n", "line 2: http://10.0.0.5: is no address"),
        ("edge-1\talmaty\tedge\ta\nedge-1\talmaty\tedge\tb\n", "line 2: edge-1 is named twice"),
        ("edge 1\talmaty\tedge\ta\n", "line 1: name 'edge 1': use letters"),
        ("edge-1 almaty edge 10.0.0.5\n", "line 1: 1 field;"),
    ],
)
def test_a_line_that_is_not_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(nodes.read(text.splitlines(keepends=True)))


def test_a_column_behind_the_address_is_left_out() -> None:
    assert list(nodes.read(["edge-1\talmaty\tedge\t10.0.0.5\tup\n", "\n"])) == [EDGE]


def test_ten_thousand_nodes_reach_prometheus_and_vmagent(tmp_path: Path) -> None:
    many = [
        Node(f"edge-{n}", f"site-{n // 20}", "edge", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}:9780") for n in range(MANY)
    ]
    file = tmp_path / "nodes.tsv"
    file.write_text("".join(f"{one.name}\t{one.site}\t{one.role}\t{one.address}\n" for one in many), "utf-8")
    desk = Process(tmp_path)
    assert desk.run("node", "import", str(file)) == f"{MANY} added, 0 changed, 0 there already"
    assert desk.run("node", "add", "--name", "mw-1", "--site", "almaty", "--role", "middleware", "mw-1.example") == ""
    assert len(desk.run("node", "list").splitlines()) == MANY + 1
    assert desk.run("node", "remove", "--name", "mw-1") == ""

    scraped = tmp_path / "scrape.yml"
    # Nobody answers at these addresses, and nothing asks them: within an hour each is asked once.
    job = {"job_name": "ott-agent", "scrape_interval": "1h"}
    job["http_sd_configs"] = [{"url": f"{desk.url}/api/v1/targets/agents"}]  # type: ignore[assignment]
    scraped.write_text(json.dumps({"scrape_configs": [job]}), "utf-8")
    ports = free_port(), free_port()
    prometheus, vmagent = (f"http://127.0.0.1:{port}" for port in ports)
    running = [
        Program(
            "prometheus",
            [
                "prometheus", f"--config.file={scraped}", f"--storage.tsdb.path={tmp_path}/tsdb",
                f"--web.listen-address=127.0.0.1:{ports[0]}",
            ],
            tmp_path / "prometheus.log",
            answers(f"{prometheus}/-/ready"),
        ),
        Program(
            "vmagent",
            [
                "vmagent", f"-promscrape.config={scraped}", f"-httpListenAddr=127.0.0.1:{ports[1]}",
                "-remoteWrite.url=http://127.0.0.1:1", f"-remoteWrite.tmpDataPath={tmp_path}/queue",
            ],
            tmp_path / "vmagent.log",
            answers(f"{vmagent}/health"),
        ),
    ]  # fmt: skip
    desk.start()
    try:
        for program in running:
            program.start()
            program.wait_ready(60)
        for address in (prometheus, vmagent):
            found = discovered(address)
            assert len(found) == MANY
            assert {"node": "edge-41", "site": "site-2", "role": "edge"}.items() <= found["10.0.0.41:9780"].items()
    finally:
        stop_all(running)
        desk.stop()


def discovered(address: str) -> dict[str, dict[str, str]]:
    """Return the labels of every target by its address, once all are there; at most after a minute those that are."""
    deadline = time.monotonic() + 60
    while True:
        with httpx.Client(timeout=60, trust_env=False) as client:
            body = client.get(f"{address}/api/v1/targets", params={"state": "active"}).json()
        found = {target["labels"]["instance"]: target["labels"] for target in body["data"]["activeTargets"]}
        if len(found) >= MANY or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
