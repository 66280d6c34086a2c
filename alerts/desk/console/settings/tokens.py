"""Tokens of machines. The rules are in `auth.tokens`."""

from fastapi import APIRouter, Request, Response

from alerts.desk.access import store as access
from alerts.desk.access import tokens
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import MACHINES
from alerts.desk.console.settings.frame import Name, Word, back, show
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Administering, Administrator, by
from alerts.desk.web.session import Running, Visitor

HERE = "/settings/tokens"

router = APIRouter(include_in_schema=False)


@router.get(HERE)
def every(request: Request, runtime: Running, found: Administrator) -> Response:
    """Show all tokens, without the tokens."""
    return _page(request, runtime, found)


@router.post(HERE)
def create(request: Request, runtime: Running, found: Administering, name: Name = "", role: Word = "") -> Response:
    """Create a token; the answer itself shows it, so that no address leads to it a second time."""
    try:
        fresh = tokens.create(runtime.database, by(request, found), name, role, runtime.now())
    except RefusedError as error:
        return _page(request, runtime, found, error, typed=name)
    return _page(request, runtime, found, fresh=fresh, fresh_name=name.strip())


@router.post(HERE + "/revoke")
def revoke(request: Request, runtime: Running, found: Administering, name: Name = "") -> Response:
    """Make a token useless."""
    try:
        tokens.revoke(runtime.database, by(request, found), name, runtime.now())
    except RefusedError as error:
        return _page(request, runtime, found, error)
    return back(HERE, "revoked")


def _page(
    request: Request,
    runtime: Runtime,
    found: Visitor,
    refused: RefusedError | None = None,
    *,
    fresh: str = "",
    fresh_name: str = "",
    typed: str = "",
) -> Response:
    with runtime.database.read() as connection:
        rows = access.tokens(connection)
    return show(
        request,
        "tokens",
        found,
        refused=refused,
        rows=rows,
        roles=MACHINES,
        fresh=fresh,
        fresh_name=fresh_name,
        typed=typed,
    )
