"""A small OTT platform, its monitoring and its ticket desk, on loopback ports of this machine.

Without a word it starts everything and stays until Ctrl-C. From a second terminal:

  break NAME   let something fail: a node (edge-2, origin-1, middleware-1), packager, site astana, uplink astana,
               disk origin-1, errors edge, desk, headend, and of one channel by multicast: black sport-1,
               frozen sport-1, silent sport-1, loss sport-1, clock sport-1, tables sport-1;
               and of the billing: billing-fee (the run does not start), billing-tariff (one tariff is left out),
               billing-double (fees are taken twice), billing-shown (balances are shown wrong),
               billing-correction-double (refunds are given twice)
  repair NAME  repair it again
  status       say what runs and where

With --check it does all that by itself, compares every figure with the truth and leaves: exit status 0 when all
agrees, 1 when something differs.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from demo import check, interactive
from demo.control import ask
from demo.layout import FOLDER, Layout
from demo.lock import only_one
from demo.processes import DemoError
from demo.stack import Stack
from service.program import Exit

_ACTIONS = ("break", "repair", "status")


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        "./run demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", nargs="?", choices=_ACTIONS, metavar="break | repair | status")
    parser.add_argument("name", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true", help="prove the whole chain without a person, then leave")
    parser.add_argument("--all-breaks", action="store_true", help="with --check: break everything that can be broken")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where logs and databases go; what is in it is deleted at the start"
    )
    arguments = parser.parse_args()
    if arguments.action in ("break", "repair") and not arguments.name:
        parser.error(f"{arguments.action} what? For example: ./run demo {arguments.action} edge-2")
    if arguments.all_breaks and not arguments.check:
        parser.error("--all-breaks belongs to --check")
    if arguments.action and arguments.check:
        parser.error("--check breaks and repairs by itself")
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # what a shell starts in the background has no Ctrl-C
        signal.signal(signal.SIGINT, _as_interrupt)
    try:
        if arguments.action:
            print(ask(Layout(arguments.folder, {}, ()).control_socket, arguments.action, " ".join(arguments.name)))
            return Exit.FINE
        checked = partial(check.run, every=arguments.all_breaks)
        return _in_stack(arguments.folder.absolute(), checked if arguments.check else interactive.run)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return Exit.FAILED
    except KeyboardInterrupt:
        return 130


def _in_stack(folder: Path, run: Callable[[Stack], int]) -> int:
    with only_one(folder):
        _say(f"· logs and settings in {os.path.relpath(folder)}/")
        with Stack(folder, _say) as stack:
            return run(stack)


def _say(line: str) -> None:
    print(line, flush=True)


def _as_interrupt(_: int, __: FrameType | None) -> None:
    # Stopping is bounded and must not be interrupted: a second Ctrl-C would leave programs behind.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
