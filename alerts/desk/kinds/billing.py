"""Incidents of a billing: tickets whose case keeps them open until the last account is corrected."""

import logging
from collections.abc import Sequence
from functools import partial

import httpx
from fastapi import FastAPI, Request

from alerts.desk.api import billing as api
from alerts.desk.billing import rounds
from alerts.desk.console.billing import report, routes, today
from alerts.desk.core.worker import Worker
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.kind import TicketKind
from alerts.desk.web.render import Place
from alerts.desk.web.session import runtime_of

log = logging.getLogger("desk.rounds")
PERIOD = 5.0


def follow(runtime: Runtime, client: httpx.Client) -> None:
    """Open billing cases for their tickets, and take over what the agents counted."""
    settings = runtime.settings.billing
    if settings is None:
        return
    opened = rounds.open_cases(runtime.desk) if settings.cases else 0
    if opened:
        log.info("billing cases were opened", extra={"cases": opened})
    rounds.take_over(runtime.desk, settings, lambda: runtime.prometheus(client))


def _workers(runtime: Runtime, client: httpx.Client) -> Sequence[Worker]:
    return [] if runtime.settings.billing is None else [Worker("billing", PERIOD, partial(follow, runtime, client))]


def _prepare(app: FastAPI) -> None:
    app.state.billings = today.shared(app.state.runtime)
    app.state.kept_billing_months = report.KeptMonths()


def _is_on(request: Request) -> bool:
    return runtime_of(request).settings.billing is not None


KIND = TicketKind(
    name="billing",
    api=(api.router,),
    pages=(routes.router, report.router),
    places=(Place("billing", "/billing", shown=_is_on),),
    workers=_workers,
    prepare=_prepare,
)
