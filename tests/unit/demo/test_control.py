"""A second terminal reaches the running demo, and there is only one."""

import threading
from pathlib import Path

import pytest

from demo.control import Control, ask
from demo.lock import only_one
from demo.processes import DemoError


def act(action: str, name: str) -> str:
    if name == "edge-9":
        raise DemoError('there is no "edge-9" here')
    return f"{action}: {name}"


def test_a_request_is_answered_and_a_refusal_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "control"
    control = Control(path, act)

    def serve_twice() -> None:
        for _ in range(2):
            control.serve(20)

    served = threading.Thread(target=serve_twice)
    served.start()
    assert ask(path, "break", "edge-2") == "break: edge-2"
    with pytest.raises(DemoError, match=r'^there is no "edge-9" here$'):
        ask(path, "break", "edge-9")
    served.join()
    control.close()
    with pytest.raises(DemoError, match=r"start one with \./run demo"):
        ask(path, "break", "edge-2")
    assert path.stat().st_mode & 0o077 == 0


def test_a_demo_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    control = Control(tmp_path / "control", act)  # it listens, and nobody serves
    with pytest.raises(DemoError, match="the demo gave no answer; its own terminal says more"):
        ask(tmp_path / "control", "break", "edge-2", seconds=0.1)
    control.close()


def test_a_second_demo_is_told_who_has_the_place(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "demo"
    with only_one(folder), pytest.raises(DemoError, match=r"running here already \(process \d+\)"), only_one(folder):
        pass
    with only_one(folder):
        assert folder.with_suffix(".lock").exists()
