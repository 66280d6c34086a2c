"""Faults by the hundred on a simulated platform: does each cause get one ticket that names it, and is none hidden?

A model of sites, edges, packagers, origins and switches breaks in seeded ways: one fault, two or three independent ones
at once, flapping, the cause after its effects, effects alone, telemetry lost, redundancy, during planned works. What
the rules would raise goes through Alertmanager's shipped grouping to the desk's own webhook; the desk's clock is
moved, so hours take minutes. Prints one JSON object with a row for each class and each kind of fault; exit status 1
when it is past its bounds. A seed repeats everything.

    python -m bench.cause_campaign [--nodes 1000] [--sites 20] [--channels 200] [--probes 4] [--faults 500] [--seed 1]

`--first` and `--last` run a part of the experiments, `--direct` leaves HTTP out.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from alerts.desk.alarms.correlation.grouping import AFTERMATH
from alerts.desk.alarms.problem import problem_key
from alerts.desk.tickets.policy import wants_ticket
from alerts.desk.works.works import Scope, Works
from bench.campaign_alertmanager import Manager, Sent, body, fingerprint, moment
from bench.campaign_classes import Experiment, Experiments
from bench.campaign_desk import ClockedDesk, Seen
from bench.campaign_faults import Fault
from bench.campaign_platform import build

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAUSE = 1500.0  # seconds between experiments: resolved tickets are closed, so that nothing reopens them
SETTLED = AFTERMATH.total_seconds() + 60
CAUSE_DELAY, EFFECT_DELAY = 1.0, 15.0
FEWER, NAMED = 0.95, 0.95
_RULES = Path(__file__).parent.parent / "alerts" / "rules"


@dataclass(slots=True)
class Tally:
    """What is counted of a class or a kind."""

    counts: Counter[str] = field(default_factory=Counter)
    cause_delay: float = 0.0
    effect_delay: float = 0.0

    def row(self) -> dict[str, Any]:
        """Return the figures to print."""
        counts = self.counts
        return {
            **{name: counts[name] for name in ("faults", "alerts", "problems", "causes", "tickets", "named", "hidden")},
            **{name: counts[name] for name in ("lost alarms", "late tickets", "left open")},
            "fewer": round(1 - counts["tickets"] / counts["problems"], 4) if counts["problems"] else None,
            "cause delay": round(self.cause_delay, 1),
            "effect delay": round(self.effect_delay, 1),
        }


@dataclass(slots=True)
class Campaign:
    """Runs experiments and keeps what they came to."""

    desk: ClockedDesk
    manager: Manager = field(default_factory=Manager)
    by_class: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_kind: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds of real time that a webhook took
    number: int = 0

    async def run(self, experiment: Experiment) -> None:
        """Let the faults happen, look while all are there, and again when all are repaired."""
        self.number += 1
        base = self.desk.now + timedelta(seconds=PAUSE)
        self.desk.leap(base)
        last = max((seen.number for seen in self.desk.tickets(0)[-1:]), default=0)
        if experiment.worked_on:
            self.desk.announce(_works(experiment, base))
        sent = self.manager.send([spell for fault in experiment.faults for spell in fault.spells])
        await self._deliver([one for one in sent if one.at <= experiment.repaired], base)
        self.desk.pass_until(moment(base, experiment.repaired))
        broken = self.desk.tickets(last)
        await self._deliver([one for one in sent if one.at > experiment.repaired], base)
        self.desk.pass_until(moment(base, max(experiment.repaired, sent[-1].at) + SETTLED))
        _Judgement(self, experiment, base, sent, last).judge(broken, self.desk.tickets(last))

    async def _deliver(self, sent: Sequence[Sent], base: datetime) -> None:
        for one in sent:
            self.desk.pass_until(moment(base, one.at))
            began = time.perf_counter()
            await self.desk.webhook(body(one, base), moment(base, one.at))
            self.slowest = max(self.slowest, time.perf_counter() - began)


class _Judgement:
    """What one experiment came to."""

    def __init__(
        self, campaign: Campaign, experiment: Experiment, base: datetime, sent: Sequence[Sent], last: int
    ) -> None:
        self._campaign, self._experiment, self._base, self._last = campaign, experiment, base, last
        self._keys = {number: self._problems(fault) for number, fault in enumerate(experiment.faults)}
        self._heard: dict[str, float] = {}  # when the desk first heard of a problem
        self._told: set[tuple[str, datetime]] = set()
        for one in sent:
            self._heard.setdefault(problem_key(one.group), one.at)
            self._told |= {(fingerprint(each.labels), moment(base, each.began)) for each in one.alerts}

    def judge(self, broken: Sequence[Seen], after: Sequence[Seen]) -> None:
        """Count, fault by fault, and what concerns the experiment as a whole."""
        campaign, experiment = self._campaign, self._experiment
        recorded = campaign.desk.on_record()
        tallies = campaign.by_class[experiment.name], *(campaign.by_kind[one.kind] for one in experiment.faults)
        lost = sum(one not in recorded for one in self._told)
        left = [seen.title for seen in after if seen.working]
        known = {seen.number for seen in broken}
        late = [seen.title for seen in after if seen.number not in known and seen.cause is None]
        whole = tallies[0].counts
        whole["lost alarms"] += lost
        whole["left open"] += len(left)
        whole["late tickets"] += len(late)
        for what, found in (
            ("alarms are not on record", [str(lost)] * bool(lost)),
            ("left open", left),
            ("late", late),
        ):
            if found:
                self._complain(f"{what}: {found[:4]}")
        for number, fault in enumerate(experiment.faults):
            for tally in (tallies[0], tallies[number + 1]):
                self._count(tally, fault, number, broken)
            self._look(fault, number, broken)

    def _own(self, number: int, tickets: Sequence[Seen]) -> list[Seen]:
        """Return the tickets that stand for themselves and were opened for an alarm of a fault."""
        return [seen for seen in tickets if seen.cause is None and seen.key in self._keys[number]]

    def _count(self, tally: Tally, fault: Fault, number: int, broken: Sequence[Seen]) -> None:
        own, keys = self._own(number, broken), self._keys[number]
        tally.counts["faults"] += 1
        tally.counts["alerts"] += len({(fingerprint(one.labels), one.begin) for one in fault.spells})
        tally.counts["problems"] += len(keys)
        tally.counts["causes"] += fault.tickets
        tally.counts["tickets"] += len(own)
        tally.counts["named"] += fault.quiet or (bool(own) and self._names(fault, own[0]))
        tally.counts["hidden"] += max(0, fault.tickets - len(own))
        for seen in own:
            delay = (seen.opened - self._base).total_seconds() - self._heard[seen.key]
            if seen.labels.get("alertname") in ("StreamStale", "StreamDown", "EdgeResponsesSlow", "EdgeErrorRatioHigh"):
                tally.effect_delay = max(tally.effect_delay, delay)
            elif fault.kind != "middleware's database":
                tally.cause_delay = max(tally.cause_delay, delay)

    def _look(self, fault: Fault, number: int, broken: Sequence[Seen]) -> None:
        own = self._own(number, broken)
        if len(own) != fault.tickets:
            self._complain(f"{fault.kind} {fault.names}: {len(own)} tickets: {[seen.title for seen in own[:5]]}")
        elif own and not self._names(fault, own[0]):
            self._complain(f"{fault.kind}: {own[0].title!r} does not name {fault.names}")

    @staticmethod
    def _names(fault: Fault, seen: Seen) -> bool:
        return any(name in seen.title for name in fault.names)

    def _problems(self, fault: Fault) -> set[str]:
        """Return the keys of the problems that would have a ticket each."""
        group_of = self._campaign.manager.group_of
        return {problem_key(group_of(one.labels)) for one in fault.spells if wants_ticket(one.labels)}

    def _complain(self, text: str) -> None:
        kinds = ", ".join(fault.kind for fault in self._experiment.faults)
        self._campaign.wrong.append(f"{self._campaign.number} {self._experiment.name} ({kinds}): {text}")


def _works(experiment: Experiment, base: datetime) -> Works:
    names = experiment.worked_on
    sites = tuple(sorted(name for name in names if name.startswith("site-")))
    scope = Scope(elements=tuple(sorted(names - {*sites})), sites=sites)
    starts = (base - timedelta(minutes=1)).replace(tzinfo=None, microsecond=0)
    return Works("replacement", scope, starts, starts + timedelta(minutes=30), "UTC", approver="chief")


def rule_labels() -> dict[str, dict[str, str]]:
    """Return the labels that each shipped rule sets."""
    files = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(_RULES.glob("*.yml"))]
    rules = [rule for file in files for group in file["groups"] for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: rule["labels"] for rule in rules}


async def campaign(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run everything; return the report."""
    dice = random.Random(arguments.seed)
    sizes = {name: getattr(arguments, name) for name in ("sites", "nodes", "channels", "probes")}
    platform = build(dice, **sizes)
    experiments = Experiments(platform, rule_labels(), dice).some(arguments.faults)
    began = time.monotonic()
    async with ClockedDesk(folder, platform, START, direct=arguments.direct) as desk:
        run = Campaign(desk)
        for number, experiment in enumerate(experiments[arguments.first : arguments.last or None], arguments.first):
            run.number = number
            await run.run(experiment)
            if number % 20 == 0:
                print(f"{number} of {len(experiments)}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    whole = _sum(run.by_class.values())
    return {
        **sizes,
        "seed": arguments.seed,
        "experiments": len(experiments),
        "whole": whole.row(),
        "named share": round(whole.counts["named"] / whole.counts["faults"], 4),
        "slowest webhook, s": round(run.slowest, 2),
        "seconds": round(time.monotonic() - began),
        "by class": {name: tally.row() for name, tally in sorted(run.by_class.items())},
        "by kind": {name: tally.row() for name, tally in sorted(run.by_kind.items())},
        "wrong": run.wrong,
    }


def _sum(tallies: Any) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.counts += tally.counts
        whole.cause_delay = max(whole.cause_delay, tally.cause_delay)
        whole.effect_delay = max(whole.effect_delay, tally.effect_delay)
    return whole


def within(result: Mapping[str, Any]) -> bool:
    """Return whether every bound is kept."""
    whole = result["whole"]
    return bool(
        whole["fewer"] >= FEWER
        and result["named share"] >= NAMED
        and whole["hidden"] == whole["lost alarms"] == whole["left open"] == 0
        and whole["cause delay"] <= CAUSE_DELAY
        and whole["effect delay"] <= EFFECT_DELAY
    )


def arguments_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the arguments of a campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = {
        "nodes": 1000,
        "sites": 20,
        "channels": 200,
        "probes": 4,
        "faults": 500,
        "seed": 1,
        "first": 0,
        "last": 0,
    }
    for name, number in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--direct", action="store_true", help="without HTTP: bodies go to what the webhook calls")
    return parser.parse_args(words)


def main() -> int:
    """Run a campaign; return 1 past the bounds."""
    arguments = arguments_of()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        result = asyncio.run(campaign(Path(folder), arguments))
    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0 if within(result) else 1


if __name__ == "__main__":
    sys.exit(main())
