"""`./run demo` as a person uses it: one at a time, broken and repaired from a second terminal, nothing left behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT

DEADLINE = 90.0
Start = Callable[[Path, Path, str], subprocess.Popen[bytes]]


def demo(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "demo", *words, "--folder", str(folder)]


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(demo(folder, *words), cwd=ROOT, capture_output=True, text=True, check=False, timeout=DEADLINE)


def left_over(folder: Path) -> list[str]:
    """Return the processes that still name the demo's folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(folder) in line and process.pid != os.getpid():
            found.append(line)
    return found


def gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def wait_for(condition: Callable[[], bool], said: Path) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts the demo in a folder and waits until it has said something."""
    # What a shell starts in the background, and all that this starts, ignores Ctrl-C unless told otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started: list[subprocess.Popen[bytes]] = []

    def start(folder: Path, said: Path, until: str) -> subprocess.Popen[bytes]:
        with said.open("wb") as output:
            process = subprocess.Popen(demo(folder), cwd=ROOT, stdout=output, stderr=output)
        started.append(process)
        wait_for(lambda: until in said.read_text() or process.poll() is not None, said)
        assert process.poll() is None, said.read_text()
        return process

    yield start
    signal.signal(signal.SIGINT, before)
    for process in started:
        process.terminate()
        process.wait(DEADLINE)


def assert_lets_in(screen: str) -> None:
    """Log in at the console as the screen says."""
    found = re.search(r"console +(\S+) +user (\S+), password (\S+)", screen)
    assert found, screen
    with httpx.Client(base_url=found[1], trust_env=False, timeout=30) as browser:
        form = browser.get("/login").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', form)
        assert csrf, form
        fields = {"csrf": csrf[1], "next": "/", "name": found[2], "password": found[3]}
        assert browser.post("/login", data=fields).status_code == 303
        assert browser.get("/").status_code == 200


def test_start_break_mend_stop(start: Start, folder: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    process = start(folder, said, "Ctrl-C stops everything")
    screen = said.read_text()
    assert "./run demo break edge-2" in screen
    assert_lets_in(screen)

    assert (second := call(folder)).returncode == 1
    assert f"a demo is running here already (process {process.pid})" in second.stderr
    assert (unknown := call(folder, "break", "edge-7")).returncode == 1
    assert 'there is no "edge-7" here; known: edge-1, edge-2, edge-3, origin-1, middleware-1, ' in unknown.stderr

    broken = call(folder, "break", "edge-2")
    assert (broken.returncode, broken.stdout) == (0, "edge-2 is down: edge-2 nginx, edge-2 agent killed\n")
    states = call(folder, "status").stdout.splitlines()
    assert sum(line.split()[-1] == "down" for line in states if line) == 2
    repaired = call(folder, "repair", "edge-2")
    assert (repaired.returncode, repaired.stdout) == (0, "edge-2 runs again: edge-2 nginx, edge-2 agent\n")
    assert "down" not in call(folder, "status").stdout

    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 0, said.read_text()
    assert "had to be killed" not in said.read_text()
    assert left_over(folder) == []
    assert (late := call(folder, "break", "edge-2")).returncode == 1
    assert "no demo is running here; start one with ./run demo" in late.stderr


def test_a_start_that_is_interrupted_twice_ends_soon_and_leaves_nothing(
    start: Start, folder: Path, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    process = start(folder, said, "its viewers")  # the history is being written in processes of the demo's own
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)  # a person who is impatient
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130, said.read_text()
    wait_for(lambda: all(map(gone, workers)), said)
    # What was just being started dies with its parent, a moment later.
    wait_for(lambda: left_over(folder) == [], said)


def test_nothing_outlives_a_demo_that_is_killed(start: Start, folder: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    process = start(folder, said, "an agent on each node")
    assert len(left_over(folder)) >= 8
    everything = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    wait_for(lambda: left_over(folder) == [], said)
    wait_for(lambda: all(map(gone, everything)), said)


def test_a_start_that_fails_half_way_says_why_and_cleans_up(folder: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("setpriv", "promtool"):
        found = shutil.which(name)
        assert found is not None, f"{name} is missing"
        (programs / name).symlink_to(found)
    result = subprocess.run(
        demo(folder),
        cwd=ROOT,
        env=os.environ | {"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert result.returncode == 1
    assert "demo: origin-1 nginx ended by itself" in result.stderr
    assert "origin-1-nginx.log" in result.stderr
    assert "failed to execute nginx" in result.stderr
    assert left_over(folder) == []
