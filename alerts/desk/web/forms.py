"""Forms of the console: who sent them, and that they were sent from our own page."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, HTTPException, Request

from alerts.desk.access.roles import Permission
from alerts.desk.access.trail import By
from alerts.desk.web.session import Visitor, visitor


class NotLoggedInError(Exception):
    """Send the reader to the login page."""


class StaleFormError(Exception):
    """The form's key is not the session's: it is old, or another site sent it."""


def visiting(request: Request) -> Visitor:
    """Return who is logged in, or ask them to log in."""
    found = visitor(request)
    if found is None:
        raise NotLoggedInError
    return found


def reader(request: Request) -> Visitor:
    """Return who reads tickets, or ask them to log in; a supplier and billing are shown to their own page instead."""
    found = visiting(request)
    if not found.principal.may(Permission.READ):
        if request.url.path == "/":
            exports = found.principal.may(Permission.EXPORT)
            raise HTTPException(303, headers={"Location": "/appeals/free-months/exports" if exports else "/appeals"})
        raise HTTPException(403)
    return found


def writer(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> Visitor:
    """Return who sent a form from our page."""
    found = visiting(request)
    check_csrf(csrf, found.csrf)
    return found


def engineer(found: Annotated[Visitor, Depends(writer)]) -> Visitor:
    """Return who sent a form and may act on tickets."""
    if not found.principal.may(Permission.ACT):
        raise HTTPException(403)
    return found


def administrator(found: Annotated[Visitor, Depends(reader)]) -> Visitor:
    """Return who reads what only administrators may."""
    if not found.principal.may(Permission.ADMINISTER):
        raise HTTPException(403)
    return found


def administering(found: Annotated[Visitor, Depends(writer)]) -> Visitor:
    """Return who sent a form that only administrators may."""
    return administrator(found)


def address_of(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else ""


def by(request: Request, found: Visitor) -> By:
    """Return whom the audit trail names."""
    return By(found.principal.name, address_of(request))


def check_csrf(sent: str, expected: str) -> None:
    """Raise StaleFormError unless the form carries the expected key."""
    if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise StaleFormError


def local_path(next_: str) -> str:
    """Return where to go after a form: only ever a path of this desk, never another host."""
    parts = urlsplit(next_)
    if parts.scheme or parts.netloc or not next_.startswith("/") or next_.startswith(("//", "/\\")):
        return "/"
    return "/" if any(character < " " for character in next_) else next_


Reading = Annotated[Visitor, Depends(reader)]
Writing = Annotated[Visitor, Depends(writer)]
Engineer = Annotated[Visitor, Depends(engineer)]
Administrator = Annotated[Visitor, Depends(administrator)]
Administering = Annotated[Visitor, Depends(administering)]
