"""Accounts of people. The rules are in `auth.accounts`; a page only asks and tells."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response

from alerts.desk.access import accounts
from alerts.desk.access import store as access
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import PEOPLE, Principal
from alerts.desk.access.trail import By
from alerts.desk.console.settings.frame import Name, Password, Word, back, show
from alerts.desk.core.database import Database
from alerts.desk.core.words import languages
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Administering, Administrator, by
from alerts.desk.web.session import Running, Visitor

HERE = "/settings/accounts"
ONE = HERE + "/{number}"

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, lt=2**63)]


@router.get(HERE)
def every(request: Request, runtime: Running, found: Administrator) -> Response:
    """Show all accounts."""
    return _all(request, runtime, found)


@router.post(HERE)
def add(
    request: Request,
    runtime: Running,
    found: Administering,
    name: Name = "",
    role: Word = "",
    language: Word = "",
    password: Password = "",
) -> Response:
    """Add a person."""
    who = Principal(name, role, language if language in languages() else runtime.settings.language)
    try:
        accounts.create(runtime.database, by(request, found), who, password, runtime.now())
    except RefusedError as error:
        return _all(request, runtime, found, error, name)
    return back(HERE, "created")


@router.get(ONE)
def one(request: Request, runtime: Running, found: Administrator, number: Number) -> Response:
    """Show one account."""
    return _one(request, runtime, found, number)


@router.post(ONE + "/shape")
def shape(
    request: Request, runtime: Running, found: Administering, number: Number, role: Word = "", language: Word = ""
) -> Response:
    """Give somebody another role or language."""
    wanted = accounts.Shape(role, language if language in languages() else None)
    try:
        accounts.change(runtime.database, by(request, found), number, wanted, runtime.now())
    except RefusedError as error:
        return _one(request, runtime, found, number, error)
    return back(f"{HERE}/{number}", "changed")


@router.post(ONE + "/password")
def password(
    request: Request, runtime: Running, found: Administering, number: Number, password: Password = ""
) -> Response:
    """Give somebody a new password."""
    try:
        accounts.set_password(runtime.database, by(request, found), number, password, runtime.now())
    except RefusedError as error:
        return _one(request, runtime, found, number, error)
    return back(f"{HERE}/{number}", "password_set")


@router.post(ONE + "/remove")
def remove(request: Request, runtime: Running, found: Administering, number: Number, sure: Word = "") -> Response:
    """Delete an account, once the box is ticked."""
    if sure != "yes":
        return _one(request, runtime, found, number, RefusedError("unconfirmed"))
    try:
        accounts.remove(runtime.database, by(request, found), number, runtime.now())
    except RefusedError as error:
        return _one(request, runtime, found, number, error)
    return back(HERE, "removed")


_SIMPLE: dict[str, tuple[Callable[[Database, By, int, datetime], object], str]] = {
    "sessions": (accounts.end_sessions, "sessions"),
    "disable": (accounts.disable, "disabled"),
    "enable": (accounts.enable, "enabled"),
}


@router.post(ONE + "/{act}")
def simple(request: Request, runtime: Running, found: Administering, number: Number, act: str) -> Response:
    """End somebody's sessions, disable or enable them."""
    if act not in _SIMPLE:
        raise HTTPException(404)
    function, done = _SIMPLE[act]
    try:
        function(runtime.database, by(request, found), number, runtime.now())
    except RefusedError as error:
        return _one(request, runtime, found, number, error)
    return back(f"{HERE}/{number}", done)


def _all(
    request: Request, runtime: Runtime, found: Visitor, refused: RefusedError | None = None, name: str = ""
) -> Response:
    with runtime.database.read() as connection:
        rows = access.accounts(connection, runtime.now())
    return show(
        request,
        "accounts",
        found,
        refused=refused,
        default=runtime.settings.language,
        rows=rows,
        typed=name,  # what was typed stays in the form, but for the password
        roles=PEOPLE,
        languages=languages(),
    )


def _one(
    request: Request, runtime: Runtime, found: Visitor, number: int, refused: RefusedError | None = None
) -> Response:
    with runtime.database.read() as connection:
        rows = access.accounts(connection, runtime.now(), number)
    if not rows:
        raise HTTPException(404)
    return show(
        request,
        "accounts",
        found,
        template="account",
        refused=refused,
        row=rows[0],
        roles=PEOPLE,
        languages=languages(),
    )
