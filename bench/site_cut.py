"""A site that evaluates its own alerts, cut off from its control centre for a while, and then without power.

The centre is the pair of `deploy.pair`, the site that of `deploy.site`, every machine in a network namespace of its
own; so this needs root. A node of the site goes down before its uplink is cut and another one meanwhile. The centre
must open SiteCutOff and nothing else about the site, the site must mail its people what fires; after the uplink is
back each node must have one ticket, and every answer that a node of the site gave must be in both of the centre's
databases. Then all of the site's programs are killed: the centre must open SiteUnreachable. Prints one JSON object;
exit status 1 when something is wrong.

    python -m bench.site_cut [--seconds 300] [--engine prometheus]
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.conclusion import concluded
from bench.namespaces import possible
from bench.pair_network import pair_network
from bench.pair_world import PERIOD, SECONDS, Console, Nodes, lost, stored, web
from bench.site_network import SiteNetwork, site_network
from center.pair_settings import Mail
from center.site_settings import SiteSettings
from demo.processes import Program, wait_until
from deploy.pair.loopback import SIDES, Pair, settings_of, short_folder
from deploy.pair.loopback import running as running_pair
from deploy.site.loopback import Site, missing, running
from tests.contract.mailbox import Box, taking_mail

NAME = "astana"
SITE, CENTRE = range(6), range(6, 8)  # the numbers of the nodes
BEFORE, DURING = 0, 1  # those that go down
PUBLIC_PORT = 8443
CUT_OFF, DOWN = "SiteCutOff", "SiteUnreachable"
TITLES = {
    CUT_OFF: ("is cut off from the control centre", "отрезана от ГЦУСТ"),
    DOWN: ("is down: it delivers nothing", "недоступна: нет ни данных"),
}


def targets(nodes: Nodes, address: str, numbers: Iterable[int], site: str) -> str:
    """Return some of the nodes as a site's file of targets names them."""
    entries = [json.loads(nodes.targets(address))[number] for number in numbers]
    for entry in entries:
        entry["labels"]["site"] = site
    return json.dumps(entries)


def alert_of(ticket: dict[str, Any]) -> str:
    """Return the alert that opened a ticket about the site, by the words of its title; the title of any other."""
    name = str(ticket["name"])
    return next((alert for alert, words in TITLES.items() if any(each in name for each in words)), name)


def about_site(console: Console) -> list[str]:
    """Return the names of the alerts of all tickets that are about the site itself or its own programs."""
    found = []
    for ticket in console.tickets():
        text = json.dumps(ticket)
        if f'"{NAME}"' in text and not any(f'"edge-{number}"' in text for number in (BEFORE, DURING)):
            found.append(alert_of(ticket))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Scene:
    """The centre, the site, the way to it, and what surrounds them."""

    pair: Pair
    site: Site
    network: SiteNetwork
    nodes: Nodes
    console: Console
    box: Box


def given(scene: Scene, span: tuple[float, float]) -> dict[int, list[float]]:
    """Return the answers of each node of the site in that time, but for those that came too late for its vmagent."""
    found = {}
    for number in SITE:
        late = _failed(scene, number, span[0])
        found[number] = [
            each
            for each in scene.nodes.ledger[number]
            if span[0] < each < span[1] and not any(moment <= each < moment + PERIOD for moment in late)
        ]
    return found


def missed(scene: Scene, answers: dict[int, list[float]]) -> dict[str, int]:
    """Return by side how many of these answers its database lacks."""
    since = min((moment for each in answers.values() for moment in each), default=time.time())
    return {
        side: sum(len(lost(each, stored(scene.pair, side, number, since))) for number, each in answers.items())
        for side in SIDES
    }


def _failed(scene: Scene, number: int, since: float) -> list[float]:
    """Return when the site's vmagent asked a node and had no answer in time, by the site's own database."""
    query = f'up{{node="edge-{number}"}}[{int(time.time() - since) + 60}s]'
    answer = scene.pair.http.post(f"{scene.site.url(8428)}/api/v1/query", data={"query": query})
    answer.raise_for_status()
    return [float(at) for row in answer.json()["data"]["result"] for at, value in row["values"] if float(value) == 0]


def cut_off(scene: Scene, seconds: float) -> dict[str, Any]:
    """Cut the uplink, break a node meanwhile, join it, and return what came of it, `wrong` included."""
    network, nodes, console = scene.network, scene.nodes, scene.console
    wrong: list[str] = []
    began, wall = time.monotonic(), time.time()
    network.cut()
    nodes.down.add(DURING)
    opened = wait_until(
        lambda: CUT_OFF in about_site(console), SECONDS, "the centre does not see that the site is cut off"
    )
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    if console.of(DURING):
        wrong.append(f"edge-{DURING} has a ticket though its site is cut off")
    if (found := about_site(console)) != [CUT_OFF]:
        wrong.append(f"while the site was cut off its tickets were {found}")
    told = "\n".join(mail.letter.get_body().get_content() for mail in scene.box.mails)  # type: ignore[union-attr]
    wrong += [f"the site mailed nothing about edge-{each}" for each in (BEFORE, DURING) if f"edge-{each} " not in told]
    kept = missed(scene, given(scene, (wall, time.time())))
    network.join()
    joined, ended = time.monotonic(), time.time()
    arrived = console.wait_for(DURING)
    wait_until(
        lambda: missed(scene, given(scene, (wall, ended))) == dict.fromkeys(SIDES, 0), SECONDS, "samples are missing"
    )
    caught_up = time.monotonic() - joined
    wait_until(lambda: _closed(console), SECONDS, "the ticket of the cut is not closed")
    return {
        "seconds": round(seconds),
        "ticket_of_the_cut_after": round(opened, 1),
        "mails_of_the_site": len(scene.box.mails),
        "samples_missing_at_the_centre_before_joining": kept,
        "ticket_of_the_node_after_joining": round(arrived, 1),
        "all_samples_after_joining": round(caught_up, 1),
        "ticket_of_the_cut_closed_after_joining": round(time.monotonic() - joined, 1),
        "wrong": wrong,
    }


