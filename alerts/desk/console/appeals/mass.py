"""Mass appeals on the console: proposed above the list, linked to an emergency ticket by one key, undone by another."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.roles import Permission
from alerts.desk.appeals import linking, mass_members, mass_store
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mass import Cell
from alerts.desk.appeals.mass_store import Proposal
from alerts.desk.console.appeals.access import Ruling, Seeing, checked
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.session import Running, Visitor

if TYPE_CHECKING:
    from alerts.desk.appeals.baseline import Baseline

router = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=100)]


def proposals(request: Request, runtime: Runtime, rules: Rules, found: Visitor) -> list[Proposal]:
    """Return the masses that somebody who sees all appeals may link."""
    if not found.principal.may(Permission.REGISTER):
        return []
    now = runtime.now()
    baseline: Baseline = request.app.state.usual_appeals
    with runtime.database.read() as connection:
        usual = baseline.get(now, lambda: mass_store.usual(connection, rules.calendars.zone, now))
        return mass_store.proposals(connection, rules, usual, now)


@router.post("/appeals/mass", dependencies=[Depends(checked)])
def link(
    runtime: Running, found: Seeing, rules: Ruling, ticket: Annotated[int, Form()], group: Line = "", region: Line = "",
    service: Line = "", apart: Annotated[list[Line] | None, Form()] = None,
) -> Response:  # fmt: skip
    """Link a mass to an emergency ticket; one over all regions without those that are proposed by themselves."""
    _may(found)
    cell = Cell(group, region, service)
    mass_members.link_all(runtime.database, rules, cell, ticket, found.principal.name, runtime.now(), apart or ())
    return RedirectResponse("/appeals", 303)


@router.post("/appeals/mass/undo", dependencies=[Depends(checked)])
def undo(runtime: Running, found: Seeing, rules: Ruling, ticket: Annotated[int, Form()]) -> Response:
    """Undo all links to an emergency ticket."""
    _may(found)
    linking.undo_all(runtime.database, rules, ticket, found.principal.name, runtime.now())
    return RedirectResponse("/appeals", 303)


def _may(found: Visitor) -> None:
    if not found.principal.may(Permission.REGISTER):
        raise HTTPException(403)
