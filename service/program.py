"""The command line that all programs share: `--version`, `--log-format`, exit statuses 0, 1, 2."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum

from service import __version__, logs
from service.i18n.terms import TermsError
from service.settings import SettingsError


class Exit(IntEnum):
    """What a program tells its caller."""

    FINE = 0
    FAILED = 1  # the thing checked failed
    UNUSABLE = 2  # the call or its settings make no sense


def parser(program: str, description: str, examples: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser with the options every program has.

    Each example is a whole command line. The help of the command that it calls, and of its group, ends with it.
    """

    class Parser(argparse.ArgumentParser):
        """What subcommands are made of, too."""

        def format_help(self) -> str:
            """Return the help with the examples."""
            own = [
                example for example in examples if self.prog != program and f"{example} ".startswith(f"{self.prog} ")
            ]
            ending = "\n".join(["", "examples:" if len(own) > 1 else "example:", *(f"  {each}" for each in own), ""])
            return super().format_help() + (ending if own else "")

    result = Parser(program, description=description)
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    result.add_argument("--log-format", choices=["auto", "text", "json"], default="auto")
    result.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    return result


def run(main: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Set up the logs, call `main` and turn a settings error into its sentences and exit status 2."""
    logs.configure(arguments.log_format, arguments.log_level)
    try:
        return main(arguments)
    except SettingsError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return Exit.UNUSABLE
    except TermsError as error:
        print(error, file=sys.stderr)
        return Exit.UNUSABLE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output has left, such as `head`; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED


def missing_extra(program: str, extra: str, error: ImportError) -> int:
    """Say which extra a program needs; return exit status 2."""
    print(
        f"{program} needs the extra “{extra}” ({error.name} is missing): pip install 'ottwatch[{extra}]'",
        file=sys.stderr,
    )
    return Exit.UNUSABLE


def subcommands(
    parser_: argparse.ArgumentParser, names: Sequence[tuple[str, str]]
) -> dict[str, argparse.ArgumentParser]:
    """Add a subcommand for each (name, help) and return their parsers by name."""
    commands = parser_.add_subparsers(dest="command", required=True, metavar="COMMAND")
    return {name: commands.add_parser(name, help=text, description=text) for name, text in names}
