"""A copy of the database that is consistent though the desk goes on working."""

import os
import sqlite3
import subprocess
from contextlib import closing
from itertools import dropwhile
from pathlib import Path

from sqlalchemy import inspect

from alerts.desk.core.database import Database
from service import progress

_PAGES = 4096  # of 4 KiB, copied at a time


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
            # A read transaction, so that what is written meanwhile does not make the copy begin again.
            old.execute("BEGIN")
            (pages,) = old.execute("PRAGMA page_count").fetchone()
            with progress.through(pages, "backup", unit="page") as seen:
                old.backup(new, pages=_PAGES, progress=lambda _, left, total: seen(total - left))
            (answer,) = new.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise OSError(f"{source} cannot be copied: {error}") from None
    if answer != "ok":
        raise OSError(f"the copy is damaged: {answer}")


def _postgresql(database: Database, target: Path) -> None:
    url = database.url.set(drivername="postgresql")
    # The password goes through the environment: a command line is for everybody to see.
    environment = {**os.environ, "LC_ALL": "C"}
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    address = url.set(password=None).render_as_string(hide_password=False)
    command = ["pg_dump", "--verbose", "--format=custom", f"--file={target}", f"--dbname={address}"]
    with database.read() as connection:
        tables = len(inspect(connection).get_table_names())
    remarks: list[str] = []
    with (
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process,
        progress.through(tables, "backup", unit="table") as seen,
    ):
        dumped = 0
        for line in process.stderr or ():
            remarks.append(line)
            dumped += "dumping contents of table" in line
            seen(dumped)
    if process.returncode:
        errors = list(dropwhile(lambda line: ": error:" not in line, remarks)) or remarks
        raise OSError(f"pg_dump failed: {''.join(errors).strip()}")
