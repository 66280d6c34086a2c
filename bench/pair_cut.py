"""A pair cut in two: one side loses the way to the other and to the witness; both still reach nodes and people.

The pair is that of `deploy.pair`, with each machine in a network namespace of its own; so this needs root. First the
side of PostgreSQL's leader is cut off, then that of the standby. Meanwhile nodes go down and come back, somebody writes
through both consoles, and a listener hears of every ticket. While it lasts, the desk of the majority must open a ticket
for each node, and the Alertmanager of the side alone must have mailed what it knows is down. After the ways are joined
each node must have one ticket in the right state, every acknowledged write must be there, no event may have been told
twice or in another order, and every answer that a node gave must be in a database. Prints one JSON object; exit status
1 when something is wrong.

    python -m bench.pair_cut [--seconds 600] [--engine prometheus]
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench.conclusion import concluded
from bench.namespaces import possible
from bench.pair_chaos import Scene, peers, settle, times_of
from bench.pair_network import PairNetwork, pair_network
from bench.pair_world import SECONDS, Console, Listener, Nodes, Writer, web
from center.pair_settings import Machine
from demo.processes import wait_until
from deploy.pair.loopback import SIDES, Pair, missing, running, settings_of, short_folder
from tests.contract.mailbox import Box, Mail, taking_mail

PAUSE = 40.0  # seconds between two faults
MAILED_WITHIN = 60.0 + 300.0 + 30.0  # no desk for a minute, then a mail every five
WHO = ("leader", "standby")


class TimedBox(Box):
    """A mailbox that remembers when each mail came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await super().handle_DATA(_server, _session, envelope)
        self.times.append(time.monotonic())
        return answer

    def since(self, moment: float, side: str) -> list[tuple[float, Mail]]:
        """Return the mails of a side after a moment."""
        sent = zip(self.times, self.mails, strict=False)
        return [(when, mail) for when, mail in sent if when > moment and f"from {side}" in mail.letter["Subject"]]


