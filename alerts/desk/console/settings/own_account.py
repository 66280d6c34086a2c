"""One's own account: whoever is logged in changes their password and ends their other sessions."""

from fastapi import APIRouter, Request, Response

from alerts.desk.access import accounts, secrets
from alerts.desk.access import store as access
from alerts.desk.access.login import ThrottledError
from alerts.desk.access.refused import RefusedError
from alerts.desk.console.settings.frame import Password, back, show
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Reading, Writing, by
from alerts.desk.web.session import COOKIE, Running, Visitor

HERE = "/settings"

router = APIRouter(include_in_schema=False)


@router.get(HERE)
def own(request: Request, runtime: Running, found: Reading) -> Response:
    """Show one's own account."""
    return _page(request, runtime, found)


@router.post(HERE + "/password")
def password(
    request: Request, runtime: Running, found: Writing, old: Password = "", new: Password = "", again: Password = ""
) -> Response:
    """Change one's own password."""
    session = secrets.digest(request.cookies[COOKIE])
    limits, who = runtime.settings.limits, by(request, found)
    if new != again:
        return _page(request, runtime, found, RefusedError("passwords_differ"))
    try:
        accounts.change_own_password(runtime.database, who, old, new, limits, session, runtime.now())
    except ThrottledError:
        return _page(request, runtime, found, RefusedError("throttled"), 429)
    except RefusedError as error:
        return _page(request, runtime, found, error)
    return back(HERE, "password")


@router.post(HERE + "/sessions")
def sessions(request: Request, runtime: Running, found: Writing) -> Response:
    """End one's sessions on other computers."""
    number = accounts.number_of(runtime.database, found.principal.name)
    keep = secrets.digest(request.cookies[COOKIE])
    accounts.end_sessions(runtime.database, by(request, found), number, runtime.now(), keep)
    return back(HERE, "sessions")


def _page(
    request: Request, runtime: Runtime, found: Visitor, refused: RefusedError | None = None, status: int = 409
) -> Response:
    number = accounts.number_of(runtime.database, found.principal.name)
    with runtime.database.read() as connection:
        (row,) = access.accounts(connection, runtime.now(), number)
    return show(request, "you", found, refused=refused, status=status, row=row)
