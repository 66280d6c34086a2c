"""The web application: who answers what, behind which limits, with which headers."""

import logging

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.api import grouping, operations, targets, tmf621, tmf656, tmf_hub, webhook_route, works
from alerts.desk.app.kinds import KINDS
from alerts.desk.appeals.desk import Rules
from alerts.desk.console import faults, pages
from alerts.desk.core import metrics
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web import errors
from alerts.desk.web.limiter import Lane
from alerts.desk.web.plain_http import PlainHttp
from alerts.desk.web.render import places_with
from alerts.desk.web.session import Reader
from alerts.desk.web.written import keep
from service import __version__
from service.head import Head

log = logging.getLogger("desk")

WEBHOOK = "/webhook/"
HEADERS = {
    # No script and no style but our own files; nothing of ours inside another site's frame. Pictures of channels come
    # packed into one answer, which our script takes apart: that is `blob:`.
    b"content-security-policy": b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; "
    b"connect-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
}


def create_app(runtime: Runtime, correlator: Correlator | None = None, appeals: Rules | None = None) -> FastAPI:
    """Return the application around a running desk."""
    app = FastAPI(
        title="ottwatch desk",
        version=__version__,
        description="Trouble tickets from alarms: TMF621 v5, and the webhook that opens them.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=runtime.settings.limits.body,
    )
    app.state.runtime = runtime
    app.state.correlator = correlator
    app.state.appeals = appeals
    app.state.webhooks = Lane()
    errors.register(app, faults.page_for)
    app.include_router(operations.router)
    app.include_router(targets.router)
    app.include_router(webhook_route.router, max_body_size=runtime.settings.limits.webhook_body)
    app.include_router(tmf621.router)
    app.include_router(tmf_hub.router)
    app.include_router(tmf656.router)
    app.include_router(tmf_hub.problems)
    app.include_router(grouping.router)
    app.include_router(works.router)
    pages.install(app)
    for kind in KINDS:
        kind.prepare(app)
        for router in kind.api:
            app.include_router(router)
        for router in kind.pages:
            app.include_router(router, dependencies=[Depends(keep)])
        for clock in kind.clock_names:
            runtime.counts.add(metrics.SLA_BREACHES, 0, clock)
    app.state.places = places_with(place for kind in KINDS for place in kind.places)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi(_: Reader) -> dict[str, object]:
        return published(app)

    app.add_middleware(PlainHttp)
    app.add_middleware(Head)
    app.add_middleware(Headers)
    app.add_middleware(CountWebhooks, counts=runtime.counts)
    return app


def published(app: FastAPI) -> dict[str, object]:
    """Return the document without the 422 that FastAPI adds everywhere: a malformed request gets 400 here."""
    document = app.openapi()
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
    return document


class CountWebhooks:
    """Count every answer to a webhook, also those that middleware or a failed dependency gave."""

    def __init__(self, app: ASGIApp, counts: metrics.Counts) -> None:
        self.app = app
        self.counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note the status."""

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.counts.add(metrics.WEBHOOK_REQUESTS, 1, str(message["status"]))
            await send(message)

        webhook = scope["type"] == "http" and scope["path"].startswith(WEBHOOK)
        await self.app(scope, receive, noted if webhook else send)


class Headers:
    """Put the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add to its answer's headers."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS.items()]
            await send(message)

        await self.app(scope, receive, dressed)
