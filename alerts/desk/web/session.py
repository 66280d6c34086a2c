"""Who a request is from: a bearer token, or the console's session cookie."""

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.roles import Permission, Principal
from alerts.desk.core.database import UNAVAILABLE
from alerts.desk.tickets.runtime import Runtime

COOKIE = "ottwatch_desk"
READING = frozenset(
    {Permission.READ, Permission.METRICS, Permission.APPEALS}
)  # over the API, nothing is changed by them
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def runtime_of(request: Request) -> Runtime:
    """Return the running desk."""
    runtime: Runtime = request.app.state.runtime
    return runtime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in on the console, with the key that their forms carry."""

    principal: Principal
    csrf: str


def visitor(request: Request) -> Visitor | None:
    """Return who is logged in."""
    key = request.cookies.get(COOKIE)
    if not key:
        return None
    runtime, digest = runtime_of(request), secrets.digest(key)
    now = runtime.now()
    with runtime.database.read() as connection:
        found = access.find_session(connection, digest, now)
    if not found:
        return None
    runtime.attendance.note(digest, now)
    return Visitor(*found)


def bearer(request: Request) -> Principal | None:
    """Return whose token the request carries."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    runtime, digest = runtime_of(request), secrets.digest(token.strip())
    with runtime.database.read() as connection:
        found = access.bearer(connection, digest)
    if found is None:
        return None
    now = runtime.now()
    if found.last_used_at is None or now - found.last_used_at >= access.USED:
        with suppress(*UNAVAILABLE), runtime.database.write() as connection:  # nobody's request fails for this note
            access.token_used(connection, digest, now)
    return found.principal


class Needs:
    """A dependency: the caller by token, who must have the permission, or one of several.

    A session is taken for reading only: what a browser may be tricked into sending changes nothing here.
    """

    def __init__(self, permission: Permission, *others: Permission) -> None:
        self.permission, self.others = permission, others

    def __call__(self, request: Request) -> Principal:
        """Return the caller or answer 401 or 403."""
        principal = bearer(request)
        if principal is None and self.permission in READING:
            found = visitor(request)
            principal = found.principal if found else None
        if principal is None:
            raise HTTPException(401, "give a token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
        if not any(principal.may(each) for each in (self.permission, *self.others)):
            raise HTTPException(403, f'the role "{principal.role}" does not permit: {self.permission}')
        return principal


def near(request: Request) -> bool:
    """Return whether the request comes from this machine itself and not through a proxy on it."""
    if any(request.headers.get(name) for name in _FORWARDED) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


Reader = Annotated[Principal, Depends(Needs(Permission.READ))]
Actor = Annotated[Principal, Depends(Needs(Permission.ACT))]
Running = Annotated[Runtime, Depends(runtime_of)]
