"""`ott-agent replay` as a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.edge_log.conftest import line

SETTINGS = '[[edge_log]]\nservice = "{service}"\npaths = ["/log"]\nformat = "ott"\nviewer = ["[?&]token=([a-z]+)"]\n'


def replay(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "agent", "replay", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)


def test_json_lines_and_exit_statuses(tmp_path: Path) -> None:
    config, log = tmp_path / "agent.toml", tmp_path / "a.log"
    config.write_text(SETTINGS.format(service="ott"))
    log.write_bytes(line(1, "aa") + line(2, "bb") + b"bad\n")
    done = replay("--config", config, "--at", "2026-01-22T00:00:03Z", log)
    step, summary = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, step["sessions"], summary["summary"]["lines"]) == (0, 2, 3)
    missing = replay("--config", config, "--every", "60s", tmp_path / "none.log")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "none.log: No such file" in missing.stderr
    config.write_text(SETTINGS.format(service="ott") + SETTINGS.format(service="vod"))
    unclear = replay("--config", config, "--every", "60s", log)
    assert unclear.returncode == 2
    assert "say which one with --service; the file has: ott, vod" in unclear.stderr
    assert replay("--config", config, "--service", "vod", "--every", "60s", log).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "yesterday"], "yesterday is no time; write 2026-01-22T20:00:00Z or"),
        (["--every", "0s"], "0s is less than a second"),
        (["--every", "x"], "duration"),
    ],
)
def test_a_wrong_moment_or_step_is_told_with_its_remedy(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = replay("--config", tmp_path / "agent.toml", *arguments, tmp_path / "a.log")
    assert result.returncode == 2
    assert message in result.stderr.splitlines()[-1]
