"""The whole chain: the platform, its agents, Prometheus, Alertmanager, the desk and the busy hour."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from demo import configuration, curve, desk_accounts, history, past_year, programs
from demo.breaks import Break, all_breaks
from demo.layout import Layout
from demo.platform import middleware
from demo.processes import DemoError, Program, stop_all
from demo.workers import workers
from service import progress

OPERATOR = "demo"

Report = Callable[[str], object]
STEPS = 12  # of a start
_MARKER = ".ottwatch-demo"
_Made = TypeVar("_Made")


class Stack:
    """One demo in one folder; as a context manager it cleans up whatever happened."""

    def __init__(self, folder: Path, report: Report = print, *, seed: int = 1) -> None:
        self.layout = Layout.make(folder)
        self.programs: dict[str, Program] = {}
        self._waves: list[Sequence[Program]] = []
        self.history: dict[str, Any] = {}
        self.password = secrets.token_urlsafe(12)
        self.api_token = ""
        self._report = report
        self._seed = seed

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when all answers; on a terminal, show meanwhile how many steps are done."""
        started = time.monotonic()
        layout = self.layout
        empty(layout.folder)
        configuration.write_all(layout)
        with progress.steps(STEPS, "demo", "steps", self._report) as told:
            self._start(told)
        self._publish_boards()
        self._report(f"· everything answers after {time.monotonic() - started:.1f} s")

    def _start(self, told: Report) -> None:
        layout = self.layout
        # What takes processor time goes on while everything else starts.
        with workers(2) as pool:
            accounts = pool.submit(desk_accounts.create, layout, OPERATOR, self.password)
            now = time.time()
            past = pool.submit(history.write, layout.home("prometheus") / "data", now, curve.SCALE)
            before = pool.submit(past_year.bring_in, layout, now, curve.SCALE)
            middleware.provision(layout.database, self._seed)
            disk = programs.disk(layout)
            if disk is not None:
                self._run(told, "a disk for the origin", disk)
            else:
                told("· no disk of the origin's own: this machine mounts none")
            self._run(told, "the platform", *programs.platform(layout), *programs.billing(layout))
            self._run(told, "its viewers", programs.viewers(layout, self._seed))
            self._run(told, "an agent on each node", *programs.agents(layout))
            self.api_token = self._wait_for(told, "tokens and an account for the desk", accounts)
            self._run(told, "the desk", programs.desk(layout))
            self._run(told, "customers who complain", programs.callers(layout, self._seed))
            self._run(told, "Alertmanager", programs.alertmanager(layout))
            self.history = self._wait_for(told, "eight weeks of history", past)
            self._wait_for(told, "a year of busy hours before them", before)
        self._run(told, "Prometheus", programs.prometheus(layout))
        self._run(told, "the busy hour", programs.busy_hour(layout))

    def stop(self) -> None:
        """Stop everything, what asks before what it asks."""
        while self._waves:
            for name in stop_all(self._waves.pop()):
                self._report(f"· {name} had to be killed")
        self.programs.clear()

    def _run(self, told: Report, what: str, *starting: Program) -> None:
        started = time.monotonic()
        self._waves.append(starting)
        for program in starting:
            program.start()
            self.programs[program.name] = program
        for program in starting:
            program.wait_ready()
        told(f"· {what}: {', '.join(program.name for program in starting)} ({time.monotonic() - started:.1f} s)")

    def _wait_for(self, told: Report, what: str, work: "Future[_Made]") -> _Made:
        started = time.monotonic()
        try:
            made = work.result(timeout=300)
        except (OSError, BrokenExecutor, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or error
            raise DemoError(f"{what} could not be made: {said}") from error
        told(f"· {what} ({time.monotonic() - started:.1f} s more)")
        return made

    def _publish_boards(self) -> None:
        """Publish the dashboards where a Grafana is named; the demo goes on without it."""
        grafana = os.environ.get("GRAFANA_URL")
        if not grafana or not os.environ.get("GRAFANA_TOKEN"):
            return
        command = programs.publish_boards(self.layout)
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if result.returncode:
            self._report(f"! the dashboards were not published: {result.stderr.strip()}")
        else:
            self._report(f"· dashboards published to {grafana}")

    # --- breaking and repairing ------------------------------------------------------------------------------------

    @property
    def breakable(self) -> dict[str, Break]:
        """Return what can be broken."""
        return all_breaks(self.layout, self.programs)

    def break_(self, name: str) -> str:
        """Break something at once, as a power cut would; return what was done."""
        chosen = self._named(name)
        if chosen.break_ is not None:
            chosen.break_()
        for program in chosen.programs:
            self.programs[program].kill()
        return chosen.broken or f"{name} is down: {', '.join(chosen.programs)} killed"

    def repair(self, name: str) -> str:
        """Repair what `break_` broke; return what was done."""
        chosen = self._named(name)
        if chosen.repair is not None:
            chosen.repair()
        down = [self.programs[program] for program in chosen.programs if self.programs[program].pid is None]
        for program in down:
            program.start()
        for program in down:
            program.wait_ready()
        return chosen.repaired or f"{name} runs again: {', '.join(chosen.programs)}"

    def _named(self, name: str) -> Break:
        known = self.breakable
        if name not in known:
            raise DemoError(f'there is no "{name}" here; known: {", ".join(known)}')
        return known[name]

    def unexpected_ends(self) -> list[Program]:
        """Return programs that ended without being broken."""
        return [program for program in self.programs.values() if program.died]


def empty(folder: Path) -> None:
    """Make the folder again; raise DemoError when it holds what no demo wrote."""
    marker = folder / _MARKER
    try:
        if folder.exists() and any(folder.iterdir()) and not marker.exists():
            raise DemoError(f"{folder} is not empty and no demo of before; name another folder")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        marker.touch()
    except OSError as error:
        raise DemoError(f"{error.filename}: {error.strerror}; name another folder with --folder") from None
