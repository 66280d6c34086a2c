"""The web application: /metrics, the state of the service, and what other programs read below /api/."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.exceptions import HTTPException

from dashboards.busy_hour.records.store import StoreError
from dashboards.busy_hour.report.report import ReportError
from dashboards.busy_hour.web import queries
from dashboards.busy_hour.web.pages import NotRecordedError, Pages
from service import __version__, planning
from service.head import Head

HERE = "here are /metrics, /healthz, /readyz and /api/series, /api/days, /api/forecast"
# ReportError: records of several steps under another zone.
STATUSES: dict[type[Exception], HTTPStatus] = {
    queries.AskedWronglyError: HTTPStatus.BAD_REQUEST,
    NotRecordedError: HTTPStatus.NOT_FOUND,
    ReportError: HTTPStatus.CONFLICT,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    int(status): {"model": planning.Problem, "description": status.phrase} for status in STATUSES.values()
}


def create_app(pages: Pages, registry: CollectorRegistry, problem: Callable[[], str | None]) -> FastAPI:
    """Return the application; `problem` tells what keeps the service from its work, None when nothing does."""
    app = FastAPI(
        title="ott-busyhour",
        version=__version__,
        description="Recorded busy hours and their forecasts, read-only.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Head)
    _register_errors(app)
    _add_operations(app, registry, problem)
    _add_answers(app, pages)
    return app


def _register_errors(app: FastAPI) -> None:
    for kind, status in STATUSES.items():

        def refuse(_: Request, error: Exception, status: HTTPStatus = status) -> Response:
            return JSONResponse({"error": str(error)}, status)

        app.add_exception_handler(kind, refuse)

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> Response:
        reason = HERE if error.status_code == HTTPStatus.NOT_FOUND else str(error.detail)
        return JSONResponse({"error": reason}, error.status_code, error.headers)


def _add_operations(app: FastAPI, registry: CollectorRegistry, problem: Callable[[], str | None]) -> None:
    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        return PlainTextResponse("alive\n")

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Response:
        found = problem()
        return PlainTextResponse(f"{found or 'ready'}\n", 503 if found else 200)


def _add_answers(app: FastAPI, pages: Pages) -> None:
    def asked(request: Request, query: queries.Query) -> dict[str, str]:
        return query.read(request.url.query)

    @app.get("/api/series", responses=RESPONSES)
    def series(request: Request) -> planning.RecordedSeries:
        asked(request, queries.NOTHING)
        return pages.series()

    @app.get("/api/days", responses=RESPONSES, openapi_extra=queries.DAYS.parameters())
    def days(request: Request) -> planning.Days:
        found = asked(request, queries.DAYS)
        return pages.days(queries.series(found), queries.day(found, "from"), queries.day(found, "to"))

    @app.get("/api/forecast", responses=RESPONSES, openapi_extra=queries.OUTLOOK.parameters())
    def forecast(request: Request) -> planning.Outlook:
        found = asked(request, queries.OUTLOOK)
        return pages.outlook(queries.series(found), lambda rules: queries.assumed(found, rules.capacities))
