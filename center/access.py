"""The token that Alertmanager shows to the desk, and the first account."""

import pwd
import secrets
from dataclasses import dataclass

import httpx

from center.changes import write
from center.places import DESK, Places
from center.services import CommandError, run
from service.no_answer import reason_of

TOKEN_NAME = "alertmanager"  # noqa: S105 - the token's name


def token_fault(places: Places) -> str:
    """Return what is wrong with the token, "" when the desk takes it.

    The question is a notification without an alert, which changes nothing.
    """
    try:
        token = places.token.read_text("utf-8").strip()
    except OSError as error:
        return f"{places.token}: {error.strerror}"
    headers = {"Authorization": f"Bearer {token}"}
    body = {"version": "4", "alerts": []}
    try:
        answer = httpx.post(f"{DESK}/webhook/alertmanager", json=body, headers=headers, timeout=5, trust_env=False)
    except httpx.HTTPError as error:
        return f"the desk does not answer at {DESK}: {reason_of(error)}"
    if answer.status_code in {401, 403}:
        return f"the desk refuses the token in {places.token} ({answer.status_code})"
    return (
        "" if answer.is_success else f"the desk answers a notification with {answer.status_code}: {answer.text[:200]}"
    )


def ensure_token(places: Places) -> bool:
    """Make a token unless the desk takes the one that is there; return whether one was made."""
    if places.token.exists() and not token_fault(places):
        return False
    if TOKEN_NAME in {line.split("\t")[0] for line in _desk("token", "list").splitlines()}:
        _desk("token", "revoke", "--name", TOKEN_NAME)
    token = _desk("token", "create", "--role", "machine", "--name", TOKEN_NAME)
    write(places.token, token, 0o400, owner_of("prometheus"))
    return True


@dataclass(frozen=True, slots=True)
class Account:
    """A new account, with the password that nobody can see again."""

    name: str
    password: str


def ensure_account(name: str) -> Account | None:
    """Make an administrator's account if the desk has none at all."""
    if _desk("account", "list").strip():
        return None
    password = secrets.token_urlsafe(15)
    _desk("account", "create", "--role", "administrator", "--name", name, text=f"{password}\n")
    return Account(name, password)


def owner_of(account: str) -> tuple[int, int]:
    """Return an account's numbers."""
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        raise CommandError(f"there is no account {account}; install the package that brings it") from None
    return entry.pw_uid, entry.pw_gid


def _desk(*arguments: str, text: str | None = None) -> str:
    return run("runuser", "-u", "ott-desk", "--", "ott-desk", *arguments, text=text)
