"""A site whose centre is Prometheus, by the settings that `ott-center pair` and `ott-center site` write: real programs.

Of the pair there is one side's Prometheus, HAProxy and blackbox_exporter; `bench/site_cut.py --engine prometheus` has
all of it.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from bench.pair_world import Nodes, lost, stored
from center.pair_settings import Mail
from center.site_settings import SiteSettings
from demo.processes import Program, answers, stop_all, wait_until
from deploy.pair.loopback import PROBER, Pair, addresses, commands, settings_of, short_folder, write
from deploy.site.loopback import Site, missing, running
from tests.contract.web import web

SECONDS = 120.0
SILENT = 10  # for which the centre waits in the place of 30 s
THRESHOLD = f"""\
groups:
  - name: site
    interval: 5s
    rules:
      - record: site:ott_threshold:override
        labels: {{threshold: site_silent_seconds, site: astana}}
        expr: vector({SILENT})
"""


class Scene(NamedTuple):
    """A side of the centre, the site, the site's one node."""

    pair: Pair
    site: Site
    nodes: Nodes

    @property
    def haproxy(self) -> Program:
        """What takes the samples, for the uplink."""
        return self.pair.programs["a", "haproxy"]

    def firing(self) -> set[str]:
        """Return the names of the alerts about sites that fire at the centre."""
        answer = self.pair.http.get(f"{self.pair.database('a')}/api/v1/alerts").raise_for_status()
        labels = [each["labels"] for each in answer.json()["data"]["alerts"] if each["state"] == "firing"]
        return {each["alertname"] for each in labels if each.get("site") == "astana"}

    def told_at_the_site(self) -> set[str]:
        """Return the names of the alerts that fire at the site itself."""
        answer = self.pair.http.get(f"{self.site.url(8880)}/api/v1/alerts").raise_for_status()
        return {each["name"] for each in answer.json()["data"]["alerts"] or [] if each["state"] == "firing"}

    def missed(self, start: float, end: float) -> int:
        """Return how many answers of the node in that time the centre lacks."""
        given = [each for each in self.nodes.ledger[0] if start < each < end]
        return len(lost(given, stored(self.pair, "a", 0, start)))

    def counted(self, name: str, labels: str) -> float:
        """Return the sum of vmagent's own counters of that name with these labels."""
        text = self.pair.http.get(f"{self.site.url(8429)}/metrics").raise_for_status().text
        rows = (line.rpartition(" ") for line in text.splitlines() if line.startswith(f"{name}{{"))
        return sum(float(value) for series, _, value in rows if labels in series)


@pytest.fixture
def scene() -> Iterator[Scene]:
    if lacking := missing():
        pytest.skip(f"a site and its centre need {', '.join(lacking)}")
    found, folder, nodes = addresses(), short_folder(), Nodes(1)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        pair = Pair(settings_of(found, folder, "prometheus"), folder, probing=True)
        stack.callback(pair.http.close)
        write(pair, "[]\n")
        (pair.root("a") / "etc/prometheus/ottwatch/site/thresholds.yml").write_text(THRESHOLD, "utf-8")
        for name, command, url in commands(pair, "a"):
            if name in {"prometheus", "haproxy", PROBER}:
                log = folder / "log" / f"{name}.log"
                pair.programs["a", name] = Program(name, command, log, answers(url))
        programs = list(pair.programs.values())
        stack.callback(stop_all, programs)
        for program in programs:
            program.start()
        for program in programs:
            program.wait_ready(SECONDS)
        (entry,) = json.loads(nodes.targets(stack.enter_context(web(nodes.handler()))))
        entry["labels"]["site"] = "astana"
        mail = Mail("duty@example.org", "ottwatch@example.org", "127.0.0.1:25")
        # At the address of the other side nobody listens.
        settings = SiteSettings("astana", "relay-astana", found["witness"], (found["a"], found["b"]), mail, "1GB")
        site = stack.enter_context(running(settings, folder, json.dumps([entry])))
        pair.watch_sites(json.dumps([{"targets": [f"{found['witness']}:8428"], "labels": {"site": "astana"}}]))
        yield Scene(pair, site, nodes)


def test_what_a_site_kept_is_delivered_to_prometheus_and_what_it_refuses_holds_up_nothing(scene: Scene) -> None:
    began = time.time()
    http, centre = scene.pair.http, scene.pair.database("a")

    def probed() -> bool:
        answer = http.get(f"{centre}/api/v1/query", params={"query": 'site:ott_site_silent:bool{site="astana"} == 0'})
        return bool(answer.raise_for_status().json()["data"]["result"])

    wait_until(probed, SECONDS, "the centre does not hear of the site")
    assert scene.firing() == set()

    cut = time.time()
    scene.haproxy.kill()
    wait_until(lambda: scene.firing() == {"SiteCutOff"}, SECONDS, "the centre does not see that the site is cut off")
    assert scene.missed(cut, time.time()) > 0
    scene.haproxy.start()
    wait_until(lambda: scene.firing() == set(), SECONDS, "the centre does not hear of the site again")
    wait_until(lambda: scene.missed(began, time.time() - 5) == 0, SECONDS, "samples are missing")

    # Older than anything is kept: refused by the centre, dropped and counted with its whole block, in which an answer
    # of the node may be; what follows is delivered.
    old = f"too_old 1 {int((time.time() - 61 * 86400) * 1000)}\n"
    http.post(f"{scene.site.url(8429)}/api/v1/import/prometheus", content=old).raise_for_status()
    wait_until(
        lambda: scene.counted("vmagent_remotewrite_packets_dropped_total", 'url="2:') > 0,
        SECONDS,
        "nothing was refused",
    )
    assert scene.counted("vmagent_remotewrite_requests_total", 'url="2:secret-url", status_code="500"') == 0
    assert scene.counted("vmagent_remotewrite_packets_dropped_total", 'url="1:') == 0
    wait_until(lambda: "SamplesRefused" in scene.told_at_the_site(), SECONDS, "nobody is told of what was refused")
    log = (scene.site.root.parent / "log" / "site-vmagent.log").read_text("utf-8")
    assert re.search("skipping the block.*status code 400.*(out of bounds|too old sample)", log)
    refused = time.time()
    wait_until(lambda: scene.nodes.ledger[0][-1] > refused, SECONDS, "nobody asks")
    wait_until(lambda: scene.missed(refused, scene.nodes.ledger[0][-1] + 1) == 0, SECONDS, "samples are missing")
    assert scene.missed(began, refused) <= 1


def test_a_site_writes_and_reads_nothing(scene: Scene) -> None:
    samples = scene.pair.url("a", 9097)
    assert scene.pair.http.get(f"{samples}/api/v1/query", params={"query": "up"}).status_code == 403
    assert scene.pair.http.post(f"{samples}/api/v1/query", data={"query": "up"}).status_code == 403
