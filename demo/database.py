"""A PostgreSQL for the billing, whose files go when it ends."""

import os
import pwd
import shlex
import tempfile
from pathlib import Path

from demo.processes import DemoError, Program

NAME = "billing database"
PREFIX = "ottwatch-demo-"
_INSTALLED = Path("/usr/lib/postgresql")


def program(port: int, log: Path) -> Program:
    """Return the database's server; raise DemoError where there is no PostgreSQL."""
    installed = sorted(_INSTALLED.glob("*/bin"))
    if not installed:
        raise DemoError("the billing needs PostgreSQL: install Debian's package postgresql")
    initdb, postgres = (str(installed[-1] / name) for name in ("initdb", "postgres"))
    own = ":"
    user: list[str] = []
    if os.geteuid() == 0:  # it does not run as root
        account = pwd.getpwnam("postgres")
        own = f'chown {account.pw_uid}:{account.pw_gid} "$folder"'
        user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]
    create = [*user, initdb, "-D", "data", "-U", "billing", "-A", "trust", "--no-sync"]
    serve = [*user, postgres, "-D", "data", "-h", "127.0.0.1", "-p", str(port), "-c", "fsync=off"]
    # The folder is not the demo's, which is closed to the user whom PostgreSQL runs as. Whoever ends the demo ends this
    # program, and with it the server and its files; a signal is heeded even while the database is being made.
    pattern = shlex.quote(str(Path(tempfile.gettempdir()) / f"{PREFIX}XXXXXXXX"))
    steps = f"""\
trap 'trap "" TERM INT; [ -z "$child" ] || {{ kill -INT "$child"; wait "$child"; }}; cd /; rm -rf "$folder"' EXIT
trap 'exit 0' TERM INT
folder=$(mktemp -d {pattern}) && {own} && cd "$folder" || exit 1
{shlex.join(create)} &
child=$!
wait "$child" || exit 1
{shlex.join(serve)} -k "$folder" &
child=$!
wait "$child"
"""
    return Program(NAME, ["sh", "-c", steps], log)
