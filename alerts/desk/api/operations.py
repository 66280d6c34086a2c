"""Addresses for those who operate the desk: is it alive, is it ready, its metrics."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from alerts.desk.access.roles import Permission
from alerts.desk.alarms import heartbeats, overrun
from alerts.desk.appeals import figures as appeal_figures
from alerts.desk.core import metrics
from alerts.desk.core.migrate import current
from alerts.desk.tickets import queries
from alerts.desk.web.errors import READ_ONLY, RESPONSES, answer
from alerts.desk.web.session import Needs, Running, near

router = APIRouter(tags=["operations"])


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """Say that the process is alive."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: RESPONSES[503]})
def readyz(runtime: Running) -> Response:
    """Return whether the storage answers with the expected schema and takes writes."""
    if not current(runtime.database):
        return answer(503, "Service Unavailable", "the database has another schema; run: ott-desk migrate")
    if not runtime.database.takes_writes():
        return answer(503, "Service Unavailable", READ_ONLY)
    return PlainTextResponse("ready\n")


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={code: RESPONSES[code] for code in (401, 403, 503)},
)
def metrics_(request: Request, runtime: Running) -> Response:
    """Return the metrics; from this machine without a token."""
    if not near(request):
        Needs(Permission.METRICS)(request)
    with runtime.database.read() as connection:
        figures = queries.figures(connection, heartbeats.last(connection, runtime.policy.watchdog))
        works = [_figure(each) for each in overrun.current(connection, runtime.now())]
        rules = request.app.state.appeals
        appeals = appeal_figures.read(connection, rules, runtime.masses, runtime.now()) if rules else None
    shown = replace(figures, works=works, appeals=appeals)
    return Response(metrics.exposition(runtime.counts, shown), media_type=CONTENT_TYPE_LATEST)


def _figure(each: overrun.Current) -> metrics.WorksFigure:
    since = each.unconfirmed.ends if each.unconfirmed else None
    return metrics.WorksFigure(each.works.number, each.works.title, each.window is not None, since, each.alarms)
