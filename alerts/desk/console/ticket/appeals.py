"""The customers who appealed because of a ticket, on its page, and one answer for all of them."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from alerts.desk.access.roles import Permission
from alerts.desk.appeals import mass_answer
from alerts.desk.appeals.mass_answer import Callers
from alerts.desk.console.appeals.access import Registering, Ruling, checked
from alerts.desk.web.session import Running, Visitor
from alerts.desk.web.written import Lines

if TYPE_CHECKING:
    from alerts.desk.appeals.desk import Rules

router = APIRouter(include_in_schema=False)


def of_ticket(request: Request, connection: Connection, number: int) -> Callers | None:
    """Return who appealed because of a ticket; None where nobody did, or this desk takes no appeals."""
    rules: Rules | None = request.app.state.appeals
    found = mass_answer.callers(connection, number) if rules is not None else None
    return found if found and found.customers else None


def may_answer(found: Visitor) -> bool:
    """Return whether somebody may answer everybody at once: those who see all appeals."""
    return found.principal.may(Permission.REGISTER)


@router.post("/ticket/{number}/appeals", dependencies=[Depends(checked)])
def tell(
    runtime: Running, found: Registering, rules: Ruling, number: int,
    text: Annotated[str, Form(max_length=10_000), Lines] = "",
) -> Response:  # fmt: skip
    """Answer everybody who appealed because of a ticket."""
    if not 0 < number < 2**31:
        raise HTTPException(404)
    mass_answer.begin(runtime.database, rules, number, text, found.principal.name, runtime.now())
    return RedirectResponse(f"/ticket/{number}", 303)
