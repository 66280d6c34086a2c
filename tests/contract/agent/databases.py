"""Database servers of our own, each in a temporary folder and stopped by its process."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from demo.ports import free_port

POSTGRES = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def folder_of(user: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder that `user` owns, and what to put before a command to run it as that user."""
    folder = Path(tempfile.mkdtemp(prefix="ottwatch-"))
    prefix: list[str] = []
    if os.geteuid() == 0:  # neither server runs as root
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
        prefix = ["setpriv", f"--reuid={user}", f"--regid={account.pw_gid}", "--clear-groups", "--"]
    try:
        yield folder, prefix
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(command: list[str], folder: Path, stop: signal.Signals, answers: Callable[[], None]) -> Iterator[None]:
    """Run `command` until the block ends; wait until `answers` raises nothing."""
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
        try:
            end = time.monotonic() + 30
            while True:
                try:
                    answers()
                    break
                except SQLAlchemyError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.05)
            yield
        finally:
            process.send_signal(stop)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of a PostgreSQL with an empty database."""
    with folder_of("postgres") as (folder, prefix):
        data, port = folder / "data", free_port()
        subprocess.run(
            [*prefix, str(POSTGRES / "initdb"), "-D", str(data), "-U", "ott", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
        url = f"postgresql+psycopg://ott@127.0.0.1:{port}/postgres"
        command = [*prefix, str(POSTGRES / "postgres"), "-D", str(data), *options]
        with running(command, folder, signal.SIGINT, lambda: execute(url, "SELECT 1")):
            yield url


@contextmanager
def mariadb(*options: str) -> Iterator[str]:
    """Yield the URL of a MariaDB with an empty database; `options` are the server's."""
    with folder_of("mysql") as (folder, prefix):
        data, port = folder / "data", free_port()
        subprocess.run(
            [
                *(*prefix, "mariadb-install-db", "--no-defaults", f"--datadir={data}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        command = [
            *(
                *prefix,
                "mariadbd",
                "--no-defaults",
                f"--datadir={data}",
                f"--tmpdir={folder}",
                f"--socket={folder}/socket",
            ),
            *("--bind-address=127.0.0.1", f"--port={port}", f"--pid-file={folder}/pid", *options),
        ]
        server = f"mysql+pymysql://root@127.0.0.1:{port}/mysql"
        with running(command, folder, signal.SIGTERM, lambda: execute(server, "SELECT 1")):
            execute(server, "CREATE DATABASE middleware CHARACTER SET utf8mb4")
            yield f"mysql+pymysql://root@127.0.0.1:{port}/middleware"
