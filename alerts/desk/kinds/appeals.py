"""Appeals of customers: a resource of its own, with its own tables, clocks and roles."""

from fastapi import FastAPI, Request

from alerts.desk.access.roles import Permission
from alerts.desk.api import appeal_statistics as statistics_api
from alerts.desk.api import appeals as api
from alerts.desk.api import free_month_credits, free_months, tmf683, tmf_hub
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.console.appeals import exports, mail, mass, registration, routes, statistics
from alerts.desk.web.kind import TicketKind
from alerts.desk.web.render import Place


def _prepare(app: FastAPI) -> None:
    app.state.usual_appeals = Baseline()


def _is_on(request: Request) -> bool:
    return request.app.state.appeals is not None


KIND = TicketKind(
    name="appeals",
    api=(
        tmf683.router,
        tmf_hub.interactions,
        free_months.router,
        statistics_api.router,
        api.router,
        free_month_credits.router,
    ),
    pages=(exports.router, statistics.router, registration.router, mass.router, mail.router, routes.router),
    places=(Place("appeals", "/appeals", Permission.APPEALS, Permission.SUPPLY, _is_on),),
    prepare=_prepare,
)
