"""A copy of the database that is consistent though the desk goes on working."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from alerts.desk.core.database import Database


def backup(database: Database, target: Path) -> None:
    """Write a copy to a new file; raise OSError when it cannot be made.

    SQLite's own copy is a database file; PostgreSQL's is pg_dump's custom format, for pg_restore.
    """
    # Made here and now, closed to others, and never over an older copy.
    target.touch(mode=0o600, exist_ok=False)
    try:
        if database.sqlite:
            _sqlite(database.url.database or "", target)
        else:
            _postgresql(database, target)
    except BaseException:
        target.unlink()
        raise


def _sqlite(source: str, target: Path) -> None:
    address = f"{Path(source).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            (answer,) = new.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise OSError(f"{source} cannot be copied: {error}") from None
    if answer != "ok":
        raise OSError(f"the copy is damaged: {answer}")


def _postgresql(database: Database, target: Path) -> None:
    url = database.url.set(drivername="postgresql")
    # The password goes through the environment: a command line is for everybody to see.
    environment = dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    address = url.set(password=None).render_as_string(hide_password=False)
    command = ["pg_dump", "--format=custom", f"--file={target}", f"--dbname={address}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"pg_dump failed: {done.stderr.strip()}")