def _closed(console: Console) -> bool:
    (ticket,) = [each for each in console.tickets() if alert_of(each) == CUT_OFF]
    return ticket["status"] in {"resolved", "closed"}


def campaign(folder: Path, seconds: float, engine: str = "victoriametrics") -> dict[str, Any]:
    """Run it with a centre of this engine; return what came of it."""
    began, wall = time.monotonic(), time.time()
    nodes, box = Nodes(len(SITE) + len(CENTRE)), Box()
    with ExitStack() as stack:
        network = stack.enter_context(pair_network())
        outside = stack.enter_context(site_network(network))
        address = stack.enter_context(web(nodes.handler(), network.near))
        smarthost = f"{network.near}:{stack.enter_context(taking_mail(box, network.near))}"
        probes = json.dumps([{"targets": [f"{outside.public}:{PUBLIC_PORT}"], "labels": {"site": NAME}}])
        pair_settings = settings_of(network.addresses, folder, engine, smarthost)
        pair = stack.enter_context(
            running_pair(
                pair_settings, folder, targets(nodes, address, CENTRE, "almaty"), network.through, probing=True
            )
        )
        mail = Mail("duty@example.org", "site@example.org", smarthost)
        centre = tuple(network.addresses[side] for side in SIDES)
        settings = SiteSettings(NAME, f"relay-{NAME}", outside.address, centre, mail, "1GB")
        edge = _edge(outside, folder)
        stack.callback(edge.kill)
        edge.start()
        site = stack.enter_context(running(settings, folder, targets(nodes, address, SITE, NAME), outside.through))
        console = Console(pair)
        stack.callback(console.close)
        scene = Scene(pair, site, outside, nodes, console, box)
        wait_until(lambda: all(_delivered(pair, nodes)), SECONDS, "the centre hears nothing of the site")
        pair.watch_sites(probes)
        wait_until(lambda: _probed(pair), SECONDS, "the centre does not probe the site")
        nodes.down.add(BEFORE)
        before = console.wait_for(BEFORE)
        cut = cut_off(scene, seconds)
        wrong = cut.pop("wrong")
        last = time.time()  # what is not yet delivered ends with the machine
        wait_until(
            lambda: missed(scene, given(scene, (wall, last))) == dict.fromkeys(SIDES, 0), SECONDS, "samples are missing"
        )
        answers = given(scene, (wall, last))
        killed = time.monotonic()
        _power_cut(site, edge)
        wait_until(lambda: DOWN in about_site(console), SECONDS, "the centre does not see that the site is down")
        down = time.monotonic() - killed
        if (found := about_site(console)) != sorted([CUT_OFF, DOWN]):
            wrong.append(f"after the site's end its tickets are {found}")
        wrong += [
            f"edge-{number} has {count} tickets"
            for number in (*SITE, *CENTRE)
            if (count := len(console.of(number))) != (number in (BEFORE, DURING))
        ]
        gone = missed(scene, answers)
        return {
            "ticket_of_a_node_of_the_site_after": round(before, 1),
            "cut": cut,
            "ticket_of_the_site_down_after": round(down, 1),
            "answers_of_the_site": sum(len(each) for each in answers.values()),
            "lacking_at_the_end": gone,
            "seconds": round(time.monotonic() - began),
            "wrong": wrong,
        }


def _edge(network: SiteNetwork, folder: Path) -> Program:
    """Return what stands for the port at which the site's viewers are served."""
    command = [
        sys.executable,
        "-m",
        "http.server",
        "--bind",
        network.public,
        "--directory",
        "/nowhere",
        str(PUBLIC_PORT),
    ]
    return Program("an edge of the site", [*network.through, *command], folder / "log/site-edge.log")


def _power_cut(site: Site, edge: Program) -> None:
    edge.kill()
    site.kill()


def _probed(pair: Pair) -> bool:
    query = {"query": f'probe_success{{site="{NAME}"}} == 1'}
    return all(
        pair.http.get(f"{pair.database(side)}/api/v1/query", params=query).json()["data"]["result"] for side in SIDES
    )


def _delivered(pair: Pair, nodes: Nodes) -> list[bool]:
    since = time.time() - 120
    return [
        len(nodes.ledger[number]) > 2 and len(stored(pair, side, number, since)) > 2
        for side in SIDES
        for number in SITE
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 when something was lost, doubled, untold or taken for something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="how long the uplink is cut")
    parser.add_argument("--engine", choices=["victoriametrics", "prometheus"], default="victoriametrics")
    given = parser.parse_args(arguments)
    if lacking := missing():
        parser.error(f"missing: {', '.join(lacking)}; docs/sites.md names the packages")
    if not possible():
        parser.error("network namespaces need root, iproute2 and util-linux")
    folder = short_folder()
    return concluded(campaign(folder, given.seconds, given.engine), folder, folder / "log")


if __name__ == "__main__":
    sys.exit(main())
