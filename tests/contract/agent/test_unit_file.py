"""The systemd units: systemd itself understands them and calls them hardened."""

import re
import subprocess

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "deploy/units"
UNITS = sorted(file.stem for file in FOLDER.glob("*.service"))
MOST_EXPOSURE = 2.0


def analyze(unit: str, *arguments: str) -> str:
    result = subprocess.run(
        ["systemd-analyze", *arguments, str(FOLDER / f"{unit}.service")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return result.stdout + result.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(unit: str) -> None:
    # The program is not installed where the tests run; nothing else may be said.
    said = [line for line in analyze(unit, "verify").splitlines() if "is not executable" not in line]
    assert [line for line in said if unit in line] == []


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_calls_it_hardened(unit: str) -> None:
    match = re.search(
        rf"Overall exposure level for {unit}\.service: ([\d.]+)", analyze(unit, "security", "--offline=true")
    )
    assert match
    assert float(match[1]) <= MOST_EXPOSURE


def test_the_allocator_keeps_one_arena_and_returns_large_blocks() -> None:
    (environment,) = re.findall(r"^Environment=(.*)$", (FOLDER / "ott-agent.service").read_text("utf-8"), re.MULTILINE)
    assert dict(one.split("=") for one in environment.split()) == {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_TRIM_THRESHOLD_": "262144",
    }
