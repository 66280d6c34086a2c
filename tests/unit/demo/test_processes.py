"""Programs are started, waited for, killed with their children, and stopped."""

import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from demo.processes import DemoError, Program, stop_all, wait_until

# Starts a child of its own, says so, and waits for either.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
child.wait()
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Program]:
    def make(source: str) -> Program:
        log = tmp_path / "logs" / "program.log"
        return Program("program", [sys.executable, "-c", source], log, lambda: log.read_text() != "")

    return make


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_kill_takes_the_children_too(program: Callable[[str], Program]) -> None:
    parent = program(PARENT)
    parent.start()
    parent.wait_ready(20)
    child = int(parent.log.read_text())
    assert psutil.pid_exists(child)
    parent.kill()
    assert parent.pid is None
    assert not parent.died, "it was asked to"
    wait_until(lambda: gone(child), 10, "the child lives")


def test_a_program_that_ends_by_itself_is_told_with_its_last_words(program: Callable[[str], Program]) -> None:
    failing = program("raise SystemExit('no such file: clock.toml')")
    failing.start()
    wait_until(lambda: failing.died, 20, "it lives")
    with pytest.raises(DemoError, match=r"(?s)program ended by itself.*program\.log.*no such file: clock\.toml"):
        failing.wait_ready()


def test_what_does_not_stop_is_killed_and_named(program: Callable[[str], Program]) -> None:
    stubborn = program(STUBBORN)
    stubborn.start()
    stubborn.wait_ready(20)
    pid = stubborn.pid
    assert pid is not None
    assert stop_all([stubborn], 0.2) == ["program"]
    assert gone(pid)


def test_a_condition_that_never_holds_is_complained_about() -> None:
    with pytest.raises(DemoError, match=r"no ticket \(waited 0 s\) but a log"):
        wait_until(lambda: False, 0.0, "no ticket", lambda: " but a log")
