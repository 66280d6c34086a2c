"""The demo deletes its own folder and no other."""

import ast
import inspect
from pathlib import Path

import pytest

from demo.lock import only_one
from demo.processes import DemoError
from demo.stack import STEPS, Stack, empty


def test_a_folder_of_before_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "demo"
    empty(folder)
    assert folder.stat().st_mode & 0o077 == 0
    (folder / "logs").mkdir()
    (folder / "logs" / "desk.log").write_text("old")
    empty(folder)
    assert not (folder / "logs").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    with pytest.raises(DemoError, match=r"file: Not a directory; name another folder"):
        empty(file)
    with pytest.raises(DemoError, match=r"File exists; name another folder"), only_one(file / "demo"):
        pass


def test_any_other_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("years of work")
    with pytest.raises(DemoError, match="is not empty and no demo of before"):
        empty(tmp_path)
    assert (tmp_path / "thesis.odt").read_text() == "years of work"


def test_the_steps_of_a_start_are_counted() -> None:
    tree = ast.parse(inspect.getsource(inspect.getmodule(Stack) or Stack))
    called = [
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert called.count("_run") + called.count("_wait_for") == STEPS
