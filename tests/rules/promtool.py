"""Rule tests run by promtool, each on the groups that its `group_eval_order` names and on no others.

promtool evaluates a group that is not named at its place by chance, before or after what reads it, and it evaluates
all groups of all files at every step, which takes ten times as long.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.rules.reading import run


def groups_of(test: Path, folder: Path) -> Path:
    """Write the groups that a rule test names to one file in `folder`, return it; KeyError: no such group."""
    head = yaml.load(test.read_text("utf-8").partition("\ntests:")[0], yaml.CSafeLoader)
    groups: dict[str, Any] = {
        group["name"]: group
        for pattern in head["rule_files"]
        for file in sorted(test.parent.glob(pattern))
        for group in yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)["groups"]
    }
    rules = folder / f"{test.name}.rules.yml"
    named = {"groups": [groups[name] for name in head["group_eval_order"]]}
    rules.write_text(yaml.dump(named, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")
    return rules


def run_test(test: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a rule test on its own groups; `folder` takes the files."""
    copy = folder / test.name
    text = f"rule_files: [{groups_of(test, folder)}]"
    copy.write_text(re.sub(r"^rule_files:.*$", text, test.read_text("utf-8"), count=1, flags=re.MULTILINE), "utf-8")
    return run("promtool", "test", "rules", copy)
