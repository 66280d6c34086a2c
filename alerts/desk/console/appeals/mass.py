"""Mass appeals on the console: proposed above the list, linked to an emergency ticket by one key, undone by another."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.roles import Permission
from alerts.desk.appeals import linking, mass_store
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mass import Cell, Usual
from alerts.desk.appeals.mass_store import Proposal
from alerts.desk.console.appeals.access import Ruling, Seeing, checked
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.session import Running, Visitor

router = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=100)]


@dataclass(slots=True)
class Baseline:
    """What is usual, read once an hour: eight weeks of appeals are not read for each page."""

    lock: Lock = field(default_factory=Lock)
    hour: datetime | None = None
    usual: dict[Cell, Usual] = field(default_factory=dict)

    def get(self, now: datetime, read: Callable[[], dict[Cell, Usual]]) -> dict[Cell, Usual]:
        """Return what is usual in this hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self.lock:
            if self.hour != hour:
                self.usual, self.hour = read(), hour
            return self.usual


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
    service: Line = "",
) -> Response:  # fmt: skip
    """Link a mass to an emergency ticket."""
    _may(found)
    cell = Cell(group, region, service)
    mass_store.link_all(runtime.database, rules, cell, ticket, found.principal.name, runtime.now())
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
