"""Programs of the demo: started with a log file each, waited for until they answer, stopped together.

Each runs in a session of its own, so Ctrl-C reaches only the demo, which then stops them in order. Should the demo
itself be killed, the kernel stops them (the parent-death signal that setpriv sets).
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

STOP_SECONDS = 8.0
READY_SECONDS = 90.0  # on a machine with much else to do
ENDS_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
_POLL_SECONDS = 0.1
_SHOWN_LINES = 12


class DemoError(Exception):
    """The demo cannot go on; the text says why and where to look."""


class Program:
    """One program of the demo."""

    def __init__(self, name: str, command: Sequence[str], log: Path, ready: Callable[[], bool] = lambda: True) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def died(self) -> bool:
        """Whether it ended without being asked to."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Start it; what it says is appended to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*ENDS_WITH_PARENT, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it is of use; raise DemoError when it ends or stays silent."""
        wait_until(self._of_use, seconds, f"{self.name} does not answer", self.tail)

    def _of_use(self) -> bool:
        if self.died:
            raise DemoError(f"{self.name} ended by itself{self.tail()}")
        return self._ready()

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it and its children at once, as a power cut would."""
        if self._process is not None:
            self._signal_all(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def ask_to_stop(self) -> None:
        """Ask it to end; `wait_stopped` sees to it."""
        self.signal(signal.SIGTERM)

    def wait_stopped(self, seconds: float) -> bool:
        """Wait for its end, kill what is left, and return whether it ended by itself in time."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        # Children that outlived their parent.
        self._signal_all(signal.SIGKILL)
        self._process = None
        return True

    def tail(self) -> str:
        """Return the end of its log for an error message."""
        lines = self.log.read_text("utf-8", "replace").splitlines()[-_SHOWN_LINES:] if self.log.exists() else []
        return "".join(f"\n    {line}" for line in [f"the end of {self.log}:", *lines])

    def _signal_all(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def answers(url: str) -> Callable[[], bool]:
    """Return a question: does this address answer with success?"""
    parts = urlsplit(url)

    def ask() -> bool:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=2.0)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", parts.path)
            return connection.getresponse().status == 200
        return False

    return ask


def wait_until(
    condition: Callable[[], bool], seconds: float, complaint: str, detail: Callable[[], str] = lambda: ""
) -> float:
    """Poll until the condition holds and return the seconds it took; raise DemoError with the complaint otherwise."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise DemoError(f"{complaint} (waited {seconds:.0f} s){detail()}")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - start


def stop_all(programs: Sequence[Program], seconds: float = STOP_SECONDS) -> list[str]:
    """Stop programs together and return the names of those that had to be killed."""
    for program in programs:
        program.ask_to_stop()
    end = time.monotonic() + seconds
    return [program.name for program in programs if not program.wait_stopped(max(0.0, end - time.monotonic()))]
