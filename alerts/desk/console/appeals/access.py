"""Who may see and do what of appeals. The supplier sees its own, and no contact."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy import ColumnElement

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.states import Queue
from alerts.desk.core.appeal_tables import appeal
from alerts.desk.web.forms import check_csrf, visiting
from alerts.desk.web.session import Visitor

BRANCH = "branch"


def rules_of(request: Request) -> Rules:
    """Return the rules of appeals; a desk that takes none has no such pages."""
    rules: Rules | None = request.app.state.appeals
    if rules is None:
        raise HTTPException(404)
    return rules


def seer(request: Request) -> Visitor:
    """Return who may see appeals, be it only their own."""
    found = visiting(request)
    if not (found.principal.may(Permission.APPEALS) or found.principal.may(Permission.SUPPLY)):
        raise HTTPException(403)
    return found


def registrar(request: Request) -> Visitor:
    """Return who may register appeals."""
    found = visiting(request)
    if not found.principal.may(Permission.REGISTER):
        raise HTTPException(403)
    return found


async def checked(request: Request) -> None:
    """Refuse a form that was not sent from our own page."""
    form = await request.form()
    sent = form.get("csrf", "")
    check_csrf(sent if isinstance(sent, str) else "", visiting(request).csrf)


def visible(rules: Rules, who: Principal) -> list[ColumnElement[bool]]:
    """Return the conditions on the appeals that somebody sees."""
    if who.may(Permission.SUPPLY):
        return [appeal.c.queue == str(Queue.SUPPLIER)]
    if who.role == BRANCH:
        # An account without a region sees nothing rather than everything.
        return [appeal.c.region == rules.settings.units.get(who.name, "\0")]
    return []


def sees(rules: Rules, who: Principal, of: Appeal) -> bool:
    """Return whether somebody sees an appeal."""
    if who.may(Permission.SUPPLY):
        return of.queue == Queue.SUPPLIER
    return who.role != BRANCH or of.region == rules.settings.units.get(who.name, "\0")


Ruling = Annotated[Rules, Depends(rules_of)]
Seeing = Annotated[Visitor, Depends(seer)]
Registering = Annotated[Visitor, Depends(registrar)]
