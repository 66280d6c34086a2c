"""The services of this machine: systemd, and what they answer over HTTP."""

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from center.places import Places
from center.refused import RefusedError
from service.no_answer import reason_of

FLAG_SEPARATORS = "= "


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
    try:
        lines = places.defaults(service).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    found: list[str] = []
    for line in lines:
        name, separator, value = line.strip().partition("=")
        if name == "ARGS" and separator:
            try:
                found = shlex.split(shlex.split(value)[0]) if shlex.split(value) else []
            except ValueError:
                raise RefusedError(
                    f"{places.defaults(service)}: ARGS: a quote is not closed, or nothing follows a backslash"
                ) from None
    return found


def has_flag(given: Sequence[str], flag: str) -> bool:
    """Return whether a flag is among the arguments."""
    return any(word == flag or word.startswith(f"{flag}=") for word in given)


def drop_in(places: Places, service: str, flags: dict[str, str], program: Path) -> str:
    """Return the drop-in that adds those flags to a service that it does not have yet."""
    unit = places.unit(service)
    try:
        shipped = unit.read_text("utf-8")
    except FileNotFoundError:
        raise RefusedError(f"{unit}: is not there; install Debian's package {service}") from None
    if f"ExecStart={program} $ARGS\n" not in shipped:
        raise RefusedError(f"{unit}: does not start {program} $ARGS, as Debian's does; give it by hand: {flags}")
    given = arguments(places, service)
    words = [f"{flag}={value}" for flag, value in flags.items() if not has_flag(given, flag)]
    return (
        f"# Written by ott-center setup: what ottwatch needs beside the arguments in {places.defaults(service)}.\n"
        f'[Service]\nEnvironment="OTTWATCH_ARGS={" ".join(words)}"\n'
        f"ExecStart=\nExecStart={program} $ARGS $OTTWATCH_ARGS\n"
    )
