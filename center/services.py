"""The services of this machine: systemd, and what they answer over HTTP."""

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from center.changes import read
from center.environment import variables
from center.places import Places
from center.refused import RefusedError
from service.no_answer import reason_of


class CommandError(Exception):
    """A program failed; the message is what it said."""


def run(*command: str, text: str | None = None) -> str:
    """Run a program and return what it printed."""
    try:
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommandError(f"{command[0]} is not installed") from None
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise CommandError(f"{shlex.join(command)}: {said[-1] if said else f'exit status {result.returncode}'}")
    return result.stdout


def is_active(unit: str) -> bool:
    """Return whether a unit runs."""
    try:
        return run("systemctl", "is-active", f"{unit}.service").strip() == "active"
    except CommandError:
        return False


def get(url: str) -> Any:
    """Return the JSON that a service answers; raise CommandError when it does not."""
    try:
        answer = httpx.get(url, timeout=5, trust_env=False)
        return answer.raise_for_status().json()
    except httpx.HTTPError as error:
        raise CommandError(f"{url}: {reason_of(error)}") from None
    except ValueError:
        raise CommandError(f"{url}: the answer is no JSON; is this the address of that service?") from None


def answers(url: str) -> str:
    """Return "" when a service answers 2xx, else what is wrong."""
    try:
        answer = httpx.get(url, timeout=5, trust_env=False)
    except httpx.HTTPError as error:
        return f"{url}: {reason_of(error)}"
    return "" if answer.is_success else f"{url}: answers {answer.status_code}: {answer.text.strip()[:200]}"


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def arguments(places: Places, service: str) -> list[str]:
    """Return the arguments that the administrator gave a service in /etc/default."""
    file = places.defaults(service)
    try:
        return shlex.split(variables(read(file) or "").get("ARGS", ""))
    except ValueError:
        raise RefusedError(f"{file}: ARGS: a quote is not closed, or nothing follows a backslash") from None


def has_flag(given: Sequence[str], flag: str) -> bool:
    """Return whether a flag is among the arguments."""
    return any(word == flag or word.startswith(f"{flag}=") for word in given)


def drop_in(places: Places, service: str, flags: dict[str, str], program: Path) -> str:
    """Return the drop-in that adds those flags to a service that it does not have yet."""
    unit = _unit(places, service)
    start = f"ExecStart={program} $ARGS\n"
    if start not in (read(unit) or ""):
        raise RefusedError(f"{unit}: does not start {program} $ARGS, as Debian's does; give it by hand: {flags}")
    if (other := started_by(places, service)) is not None:
        raise RefusedError(
            f"{other}: says how {service} is started, beside which ottwatch's part cannot be; "
            f"{arguments_remedy(places, service)}"
        )
    given = arguments(places, service)
    words = [f"{flag}={value}" for flag, value in flags.items() if not has_flag(given, flag)]
    return (
        f"# Written by ott-center setup: what ottwatch needs beside the arguments in {places.defaults(service)}.\n"
        f'[Service]\nEnvironment="OTTWATCH_ARGS={" ".join(words)}"\n'
        f"ExecStart=\nExecStart={program} $ARGS $OTTWATCH_ARGS\n"
    )


def started_by(places: Places, service: str) -> Path | None:
    """Return a file beside ours that says how a service is started, None where there is none."""
    return next((file for file in _drop_ins(places, service) if _STARTS.search(read(file) or "")), None)


def arguments_remedy(places: Places, service: str) -> str:
    """Return what to do with such a file."""
    return (
        f'write its arguments into ARGS="…" of {places.defaults(service)} and take the lines ExecStart and Environment '
        "out of it"
    )


# What replaces the arguments, or where they come from.
_STARTS = re.compile(r"^\s*(?:ExecStart\s*=|EnvironmentFile\s*=|Environment\s*=.*\bARGS=)", re.MULTILINE)


def _unit(places: Places, service: str) -> Path:
    """Return the unit that systemd takes: the administrator's, or else the package's."""
    for folder in places.units[:-1]:
        if (file := folder / f"{service}.service").exists():
            return file
    unit = places.unit(service)
    if not unit.exists():
        raise RefusedError(f"{unit}: is not there; install Debian's package {service}")
    return unit


def _drop_ins(places: Places, service: str) -> list[Path]:
    """Return the files beside ours that change the unit."""
    folders = [folder / f"{service}.service.d" for folder in places.units]
    return [file for folder in folders for file in sorted(folder.glob("*.conf")) if file != places.drop_in(service)]
