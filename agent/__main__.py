"""ott-agent: measures this node and serves the figures to Prometheus."""

import argparse
import importlib
import sys
from collections.abc import Container

from agent.sources import SOURCES
from service import program

# Each command, its module and its help; sources bring their own. A module is imported only for its own command: a
# service that runs for months need not carry the others.
COMMANDS = {
    "serve": ("agent.cli.serve", "collect and serve /metrics until told to stop"),
    "once": ("agent.cli.once", "collect once and print the figures; exit status 1 when a collector failed"),
    "check-config": ("agent.cli.check", "check the settings file without starting"),
    "init": ("agent.cli.init", "propose a settings file after a look at what runs on this node"),
    "join": ("agent.cli.join", "listen where the control centre reaches this node, with its certificates"),
    "top": ("agent.cli.top", "show the running agent's figures live in the terminal"),
    **{command.name: (command.module, command.text) for kind in SOURCES for command in kind.commands},
}


EXAMPLES = (
    "ott-agent serve --config /etc/ottwatch/agent.toml",
    "ott-agent once --config /etc/ottwatch/agent.toml",
    "ott-agent check-config --config /etc/ottwatch/agent.toml",
    "ott-agent init --output agent.toml",
    "ott-agent join edge-1.ottwatch",
    "ott-agent top --every 2s",
    *(example for kind in SOURCES for command in kind.commands for example in command.examples),
)


def command_line(wanted: Container[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser; only the commands in `wanted` get their arguments."""
    parser = program.parser("ott-agent", __doc__ or "", EXAMPLES)
    commands = program.subcommands(parser, [(name, text) for name, (_, text) in COMMANDS.items()])
    for name, command in commands.items():
        if name in wanted:
            importlib.import_module(COMMANDS[name][0]).add_arguments(command)
    return parser


def main() -> int:
    """Parse the command line and run the command."""
    try:
        arguments = command_line(sys.argv).parse_args()
        return program.run(importlib.import_module(COMMANDS[arguments.command][0]).run, arguments)
    except ModuleNotFoundError as error:
        return program.missing_extra("ott-agent", "agent", error)


if __name__ == "__main__":
    sys.exit(main())
