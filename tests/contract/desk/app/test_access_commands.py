"""`ott-desk account` and `ott-desk token` as an administrator types them."""

import subprocess
import sys
from pathlib import Path

import pytest

PASSWORD = "correct horse battery\n"


class Program:
    def __init__(self, folder: Path) -> None:
        self.config = folder / "desk.toml"
        self.config.write_text(f'database = "sqlite:///{folder / "desk.db"}"\n', "utf-8")

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "alerts.desk", "--log-level", "error", *words, "--config", self.config],
            input=typed, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_accounts_from_the_first_to_the_last(program: Program) -> None:
    create = ("account", "create", "--name", "Aigerim", "--role", "administrator")
    status, _, error = program(*create, typed="short\n")
    assert (status, error) == (1, "A password has 10 to 1024 characters.\n")
    assert program(*create, typed=PASSWORD) == (0, "", "")
    assert program(*create, typed=PASSWORD)[2] == "The name “Aigerim” is taken; choose another one.\n"
    assert program("account", "list")[1] == "Aigerim\tadministrator\tenabled\t-\t0\n"
    status, _, error = program("account", "role", "--name", "Aigerim", "--role", "viewer")
    assert (status, error.startswith("“Aigerim” is the last administrator")) == (1, True)
    program("account", "create", "--name", "Timur", "--role", "engineer", typed=PASSWORD)
    for verb, typed in (("disable", ""), ("password", "another long one\n"), ("logout", ""), ("remove", "")):
        assert program("account", verb, "--name", "Timur", typed=typed)[0] == 0
    assert program("account", "remove", "--name", "Timur")[:2] == (1, "")
    assert program("account", "list")[1].count("\n") == 1


def test_tokens_are_printed_once_and_revoked(program: Program) -> None:
    status, token, _ = program("token", "create", "--name", "alertmanager", "--role", "machine")
    assert (status, token.startswith("ottdesk_")) == (0, True)
    _, listed, _ = program("token", "list")
    assert listed.startswith("alertmanager\tmachine\t2")
    assert token.strip() not in listed
    assert program("token", "revoke", "--name", "alertmanager")[0] == 0
    assert program("token", "revoke", "--name", "alertmanager")[2] == "This token does not exist (any more).\n"


@pytest.mark.parametrize(
    "words",
    [("account",), ("account", "create"), ("token", "create", "--name", "x"), ("account", "role", "--name", "x")],
)
def test_a_call_without_what_it_needs_is_unusable(program: Program, words: tuple[str, ...]) -> None:
    assert program(*words)[0] == 2
