"""Programs on loopback addresses that run until Ctrl-C."""

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.processes import DemoError
from deploy.pair.loopback import SIDES, Pair


def tell(pair: Pair, account: str) -> None:
    """Create an account and say where the consoles and the metrics of both sides are."""
    pair.desk("account", "create", "--role", "administrator", "--name", account, text=f"{pair.token}\n")
    for side in SIDES:
        print(f"{pair.settings.names[side]}: console {pair.console(side)}/, metrics {pair.url(side, 9099)}/")


def keep(pair: Pair, account: str, folder: Path) -> None:
    """Say the rest, and wait for Ctrl-C."""
    print(f"account {account}, password {pair.token}")
    print(f"logs: {folder}/log; kill any process; Ctrl-C ends all", flush=True)
    signal.pause()


@contextmanager
def until_told(folder: Path) -> Iterator[None]:
    """Take SIGTERM for Ctrl-C and delete the folder at the end; exit with status 1 where something does not start."""
    # Ctrl-C is waited for in `keep`; while everything starts it ends everything.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        shutil.rmtree(folder)
    except (DemoError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
