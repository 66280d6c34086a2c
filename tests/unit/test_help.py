"""The help of every command ends with an example that the command itself accepts."""

import argparse
import importlib
import shlex
from collections.abc import Iterator

import pytest

MODULES = {
    "ott-agent": "agent.__main__",
    "ott-busyhour": "dashboards.busy_hour.__main__",
    "ott-center": "center.__main__",
    "ott-dashboards": "dashboards.__main__",
    "ott-desk": "alerts.desk.__main__",
}


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the commands that have no further commands."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield parser
    for action in below:
        for command in action.choices.values():
            yield from leaves(command)


def examples(parser: argparse.ArgumentParser) -> list[str]:
    """Return the lines after "example:" or "examples:"."""
    _, found, shown = parser.format_help().replace("\nexamples:\n", "\nexample:\n").partition("\nexample:\n")
    return [line.strip() for line in shown.splitlines()] if found else []


@pytest.mark.parametrize("program", MODULES)
def test_every_command_shows_an_example_that_it_accepts(program: str) -> None:
    parser = importlib.import_module(MODULES[program]).command_line()
    commands = list(leaves(parser))
    assert len(commands) >= 5
    for command in commands:
        shown = examples(command)
        assert shown, f"{command.prog} has no example"
        for example in shown:
            called = parser.parse_args(shlex.split(example)[1:])
            assert called.command == command.prog.split()[1]


def test_a_group_of_commands_shows_the_examples_of_all_of_them() -> None:
    parser = importlib.import_module(MODULES["ott-desk"]).command_line()
    (token,) = {each.prog: each for each in leaves(parser) if each.prog == "ott-desk token list"}.values()
    assert examples(token) == ["ott-desk token list"]
    assert examples(parser) == []
