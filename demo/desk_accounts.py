"""Who may talk to the demo's desk: Alertmanager, the check, the customers' cabinet, and the people at the console."""

import os
import secrets
import subprocess
from pathlib import Path

from demo import programs
from demo.layout import Layout
from demo.processes import ENDS_WITH_PARENT

_SECONDS = 120
OF_160 = "operator160"  # who answers customers


def create(layout: Layout, operator: str, password: str) -> str:
    """Make the tokens and the account, and return the check's token; the first call makes the database too."""
    write_secret(layout.appeals_key, secrets.token_hex(32))
    write_secret(layout.webhook_token, _call(layout, "token", "create", "--role", "machine", "--name", "alertmanager"))
    token = _call(layout, "token", "create", "--role", "engineer", "--name", "demo-check")
    write_secret(layout.cabinet_token, _call(layout, "token", "create", "--role", "cabinet", "--name", "cabinet"))
    _call(layout, "account", "create", "--role", "engineer", "--name", operator, typed=password)
    _call(layout, "account", "create", "--role", "operator160", "--name", OF_160, typed=password)
    return token


def _call(layout: Layout, *words: str, typed: str = "") -> str:
    command = [*ENDS_WITH_PARENT, *programs.desk_command(layout, *words)]
    result = subprocess.run(command, input=typed, capture_output=True, text=True, check=True, timeout=_SECONDS)
    return result.stdout.strip()


def write_secret(path: Path, text: str) -> None:
    """Write a file that nobody else can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
