"""The console's pages put into the application."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from alerts.desk.console import bulk, busy_hour, charts, events, faults, login, overview, queue, reports, ticket, wall
from alerts.desk.console.planner import Planner
from alerts.desk.console.platform import Platform
from alerts.desk.console.pulse import Pulse
from alerts.desk.console.settings import routes
from alerts.desk.console.shared import Rendered


def install(app: FastAPI) -> None:
    """Add the console to the application."""
    app.state.pulse = Pulse(app.state.runtime.database)
    app.state.measured = charts.Measured()
    app.state.shared_news = events.SharedNews()
    app.state.shared_rows = queue.SharedRows()
    app.state.platform = Platform(app.state.runtime)
    app.state.rendered = Rendered()
    app.state.planner = Planner()
    app.state.kept_reports = reports.KeptReports()
    for router in (
        login.router,
        queue.router,
        bulk.router,
        ticket.router,
        charts.router,
        overview.router,
        wall.router,
        busy_hour.router,
        reports.router,
        events.router,
    ):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(routes.router)
    faults.register(app)
