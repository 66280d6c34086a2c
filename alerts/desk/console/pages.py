"""The console's pages put into the application."""

from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from alerts.desk.console import faults
from alerts.desk.console.busy_hour import routes as busy_hour
from alerts.desk.console.busy_hour.client import Planner
from alerts.desk.console.channels import channel
from alerts.desk.console.channels import routes as channels
from alerts.desk.console.channels.agents import Agents
from alerts.desk.console.channels.album import Album
from alerts.desk.console.channels.details import AllDetails
from alerts.desk.console.channels.lineup import Lineup
from alerts.desk.console.channels.shelf import Shelf
from alerts.desk.console.login import routes as login
from alerts.desk.console.map import routes as map_
from alerts.desk.console.overview import routes as overview
from alerts.desk.console.overview.snapshot import NOW_PERIOD, Platform
from alerts.desk.console.queue import bulk
from alerts.desk.console.queue import routes as queue
from alerts.desk.console.reports import routes as reports
from alerts.desk.console.settings import routes
from alerts.desk.console.shared import Rendered
from alerts.desk.console.ticket import appeals as ticket_appeals
from alerts.desk.console.ticket import charts, grouping
from alerts.desk.console.ticket import routes as ticket
from alerts.desk.console.wall import routes as wall
from alerts.desk.console.works import change as works_change
from alerts.desk.console.works import routes as works
from alerts.desk.web import events
from alerts.desk.web.broadcast import Pulse
from alerts.desk.web.written import keep

PARTS, PART_SECONDS = 64, 1.0


def install(app: FastAPI) -> None:
    """Add the console to the application."""
    app.state.pulse = Pulse(app.state.runtime.database)
    app.state.measured = charts.Measured()
    app.state.shared_news = events.SharedNews()
    app.state.shared_rows = queue.SharedRows()
    app.state.platform = Platform(app.state.runtime)
    app.state.agents = Agents(app.state.runtime)
    app.state.album = Album(app.state.runtime, app.state.agents)
    app.state.shelf = Shelf(app.state.agents)
    app.state.lineup = Lineup(app.state.runtime)
    app.state.channel_details = AllDetails(app.state.runtime)
    # The mosaic changes only with a round of figures; the ages of its pictures are counted on in the browser.
    app.state.rendered_channels = Rendered(PARTS, NOW_PERIOD)
    app.state.rendered = Rendered(PARTS, PART_SECONDS)
    app.state.planner = Planner()
    app.state.kept_reports = reports.KeptReports()
    for router in (
        login.router,
        queue.router,
        bulk.router,
        ticket.router,
        charts.router,
        ticket_appeals.router,
        grouping.router,
        overview.router,
        map_.router,
        channels.router,
        channel.router,
        wall.router,
        busy_hour.router,
        reports.router,
        works.router,
        works_change.router,
        events.router,
    ):
        app.include_router(router, dependencies=[Depends(keep)])
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(routes.router, dependencies=[Depends(keep)])
    faults.register(app)
