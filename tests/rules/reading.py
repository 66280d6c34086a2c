"""The rules as the tests see them: every alert with its file and group, and promtool started on a file."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

RULES = ROOT / "alerts" / "rules"
RUNBOOKS = ROOT / "alerts" / "runbooks"
TESTS = ROOT / "tests" / "rules"


@dataclass(frozen=True)
class Alert:
    """One alerting rule; `comment` is what stands directly above it."""

    name: str
    file: Path
    group: str
    expr: str
    hold: str
    labels: dict[str, str]
    annotations: dict[str, str]
    comment: str


@cache
def groups(file: Path) -> tuple[dict[str, Any], ...]:
    """Return the groups of a rules file. The caller leaves them as they are."""
    return tuple(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)["groups"])


@cache
def alerts() -> tuple[Alert, ...]:
    """Return every alerting rule, file by file."""
    return tuple(
        _alert(file, file.read_text("utf-8"), group["name"], rule)
        for file in sorted(RULES.glob("*.yml"))
        for group in groups(file)
        for rule in group["rules"]
        if "alert" in rule
    )


def _alert(file: Path, text: str, group: str, rule: dict[str, Any]) -> Alert:
    above = re.search(rf"((?:^ *#.*\n)+) *- alert: {rule['alert']}$", text, re.MULTILINE)
    comment = " ".join(line.strip("# \n") for line in above[1].splitlines()) if above else ""
    return Alert(
        rule["alert"], file, group, rule["expr"], rule.get("for", ""), rule["labels"], rule["annotations"], comment
    )


def with_recordings(expr: str) -> str:
    """Return an expression followed by those of the series it reads that are recorded, and so on."""
    found = [expr]
    for text in found:
        found += [
            recordings()[name]
            for name in re.findall(r"\w+:\w+:\w+", text)
            if name in recordings() and name != "site:ott_threshold:effective" and recordings()[name] not in found
        ]
    return "\n".join(found)


@cache
def recordings() -> dict[str, str]:
    """Every series that a rule of ours records, with its expression; of a threshold the last one's."""
    rules = (rule for file in sorted(RULES.glob("*.yml")) for group in groups(file) for rule in group["rules"])
    return {rule["record"]: rule["expr"] for rule in rules if "record" in rule}


def recorded() -> set[str]:
    """Every name that a rule of ours records."""
    return set(recordings())


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
