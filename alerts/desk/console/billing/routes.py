"""The page of the billings and the page of a case, with what people decide about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from sqlalchemy import func, select

from alerts.desk.access.roles import Permission
from alerts.desk.billing import actions, store
from alerts.desk.billing.actions import Hand, UnfitStepError
from alerts.desk.billing.case import CLOSED, Case, blockers, is_stale
from alerts.desk.billing.kinds import STAGES
from alerts.desk.billing.measures import clocks, measures
from alerts.desk.billing.records import CountRecord
from alerts.desk.billing.store import NoSuchCaseError, StaleCaseError
from alerts.desk.console.billing import words as said
from alerts.desk.console.billing.today import latest
from alerts.desk.core.appeal_tables import appeal_link
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.words import Words
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.chart import Frame, Line, line_chart
from alerts.desk.web.forms import Engineer, Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Running, Visitor

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Text = Annotated[str, Form(max_length=2000)]
SHOWN = 20
LOOKS = ("main", "other", "before", "bound")


def settings_of(runtime: Runtime) -> BillingCaseSettings:
    """Return the settings of cases, or answer 404 where the desk keeps none."""
    if runtime.settings.billing is None:
        raise HTTPException(404)
    return runtime.settings.billing


@router.get("/billing")
async def billing(request: Request, runtime: Running, found: Reading) -> Response:
    """Show today, the months before, the coverage and the cases."""
    settings_of(runtime)
    known = await latest(request)
    words, value = words_for(request, found), known.value
    today = runtime.now().astimezone(runtime.settings.zone).date()
    with runtime.database.read() as connection:
        cases = store.latest(connection, SHOWN)
    return page(
        request,
        "console/billing/list.html",
        found,
        said=said,
        known=value,
        failing=known.failing or value is None,
        months={service: said.months(words, days, today) for service, days in value.days.items()} if value else {},
        coverage=said.coverage(value) if value else {},
        services=sorted({service for service, _, _ in value.checks}) if value else [],
        cases=cases,
    )


@router.get("/billing/case/{number}")
def case(request: Request, runtime: Running, found: Reading, number: Number) -> Response:
    """Show a case."""
    return _case(request, runtime, found, number)


def _case(
    request: Request, runtime: Runtime, found: Visitor, number: int, problem: str = "", status: int = 200
) -> Response:
    settings, now, words = settings_of(runtime), runtime.now(), words_for(request, found)
    with runtime.database.read() as connection:
        row = store.find(connection, number)
        if row is None:
            raise HTTPException(404)
        versions, counts = store.scopes(connection, number), store.counts(connection, number)
        log = store.log_of(connection, number)
        linked = (appeal_link.c.ticket_id == row.ticket_id, appeal_link.c.state == "confirmed")
        appeals = connection.scalar(select(func.count()).select_from(appeal_link).where(*linked))
    final = next((each for each in versions if each.final), None)
    return page(
        request,
        "console/billing/case.html",
        found,
        status,
        said=said,
        case=row,
        stages=STAGES[row.kind],
        stale=is_stale(row, settings, now),
        blockers=blockers(row, final, settings, now) if row.state != CLOSED else [],
        versions=versions,
        clocks=clocks(row, versions, counts, settings),
        measures=measures(row, versions, counts),
        burndown=_burn_down(words, row, counts),
        log=log,
        appeals=appeals,
        acts=found.principal.may(Permission.ACT) and row.state != CLOSED,
        administers=found.principal.may(Permission.ADMINISTER) and row.state != CLOSED,
        problem=problem,
    )


def _burn_down(words: Words, row: Case, counts: Sequence[CountRecord]) -> Markup:
    """Return how many accounts of each stage were open."""
    if len(counts) < 2:
        return Markup()
    lines = []
    for place, stage in enumerate(row.required):
        held = [(each.at.timestamp(), each.stages) for each in counts]
        points = [(at, float(stages[stage].open)) for at, stages in held if stage in stages]
        if points:
            lines.append(Line(words(f"billingstage.{stage}"), points, LOOKS[place]))
    frame = Frame(counts[0].at.timestamp(), counts[-1].at.timestamp() + 1, "count")
    return line_chart(words, words("billing.open"), lines, frame)


Step = Callable[[Desk, Hand, dict[str, str]], None]


def _contain(desk: Desk, hand: Hand, form: dict[str, str]) -> None:
    moment = None
    if form["moment"].strip():
        try:
            moment = datetime.fromisoformat(form["moment"].strip())
        except ValueError:
            raise UnfitStepError("moment") from None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=desk.policy.zone)
    actions.contain(desk, hand, moment)


def _compensate(desk: Desk, hand: Hand, form: dict[str, str]) -> None:
    amount = form["amount"].strip()
    if not (amount.isascii() and amount.isdigit() and len(amount) < 16):
        raise UnfitStepError("compensation")
    actions.compensate(desk, hand, form["tariffs"].split(","), form["bucket"], int(amount))


_STEPS: dict[str, Step] = {
    "contain": _contain,
    "waive": lambda desk, hand, form: actions.waive(desk, hand, form["stage"], form["reason"]),
    "require": lambda desk, hand, form: actions.require(desk, hand, form["stage"]),
    "compensate": _compensate,
    "override": lambda desk, hand, form: actions.override(desk, hand, form["reason"]),
}


@router.post("/billing/case/{number}/{do}")
def act(
    request: Request,
    runtime: Running,
    found: Engineer,
    number: Number,
    do: str,
    version: Annotated[int, Form()],
    stage: Text = "",
    reason: Text = "",
    moment: Text = "",
    tariffs: Text = "",
    bucket: Text = "",
    amount: Text = "",
) -> Response:
    """Take a step."""
    settings_of(runtime)
    if do not in _STEPS:
        raise HTTPException(404)
    if do == "override" and not found.principal.may(Permission.ADMINISTER):
        raise HTTPException(403)
    form = {"stage": stage, "reason": reason, "moment": moment, "tariffs": tariffs, "bucket": bucket, "amount": amount}
    try:
        _STEPS[do](runtime.desk, Hand(found.principal.name, number, version), form)
    except StaleCaseError:
        return _case(request, runtime, found, number, "stale", 409)
    except UnfitStepError as error:
        return _case(request, runtime, found, number, error.word, 400)
    except NoSuchCaseError:
        raise HTTPException(404) from None
    return RedirectResponse(f"/billing/case/{number}", 303)
