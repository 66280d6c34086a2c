"""Seconds from a node's end to Alertmanager's webhook, with the shipped settings: `python -m bench.rules_detection`.

Nodes end at random moments of the scrape interval, half by refusing connections (the program was killed), half by
silence (the machine is off: each scrape lasts its whole timeout). Others miss one scrape and must not alarm.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.rules.stack import Agent, running

SCRAPE_INTERVAL = 5.0
TARGET_MEDIAN, TARGET_WORST = 12.0, 17.0


def measure(kills: int, seed: int) -> dict[str, list[float]]:
    """Return the seconds of each kill by its kind; what was silenced wrongly or alarmed wrongly raises."""
    rng = random.Random(seed)
    agents = {
        kind: [Agent(f"{kind}-{number}", f"{kind}-{number}") for number in range(kills)]
        for kind in ("refuse", "hang", "hiccup")
    }
    ended: dict[str, float] = {}

    def end(agent: Agent, kind: str) -> None:
        ended[agent.labels["node"]] = time.monotonic()
        agent.fail(1) if kind == "hiccup" else getattr(agent, kind)()

    with tempfile.TemporaryDirectory() as folder:
        everyone = [agent for group in agents.values() for agent in group]
        with running(Path(folder), everyone) as stack:
            stack.wait(stack.connected, 30, "Prometheus does not scrape every agent or knows no Alertmanager")
            timers = [
                threading.Timer(rng.uniform(0, SCRAPE_INTERVAL), end, (agent, kind))
                for kind, group in agents.items()
                for agent in group
            ]
            for timer in timers:
                timer.start()
            stack.wait(
                lambda: len(stack.desk.about("NodeDown", "firing")) >= 2 * kills, 60, "not every node was noticed"
            )
            time.sleep(2 * SCRAPE_INTERVAL)  # what a missed scrape could still raise
            found = {entry.labels["node"]: entry.at for entry in reversed(stack.desk.about("NodeDown", "firing"))}
    wrong = [node for node in found if node.startswith("hiccup")]
    if wrong:
        raise RuntimeError(f"alarms after one missed scrape: {wrong}")
    return {
        kind: [found[agent.labels["node"]] - ended[agent.labels["node"]] for agent in agents[kind]]
        for kind in ("refuse", "hang")
    }


def main() -> int:
    """Print median and worst by kind; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each kind (default 20)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    missed = False
    for kind, seconds in measure(arguments.kills, arguments.seed).items():
        median, worst = statistics.median(seconds), max(seconds)
        missed = missed or median > TARGET_MEDIAN or worst > TARGET_WORST
        print(f"{kind}: {len(seconds)} kills, median {median:.2f} s, best {min(seconds):.2f} s, worst {worst:.2f} s")
    print(f"{arguments.kills} nodes that missed one scrape raised nothing")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
