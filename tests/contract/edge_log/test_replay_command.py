"""`ott-agent replay` as a process."""

import gzip
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.edge_log.conftest import line

SETTINGS = '[[edge_log]]\nservice = "{service}"\npaths = ["/log"]\nformat = "ott"\nviewer = ["[?&]token=([a-z]+)"]\n'


def replay(*arguments: str | Path, standard_input: bytes = b"") -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "agent", "replay", *map(str, arguments)]
    done = subprocess.run(call, input=standard_input, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(call, done.returncode, done.stdout.decode(), done.stderr.decode())


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


@pytest.mark.parametrize("count", [1, 20, 1000])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_pipe_is_read_from_its_first_byte(tmp_path: Path, count: int, compressed: bool) -> None:
    config, pipe = tmp_path / "agent.toml", tmp_path / "pipe"
    config.write_text(SETTINGS.format(service="ott"))
    data = b"".join(line(number / 100, f"{number:x}") for number in range(count))
    data = gzip.compress(data) if compressed else data
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(pipe.write_bytes, data)
        done = replay("--config", config, "--at", "2026-01-22T00:00:03Z", pipe)
        assert written.result() == len(data)
    through_stdin = replay("--config", config, "--at", "2026-01-22T00:00:03Z", "-", standard_input=data)
    for one in (done, through_stdin):
        summary = json.loads(one.stdout.splitlines()[-1])["summary"]
        assert (one.returncode, summary["requests"], summary["rejected_lines"]) == (0, count, {})


def test_the_channels_and_the_first_reject_of_each_reason(tmp_path: Path) -> None:
    config, log = tmp_path / "agent.toml", tmp_path / "a.log"
    config.write_text(SETTINGS.format(service="ott") + "channel = '^/live/([^/]+)/'\nmax_line = 1024\n")
    good = line(1, "aa", "sport")
    bad = {
        "format": b"not a line\n",
        "status": good.replace(b" 200 ", b" abc "),
        "size": good.replace(b" 10 0.010", b" ten 0.010"),
        "time": good.replace(b"1769040001.000", b"yesterday"),
        "ahead": good.replace(b"1769040001", b"9999999999"),
        "too_long": good.replace(b"/live/", b"/live/" + b"x" * 2000),
    }
    log.write_bytes(good + b"".join(2 * one for one in bad.values()) + b"1769040001.000 192.0.2.1 200 1")
    done = replay("--config", config, "--every", "60s", log)
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    assert summary["channels"] == {"sport": {"sessions": 1, "viewers": 1}}
    assert summary["rejected_lines"] == dict.fromkeys(sorted(bad), 2) | {"truncated": 1}
    first = summary["first_rejected"]
    assert {name: one["line"] for name, one in first.items()} == {
        name: 2 + 2 * index for index, name in enumerate(bad)
    } | {"truncated": 14}
    for name, text in bad.items():
        assert text.decode().startswith(first[name]["text"].rstrip("…\n"))
        assert first[name]["file"] == str(log)
