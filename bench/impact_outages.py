"""Impact of replayed outages against the viewers' own ledger: viewers just before, and user-minutes.

The desk's own scope and figures are computed from what the rules would have recorded. Viewers just before have to be
exact, user-minutes within 2 %: where a server ends and its agent goes on, viewers are counted for the idle timeout
longer than they are served, so outages last half an hour at least. Prints one JSON object; exit status 1 past the
bounds.

    python -m bench.impact_outages [--outages 24] [--viewers 600] [--seed 1]
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.topology import Plan, Topology
from alerts.desk.alarms.impact.measure import impact
from alerts.desk.alarms.impact.scope import scope_of
from bench.impact_world import NODES, Outage, Recorded, Viewer, happen

BOUND = 0.02
START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC).timestamp()
# The alarm of each kind, and how long after the fault it fires.
ALARMS = {
    "node": ("NodeDown", "node", (10.0, 15.0)),
    "site": ("SiteDown", "network", (10.0, 15.0)),
    "server": ("NodeProcessMissing", "service", (30.0, 38.0)),
}


class Result(NamedTuple):
    """The desk's figures beside the ledger's."""

    kind: str
    lasts: float
    goes_on: float
    before: float
    before_in_ledger: int
    minutes: float
    minutes_in_ledger: float

    @property
    def difference(self) -> float:
        """Return by how much the minutes differ."""
        return self.minutes / self.minutes_in_ledger - 1 if self.minutes_in_ledger else float(self.minutes > 0)

    @property
    def within(self) -> bool:
        """Return whether both bounds are kept."""
        return self.before == self.before_in_ledger and abs(self.difference) <= BOUND


def replay(dice: random.Random, kind: str, viewers: int) -> Result:
    """Let one outage happen and compare."""
    begin, lasts = START + dice.uniform(0, 60), dice.uniform(1800, 5400)
    node = dice.choice(NODES)
    nodes = frozenset(one.name for one in NODES if one == node or (kind == "site" and one.site == node.site))
    outage = Outage(kind, nodes, begin, begin + lasts, dice.choice((0.0, 0.3, 0.7)))
    ended = outage.end + dice.uniform(3, 8)
    everyone = happen(dice, outage, viewers, ended + 60)
    name, layer, delay = ALARMS[kind]
    labels = {"alertname": name, "layer": layer, "site": node.site, "service_affecting": "yes"}
    labels |= {} if kind == "site" else {"node": node.name}
    alarm = Alarm("key", labels, datetime.fromtimestamp(begin + dice.uniform(*delay), UTC))
    scope = scope_of([alarm], Topology(Plan(), NODES))
    if scope is None:
        raise LookupError(name)
    known = impact(Recorded(everyone, outage, ended), scope, datetime.fromtimestamp(ended, UTC))
    if known is None or known.viewers is None:
        raise LookupError("viewers")
    figures = known.viewers
    # A node that does not report may still serve; here it does not, so the upper bound is what was.
    minutes = figures.minutes_at_most if figures.minutes is None else figures.minutes
    return _result(outage, figures.before, minutes, everyone, scope.before.timestamp(), ended)


def _result(  # noqa: PLR0913, PLR0917 - one line of a table
    outage: Outage, before: float, minutes: float, everyone: Sequence[Viewer], since: float, ended: float
) -> Result:
    there = [viewer for viewer in everyone if outage.nodes & viewer.at(since).keys()]
    lost = sum(viewer.without(since, ended) for viewer in there) / 60
    return Result(outage.kind, outage.end - outage.begin, outage.goes_on, before, len(there), minutes, lost)


def campaign(outages: int, viewers: int, seed: int) -> dict[str, Any]:
    """Replay outages of every kind in turn; return the report."""
    dice, kinds = random.Random(seed), list(ALARMS)
    found = [replay(dice, kinds[number % len(kinds)], viewers) for number in range(outages)]
    return {
        "seed": seed,
        "outages": outages,
        "within": sum(one.within for one in found),
        "worst difference": round(max((abs(one.difference) for one in found), default=0.0), 4),
        "rows": [{**one._asdict(), "difference": round(one.difference, 4)} for one in found],
    }


def main(words: Sequence[str] | None = None) -> int:
    """Replay; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("outages", 24), ("viewers", 600), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args(words)
    result = campaign(arguments.outages, arguments.viewers, arguments.seed)
    print(json.dumps(result, indent=2))
    return 0 if result["within"] == result["outages"] else 1


if __name__ == "__main__":
    sys.exit(main())
