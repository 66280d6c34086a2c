"""The list of appeals that a role has to deal with, and one appeal with its clocks, its log and its next steps."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.roles import Permission
from alerts.desk.appeals import actions, clocks, compensations, linking, store
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.compensations import TOGETHER, NotAllowedError, may_approve
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.linking import NoSuchLinkError
from alerts.desk.appeals.log_json import kind_of, to_json
from alerts.desk.appeals.mail import store as mail
from alerts.desk.appeals.states import FINAL, IllegalStepError, Status
from alerts.desk.appeals.store import NoSuchAppealError, StaleAppealError
from alerts.desk.console.appeals import mass
from alerts.desk.console.appeals.access import Ruling, Seeing, checked, sees, visible
from alerts.desk.console.appeals.steps import steps
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.render import page
from alerts.desk.web.session import Running, Visitor
from alerts.desk.web.written import Lines

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Line = Annotated[str, Form(max_length=400)]
Long = Annotated[str, Form(max_length=10_000), Lines]
SHOWN = 200


@router.get("/appeals")
def listing(
    request: Request, runtime: Running, found: Seeing, rules: Ruling, ticket: Annotated[int, Query(ge=0, le=2**31)] = 0
) -> Response:
    """Show the open appeals of a role, the most urgent first; those of a ticket only where one is asked for."""
    conditions = visible(rules, found.principal)
    if ticket:
        conditions.append(linking.belongs(ticket))
    may_register = found.principal.may(Permission.REGISTER)
    masses = mass.proposals(request, runtime, rules, found)
    with runtime.database.read() as connection:
        rows = store.listing(connection, *conditions, limit=SHOWN)
        linked = linking.linked(connection) if may_register else []
        unread = len(mail.unread(connection)) if may_register else 0
    compensates = found.principal.may(Permission.COMPENSATE) or found.principal.role == "branch"
    return page(
        request,
        "console/appeals/list.html",
        found,
        shown=SHOWN,
        ticket=ticket,
        rows=rows,
        codes=rules.codes,
        masses=masses,
        linked=linked,
        unread=unread,
        may_register=may_register,
        compensates=compensates,
        sees_statistics=found.principal.may(Permission.APPEALS),
    )


@router.get("/appeals/free-months")
def free_months(request: Request, runtime: Running, found: Seeing, rules: Ruling) -> Response:
    """Show the free months that are proposed or under way."""
    return _free_months(request, runtime, found, rules)


@router.post("/appeals/free-months", dependencies=[Depends(checked)])
def move_free_months(
    request: Request,
    runtime: Running,
    found: Seeing,
    rules: Ruling,
    do: Line = "",
    reason: Line = "",
    pick: Annotated[list[int] | None, Form()] = None,
    every: Annotated[str, Form(alias="all", max_length=40)] = "",
) -> Response:
    """Approve, refuse, credit or tell the free months that were picked, or all that wait: a step and their number."""
    administers = found.principal.may(Permission.COMPENSATE)
    if every:
        return _move_all(request, runtime, found, rules, every)
    if not administers and (found.principal.role != "branch" or do not in ("approved", "refused")):
        raise HTTPException(403)
    numbers = pick or []
    if not may_approve(rules, len(numbers), administers=administers):
        return _free_months(request, runtime, found, rules, "batch", 403)
    try:
        _only_own(runtime, rules, found, numbers)
        compensations.move(runtime.database, rules, numbers, do, found.principal.name, runtime.now(), reason)
    except NotAllowedError as error:
        return _free_months(request, runtime, found, rules, error.problem, 409)
    return RedirectResponse("/appeals/free-months", 303)


def _move_all(request: Request, runtime: Runtime, found: Visitor, rules: Rules, every: str) -> Response:
    """Take all free months that wait for a step through it, where they are as many as the button said."""
    step, _, number = every.partition(" ")
    if not found.principal.may(Permission.COMPENSATE) or step not in TOGETHER or not number.isdecimal():
        raise HTTPException(403)
    try:
        compensations.move_all(runtime.database, rules, int(number), step, found.principal.name, runtime.now())
    except NotAllowedError as error:
        return _free_months(request, runtime, found, rules, error.problem, 409)
    return RedirectResponse("/appeals/free-months", 303)


def _only_own(runtime: Runtime, rules: Rules, found: Visitor, numbers: list[int]) -> None:
    """Raise NotAllowedError for a free month of an appeal that somebody does not see."""
    with runtime.database.read() as connection:
        if any(not sees(rules, found.principal, row) for row in compensations.appeals_of(connection, numbers)):
            raise NotAllowedError("unknown")


def _free_months(
    request: Request, runtime: Runtime, found: Visitor, rules: Rules, problem: str = "", status: int = 200
) -> Response:
    if not found.principal.may(Permission.APPEALS):
        raise HTTPException(403)
    with runtime.database.read() as connection:
        own = visible(rules, found.principal)
        rows = compensations.with_appeals(connection, own, SHOWN)
        counts = compensations.counts(connection, own)
    acts = found.principal.may(Permission.COMPENSATE)
    total = sum(counts.get(state, 0) for state in compensations.UNDER_WAY)
    every = {step: counts[old] for step, old in TOGETHER.items() if counts.get(old)}
    values: dict[str, object] = {"total": total, "all": every}
    values |= {"rows": rows, "problem": problem, "acts": acts, "decides": acts or found.principal.role == "branch"}
    return page(request, "console/appeals/free_months.html", found, status, **values)


@router.get("/appeals/{number}")
def one(request: Request, runtime: Running, found: Seeing, rules: Ruling, number: Number) -> Response:
    """Show an appeal."""
    return _one(request, runtime, found, rules, number)


def _one(
    request: Request, runtime: Runtime, found: Visitor, rules: Rules, number: int, problem: str = "", status: int = 200
) -> Response:
    now = runtime.now()
    contacts = found.principal.may(Permission.APPEALS)
    with runtime.database.read() as connection:
        row = store.find(connection, number)
        if row is None or not sees(rules, found.principal, row):
            raise HTTPException(404)
        log = store.log_of(connection, number)
        said = store.interactions(connection, number)
        contact = store.contact_of(connection, rules.keys, row.contact_id) if contacts else None
        links = store.links(connection, number) if contacts else []
        letters = mail.of_appeal(connection, number) if contacts else []
        month = compensations.of_appeal(connection, number) if contacts else None
    texts = [
        (each, rules.keys.open(each.sealed, each.key_id) if each.sealed else None)
        for each in said
        # The customer's own words may name them: a supplier gets the code, and what it and the desk wrote.
        if contacts or each.direction == "outbound" or each.reason == "supplier"
    ]
    return page(
        request,
        "console/appeals/appeal.html",
        found,
        status,
        row=row,
        code=rules.codes.get(row.code),
        clocks=list(clocks.read(log, row.terms, rules.calendars, now).values()),
        events=[(event, kind_of(event.body), to_json(event.body)) for event in reversed(log)],
        texts=texts,
        contact=contact,
        links=links,
        month=month,
        mail=letters,
        writes=contacts and rules.settings.mail is not None and row.status not in FINAL,
        regions=rules.settings.regions,
        steps=steps(row, found.principal, mails=rules.settings.mail is not None),
        problem=problem,
    )


Do = Callable[[Hand, Mapping[str, str]], None]
_DO: dict[str, Do] = {
    "take": lambda hand, _: actions.take(hand),
    "route": lambda hand, form: actions.route_to(hand, form["region"]),
    "forward": lambda hand, _: actions.forward(hand),
    "asked": lambda hand, _: actions.request_sent(hand, received=False),
    "received": lambda hand, _: actions.request_received(hand),
    "supplier": lambda hand, _: actions.find_fault(hand, "supplier", ""),
    "vendor": lambda hand, form: actions.find_fault(hand, "vendor", form["text"].strip()),
    "ask": lambda hand, form: actions.ask_customer(hand, form["text"]),
    "resume": lambda hand, form: actions.resume(hand, form["text"]),
    "answer": lambda hand, form: actions.answer(hand, form["text"]),
    "mailed": lambda hand, _: actions.mailed(hand),
    "bounced": lambda hand, _: actions.bounced(hand),
    "reached": lambda hand, _: actions.called(hand, reached=True),
    "missed": lambda hand, _: actions.called(hand, reached=False),
    "claim": lambda hand, _: actions.claim_answered(hand),
    "reject": lambda hand, _: actions.end(hand, Status.REJECTED),
    "cancel": lambda hand, _: actions.end(hand, Status.CANCELLED),
    "confirm": lambda hand, form: linking.confirm(hand, int(form["ticket"])),
    "undo": lambda hand, form: linking.undo(hand, int(form["ticket"])),
}


@router.post("/appeals/{number}/{do}", dependencies=[Depends(checked)])
def act(
    request: Request,
    runtime: Running,
    found: Seeing,
    rules: Ruling,
    number: Number,
    do: str,
    version: Annotated[int, Form()],
    ticket: Annotated[int, Form()] = 0,
    region: Line = "",
    text: Long = "",
) -> Response:
    """Take a step."""
    with runtime.database.read() as connection:
        row = store.find(connection, number)
    if do not in _DO or row is None or not sees(rules, found.principal, row):
        raise HTTPException(404)
    allowed = {step.name: step for step in steps(row, found.principal, mails=rules.settings.mail is not None)}
    linked = do in ("confirm", "undo") and found.principal.may(Permission.APPEALS)
    if do not in allowed and not linked:
        return _one(request, runtime, found, rules, number, "step", 409)
    if (do == "route" and region not in rules.settings.regions) or (
        do in allowed and allowed[do].asks == "required" and not text.strip()
    ):
        return _one(request, runtime, found, rules, number, "empty", 400)
    hand = Hand(runtime.database, rules, number, version, found.principal.name, runtime.now())
    try:
        _DO[do](hand, {"text": text, "region": region, "ticket": str(ticket)})
    except StaleAppealError:
        return _one(request, runtime, found, rules, number, "stale", 409)
    except (IllegalStepError, NoSuchLinkError, NoSuchAppealError):
        return _one(request, runtime, found, rules, number, "step", 409)
    # A supplier who gives an appeal back no longer sees it.
    with runtime.database.read() as connection:
        after = store.find(connection, number)
    still = after is not None and sees(rules, found.principal, after)
    return RedirectResponse(f"/appeals/{number}" if still else "/appeals", 303)
