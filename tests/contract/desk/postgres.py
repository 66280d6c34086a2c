"""A PostgreSQL cluster of our own, in a folder of our own, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import make_url

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SUPERUSER = "desk"


class Postgres:
    """A server on a Unix socket; PostgreSQL refuses to run as root, so root becomes the package's user."""

    def __init__(self) -> None:
        assert BINARIES, "PostgreSQL is missing: apt-get install postgresql"
        self._bin = BINARIES[-1]
        # Not below pytest's own folder, which each run of pytest closes to other users. A socket's path must stay below
        # 108 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="ottpg"))
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._names = 0
        self.running: subprocess.Popen[bytes] | None = None
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            os.chown(self._folder, user.pw_uid, user.pw_gid)

    def __enter__(self) -> Self:
        options = ["-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D", str(self._data)]
        subprocess.run([*self._as, str(self._bin / "initdb"), *options], check=True, capture_output=True, timeout=60)
        self.start()
        return self

    def start(self) -> None:
        arguments = ["-D", str(self._data), "-k", str(self._folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with self._log.open("ab") as log:
            command = [*self._as, str(self._bin / "postgres"), *arguments]
            self.running = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self._log.read_text("utf-8")
                assert self.running.poll() is None, self._log.read_text("utf-8")
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill the server and every one of its processes with -9."""
        assert self.running is not None
        main = self.running.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text("utf-8").split()
        # The first of them first: it would see its children die and begin to recover.
        self.running.kill()
        self.running.wait(30)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self.running and self.running.poll() is None:
            self.running.send_signal(signal.SIGINT)
            self.running.wait(30)
        shutil.rmtree(self._folder)

    def create_database(self, like: str = "") -> str:
        """Return the URL of a new database, a copy of the one with the URL `like` if given."""
        self._names += 1
        name = f"desk{self._names}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            template = f" TEMPLATE {make_url(like).database}" if like else ""
            connection.execute(f"CREATE DATABASE {name}{template}")
        return f"postgresql+psycopg://{SUPERUSER}@/{name}?host={self._folder}"

    def _conninfo(self, name: str) -> str:
        return f"host={self._folder} user={SUPERUSER} dbname={name}"
