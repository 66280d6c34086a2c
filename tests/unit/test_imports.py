"""Imports follow the flow: source -> agent -> rules -> desk, and Prometheus -> dashboards."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# What each top-level package may import of the others.
ALLOWED = {
    "service": set(),
    "agent": {"service"},
    "alerts": {"service"},
    "center": {"service"},
    "dashboards": {"service", "agent.catalogue", "agent.host.catalogue", "alerts.thresholds"},
}
OURS = {*ALLOWED, "demo", "deploy", "tests", "bench"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_lies_upstream(package: str) -> None:
    strays = []
    for file in sorted((ROOT / package).rglob("*.py")):
        for name in imported(file):
            top = name.split(".")[0]
            allowed = any(name == a or name.startswith(f"{a}.") for a in ALLOWED[package])
            if top in OURS and top != package and not allowed:
                strays.append(f"{file.relative_to(ROOT)} imports {name}")
    assert strays == []


def test_the_contracts_of_the_layers_are_kept() -> None:
    """`lint-imports` prints the chain of imports that breaks a contract; docs/architecture.md has the layers."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_contract_has_an_exception() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    assert [each["name"] for each in contracts if "ignore_imports" in each] == []
