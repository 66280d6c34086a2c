"""A rule test that cannot fail proves nothing: change each threshold and each `for`, and see a test fail.

`python -m tests.rules.mutations` tries them all; the suite tries a sample (test_mutations.py).
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alerts import thresholds
from tests.conftest import ROOT
from tests.rules.promtool import run_test
from tests.rules.reading import RULES, TESTS, alerts, with_recordings

UNITS = {"s": 1, "m": 60, "h": 3600}
# Beyond this a changed threshold is another threshold; rule tests come nearer than this on both sides.
FACTORS = (0.85, 1.15)
# What is counted in whole ones, and few of them, is another number only by one.
COUNTS = {
    "desk_repairs",
    "multicast_errored_seconds",
    "multicast_probe_drops",
    "node_bond_links",
    "picture_format_changes",
    "picture_pieces_lost",
    "stream_ts_errors",
}


@dataclass(frozen=True)
class Mutation:
    """One change of one rules file, and the alerts whose tests must notice."""

    what: str
    file: str
    old: str
    new: str
    concerned: tuple[str, ...]


def mutations() -> Iterator[Mutation]:
    """Yield every changed threshold, every `for` doubled and removed, every number in the rules that are counted."""
    for threshold in thresholds.load().values():
        (old,) = re.findall(
            rf"      - record: [^\n]*\n[^\n]*: {threshold.name}}}\n(?:          [^\n]*\n|        [^\n]*\n)*",
            _text("thresholds.yml"),
        )
        number = re.escape(old.split("vector(")[1].split(")")[0])
        concerned = tuple(alert.name for alert in alerts() if f'"{threshold.name}"' in with_recordings(alert.expr))
        changes = {f"× {factor}": threshold.value * factor for factor in FACTORS}
        if threshold.name in COUNTS:
            changes = {"- 1": threshold.value - 1, "+ 1": threshold.value + 1}
        for change, value in changes.items():
            new = re.sub(rf"(present \* |vector\(){number}", rf"\g<1>{value!r}", old)
            yield Mutation(f"{threshold.name} {change}", "thresholds.yml", old, new, concerned)
    for alert in alerts():
        if alert.hold:
            (old,) = re.findall(rf"- alert: {alert.name}\n(?:.*\n)*?        for: \w+\n", _text(alert.file.name))
            head, line = old[: old.rindex("        for:")], old[old.rindex("        for:") :]
            seconds = int(alert.hold[:-1]) * UNITS[alert.hold[-1]]
            doubled = line.replace(alert.hold, f"{2 * seconds}s")
            yield Mutation(f"{alert.name}, for doubled", alert.file.name, old, head + doubled, (alert.name,))
            yield Mutation(f"{alert.name}, no for", alert.file.name, old, head, (alert.name,))
    lost = ("NodeDown", "SiteDown")
    for old, new in (
        ("[14s]) == 0\n", "[14s]) <= 0\n"),
        ("[14s]", "[9s]"),
        ("              or\n              node:ott_agent_lost:bool == 1\n", ""),
        ('scope="site"}[15s]', 'scope="site"}[3s]'),
        ('scope="platform"}[15s]', 'scope="platform"}[3s]'),
    ):
        yield Mutation(f"reachability {' '.join(old.split())} to {new.strip()}", "node.yml", old, new, lost)
    ended = ('{site!=""}[30s]', '{site!=""}[1s]')
    yield Mutation("what has not ended yet is a site", "node.yml", *ended, ("SiteDown",))
    yield Mutation("one node is a site", "node.yml", ") > 1)", ") > 0)", ("SiteDown",))
    yield Mutation("vanished nodes forgotten", "node.yml", "time() - 86400", "time() - 43200", ("NodeVanished",))


@cache
def _text(name: str) -> str:
    return (RULES / name).read_text("utf-8")


@cache
def _tests_of(names: tuple[str, ...]) -> list[Path]:
    """Return the test files that speak of one of the alerts, quickest first."""
    texts = {file: file.read_text("utf-8") for file in TESTS.glob("*.test.yml")}
    found = [file for file, text in texts.items() if any(re.search(rf"\b{name}\b", text) for name in names)]
    return sorted(found, key=lambda file: ("week" in file.name or "day" in file.name, file.name))


def survives(mutation: Mutation) -> bool:
    """Return whether every test still passes with the rule changed."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "alerts" / "rules"
        shutil.copytree(RULES, rules)
        shutil.copytree(TESTS, Path(folder) / "tests" / "rules", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        shutil.copytree(ROOT / "deploy" / "prometheus", Path(folder) / "deploy" / "prometheus")
        target = rules / mutation.file
        text = target.read_text("utf-8")
        if mutation.old not in text or mutation.old == mutation.new:
            raise ValueError(f"{mutation.what}: nothing to change in {mutation.file}")
        target.write_text(text.replace(mutation.old, mutation.new), "utf-8")
        tests = [Path(folder) / "tests" / "rules" / file.name for file in _tests_of(mutation.concerned)]
        return all(run_test(file, Path(folder)).returncode == 0 for file in tests)


def main() -> int:
    """Try every mutation; print those that no test noticed."""
    every = list(mutations())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        left = [mutation.what for mutation, alive in zip(every, pool.map(survives, every), strict=True) if alive]
    print(f"{len(every)} changes, {len(every) - len(left)} noticed", *left, sep="\n")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
