"""A real desk: its own process, its own folder, a port the kernel chose."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn

from alerts.desk.access import tokens
from alerts.desk.access.trail import By
from alerts.desk.app.application import create_app
from alerts.desk.appeals.desk import Rules
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.tickets.runtime import Runtime
from demo.ports import free_port
from demo.processes import answers
from tests.contract.desk.postgres import Postgres
from tests.support.migrated import postgresql_database, sqlite_database

START_SECONDS = 90.0


class Process:
    """`ott-desk` with its settings file."""

    def __init__(self, folder: Path, extra: str = "", database: str = "", token: str = "alertmanager") -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "desk.toml"
        database = database or f"sqlite:///{folder / 'desk.db'}"
        self.config.write_text(f'listen = "127.0.0.1:{self.port}"\ndatabase = "{database}"\n{extra}', "utf-8")
        self.running: subprocess.Popen[bytes] | None = None
        self.token = _token(database, token)

    def run(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alerts.desk", *words, "--config", self.config],
            input=stdin, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def log(self) -> str:
        return (self.folder / "desk.log").read_text("utf-8")

    def start(self, seconds: float = START_SECONDS) -> None:
        with (self.folder / "desk.log").open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "alerts.desk", "--log-format", "json", "serve", "--config", self.config],
                stderr=log,
            )
        ready, deadline = answers(f"{self.url}/readyz"), time.monotonic() + seconds
        while not ready():
            assert self.running.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()
        self.running.wait()
        self.running = None

    def stop(self) -> int:
        assert self.running is not None
        self.running.terminate()
        status = self.running.wait(30)
        self.running = None
        return status

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=False)


def _token(url: str, name: str) -> str:
    """Make the database in this version's schema, unless it is there, and a machine's token; return that."""
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite") and not file.exists():
        database = sqlite_database(file)
    else:
        database = Database(url)
        migrate(database)
    token = tokens.create(database, By("tests"), name, "machine", datetime.now(UTC))
    database.dispose()
    return token


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path, '[[vendor]]\nname = "Edge Ltd"\nmail = "support@edge.example"\n')
    process.start()
    yield process
    if process.running:
        process.stop()


@contextmanager
def serving(runtime: Runtime, appeals: Rules | None = None) -> Iterator[str]:
    """Serve a desk from this process, on a port the kernel chose, without its workers."""
    app = create_app(runtime, appeals=appeals)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind in this version's schema."""
    if request.param == "sqlite":
        result = sqlite_database(tmp_path / "desk.db")
    else:
        result = postgresql_database(request.getfixturevalue("postgresql"))
    yield result
    result.dispose()
