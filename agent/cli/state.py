"""The folder `state`: positions in logs, counters and the key of the viewers' hashes."""

import os
from pathlib import Path

from agent.settings import AgentSettings
from service.settings import Fault, SettingsError


def _needed(settings: AgentSettings) -> bool:
    return any(settings.of(kind.table) for kind in settings.kinds if kind.keeps_state)


def check(settings: AgentSettings, file: Path) -> None:
    """Raise SettingsError where the folder neither is there nor could be made; not every source needs it."""
    folder = settings.state
    if not _needed(settings):
        return
    problem = ""
    if not folder.is_absolute():
        problem = f"must be an absolute path, not {str(folder)!r}"
    elif folder.exists() and not folder.is_dir():
        problem = f"{folder} is not a folder; name another"
    elif not folder.parent.is_dir():
        problem = f"the folder {folder.parent} does not exist; create it, or name another"
    if problem:
        raise SettingsError([Fault(file, "state", problem)])


def prepare(settings: AgentSettings, file: Path) -> None:
    """Make the folder, open to its owner alone, and see that it can be written; raise SettingsError."""
    check(settings, file)
    if not _needed(settings):
        return
    folder = settings.state
    remedy = (
        f"as root: install -d -m 0700 -o ACCOUNT {folder}, with the account the agent runs as; or name another folder"
    )
    try:
        folder.mkdir(0o700, exist_ok=True)
    except OSError as error:
        raise SettingsError([Fault(file, "state", f"{folder} cannot be made: {error.strerror}; {remedy}")]) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError([Fault(file, "state", f"{folder} cannot be written by this account; {remedy}")])
