"""Mail that a person has to look at: of no appeal, not delivered, or with words that no rule can judge."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.roles import Permission
from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mail import of_masses, receiving, store, writing
from alerts.desk.appeals.mail.post import post_of
from alerts.desk.console.appeals.access import Ruling, Seeing, checked, sees
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.render import page
from alerts.desk.web.session import Running, Visitor
from alerts.desk.web.written import Lines

router = APIRouter(include_in_schema=False)


@router.get("/appeals/mail")
def unread(request: Request, runtime: Running, found: Seeing, rules: Ruling) -> Response:
    """Show the messages that wait for a person, the oldest first."""
    return _unread(request, runtime, found, rules)


def _unread(
    request: Request, runtime: Runtime, found: Visitor, rules: Rules, problem: str = "", status: int = 200
) -> Response:
    _may(found)
    with runtime.database.read() as connection:
        rows = [(row, store.unseal(rules.keys, row)) for row in store.unread(connection)]
    return page(request, "console/appeals/mail.html", found, status, rows=rows, problem=problem)


@router.post("/appeals/mail/{mail}/attach", dependencies=[Depends(checked)])
def attach(
    request: Request, runtime: Running, found: Seeing, rules: Ruling, mail: int, number: Annotated[int, Form()]
) -> Response:
    """Give a message to an appeal."""
    _may(found)
    hand = Hand(runtime.database, rules, number, None, found.principal.name, runtime.now())
    if not 0 < number < 2**31 or not receiving.attach(hand, mail):
        return _unread(request, runtime, found, rules, "unknown_appeal", 409)
    return RedirectResponse(f"/appeals/{number}", 303)


@router.post("/appeals/mail/{mail}/done", dependencies=[Depends(checked)])
def done(request: Request, runtime: Running, found: Seeing, rules: Ruling, mail: int) -> Response:
    """Record that somebody has dealt with a message."""
    _may(found)
    if not receiving.done(runtime.database, mail, found.principal.name):
        return _unread(request, runtime, found, rules, "step", 409)
    return RedirectResponse("/appeals/mail", 303)


@router.post("/appeals/{number}/mail/{do}", dependencies=[Depends(checked)])
def write(
    runtime: Running, found: Seeing, rules: Ruling, number: int, do: str,
    text: Annotated[str, Form(max_length=10_000), Lines] = "",
) -> Response:  # fmt: skip
    """Write to the supplier: the request once more, or a further message."""
    with runtime.database.read() as connection:
        row = appeals.find(connection, number)
    post = post_of(runtime.database, rules, runtime.settings.smtp, runtime.settings.public_url)
    may = found.principal.may(Permission.APPEALS)
    if row is None or post is None or do not in ("again", "write") or not may or not sees(rules, found.principal, row):
        raise HTTPException(404)
    if do == "again" and row.request_due:
        by, now = found.principal.name, runtime.now()
        if not of_masses.ask_again(post, number, by, now):
            writing.ask_again(post, number, by, now)
    elif do == "write" and text.strip():
        writing.write_message(post, number, text, found.principal.name, runtime.now())
    return RedirectResponse(f"/appeals/{number}", 303)


def _may(found: Visitor) -> None:
    """Refuse those who do not see all appeals: nobody knows whose this mail is."""
    if not found.principal.may(Permission.REGISTER):
        raise HTTPException(403)