@dataclass(slots=True)
class Cut:
    """One cut: whom it left alone, the faults meanwhile and what came of them."""

    alone: Machine
    detected: list[float] = field(default_factory=list)
    broken: dict[int, float] = field(default_factory=dict)  # node: when it went down
    mended: dict[int, float] = field(default_factory=dict)
    healed_after: float = 0.0
    first_mail_after: float | None = None
    mails: int = 0
    wrong: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return its figures, in seconds."""
        return {
            "alone": self.alone,
            "tickets_after": times_of(self.detected),
            "first_mail_of_the_side_alone_after": self.first_mail_after and round(self.first_mail_after, 1),
            "mails": self.mails,
            "all_of_use_after_joining": round(self.healed_after, 1),
        }


@dataclass(slots=True)
class Split:
    """The pair on its network, and what surrounds it."""

    pair: Pair
    network: PairNetwork
    scene: Scene
    box: TimedBox
    number: int = 0

    def cut(self, who: str, seconds: float) -> Cut:
        """Cut the leader's or the standby's side off, break and mend nodes meanwhile, and join the ways."""
        leader = self.pair.leader() or SIDES[0]
        other = SIDES[1] if leader == SIDES[0] else SIDES[0]
        cut = Cut(leader if who == "leader" else other)
        began = time.monotonic()
        self.network.cut(cut.alone)
        while time.monotonic() - began < seconds:
            self._break(cut)
            time.sleep(min(PAUSE, max(0.0, began + seconds - time.monotonic())))
        self._look_at_mails(cut, began, time.monotonic())
        self.network.join(cut.alone)
        joined = time.monotonic()
        self.scene.settle()
        cut.healed_after = time.monotonic() - joined
        return cut

    def _break(self, cut: Cut) -> None:
        """Let a node fall silent and wait for its ticket; every other time mend the one before."""
        number, self.number = self.number, self.number + 1
        if number % 2 and number - 1 in cut.broken:
            self.scene.repair(number - 1)
            cut.mended[number - 1] = time.monotonic()
        self.scene.nodes.down.add(number)
        cut.broken[number] = time.monotonic()
        cut.detected.append(self.scene.console.wait_for(number))

    def _look_at_mails(self, cut: Cut, began: float, ended: float) -> None:
        """Note what the side alone did not tell people: a node that was down while a mail was due must be in one."""
        mails = self.box.since(began, self.pair.settings.names[cut.alone])
        cut.mails = len(mails)
        cut.first_mail_after = mails[0][0] - began if mails else None
        if not mails:
            cut.wrong.append(f"{cut.alone} was alone for {ended - began:.0f} s and mailed nobody")
        told = "\n".join(mail.letter.get_body().get_content() for _, mail in mails)  # type: ignore[union-attr]
        for number, down in cut.broken.items():
            if cut.mended.get(number, ended) - down > MAILED_WITHIN and f"edge-{number} " not in told:
                cut.wrong.append(f"{cut.alone} mailed nothing about edge-{number}")


def campaign(folder: Path, seconds: float, *, engine: str) -> dict[str, Any]:
    """Run it; return what came of it."""
    began, wall = time.monotonic(), time.time()
    faults = len(WHO) * (int(seconds / PAUSE) + 2)
    nodes, listener, box = Nodes(3 * faults), Listener(), TimedBox()
    with ExitStack() as stack:
        network = stack.enter_context(pair_network())
        targets = nodes.targets(stack.enter_context(web(nodes.handler(), network.near)))
        callback = stack.enter_context(web(listener.handler(), network.near))
        smarthost = f"{network.near}:{stack.enter_context(taking_mail(box, network.near))}"
        settings = settings_of(network.addresses, folder, engine, smarthost)
        pair = stack.enter_context(running(settings, folder, targets, network.through))
        console = Console(pair)
        stack.callback(console.close)
        listener.subscribe(pair, callback)
        wait_until(lambda: peers(pair) == [2, 2], SECONDS, "the Alertmanagers do not find each other")
        wait_until(lambda: all(len(nodes.ledger[each]) > 2 for each in range(nodes.count)), SECONDS, "no scrapes")
        writer = Writer(pair)
        writer.start()
        split = Split(pair, network, Scene(pair, nodes, console, Random(0)), box)
        cuts = []
        try:
            for who in WHO:
                cuts.append(split.cut(who, seconds))
                print(json.dumps(cuts[-1].report()), file=sys.stderr, flush=True)
        finally:
            writer.stop()
        wrong = [each for cut in cuts for each in cut.wrong] + settle(split.scene, (wall, time.time()))
        by_hand = {str(ticket["id"]) for ticket in console.tickets() if str(ticket["name"]).startswith("written ")}
        wrong += [f"write {each} was acknowledged and is gone" for each in sorted(set(writer.acknowledged) - by_hand)]
        wrong += [f"ticket {each} was announced as new twice" for each in listener.doubled()]
        wrong += [f"the events of ticket {each} came in another order" for each in listener.disordered()]
        return {
            "engine": engine,
            "seconds_of_each_cut": seconds,
            "cuts": [cut.report() for cut in cuts],
            "writes": {
                "acknowledged": len(writer.acknowledged),
                "refused": writer.refused,
                "longest_gap_seconds": round(max(writer.gaps, default=0.0), 1),
            },
            "events": {"heard": len(listener.events), "heard_again": listener.repeated()},
            "answers_of_nodes": sum(map(len, nodes.ledger.values())),
            "seconds": round(time.monotonic() - began),
            "wrong": wrong,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 when something was lost, doubled, out of order or untold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["victoriametrics", "prometheus"], default="victoriametrics")
    parser.add_argument("--seconds", type=float, default=600, help="how long each of the two cuts lasts")
    given = parser.parse_args(arguments)
    if lacking := missing():
        parser.error(f"missing: {', '.join(lacking)}; docs/pair.md names the packages")
    if not possible():
        parser.error("network namespaces need root, iproute2 and util-linux")
    folder = short_folder()
    result = campaign(folder, given.seconds, engine=given.engine)
    return concluded(result, folder, folder / "log")


if __name__ == "__main__":
    sys.exit(main())
