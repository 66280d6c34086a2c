"""The systemd unit: systemd itself understands it and calls it hardened."""

import re
import subprocess

from tests.conftest import ROOT

UNIT = ROOT / "deploy/units/ott-agent.service"
MOST_EXPOSURE = 2.0


def analyze(*arguments: str) -> str:
    result = subprocess.run(
        ["systemd-analyze", *arguments, str(UNIT)], capture_output=True, text=True, check=False, timeout=60
    )
    return result.stdout + result.stderr


def test_systemd_understands_every_line() -> None:
    # The program is not installed where the tests run; nothing else may be said.
    said = [line for line in analyze("verify").splitlines() if "is not executable" not in line]
    assert [line for line in said if "ott-agent" in line] == []


def test_systemd_calls_it_hardened() -> None:
    match = re.search(r"Overall exposure level for ott-agent\.service: ([\d.]+)", analyze("security", "--offline=true"))
    assert match
    assert float(match[1]) <= MOST_EXPOSURE


def test_the_allocator_keeps_one_arena_and_returns_large_blocks() -> None:
    (environment,) = re.findall(r"^Environment=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert dict(one.split("=") for one in environment.split()) == {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_TRIM_THRESHOLD_": "262144",
    }
