"""What readers see when something is wrong. Machines get JSON from `api.errors`; pages get a sentence."""

from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from alerts.desk.console.login.routes import form_page
from alerts.desk.web.forms import NotLoggedInError, StaleFormError
from alerts.desk.web.plain_http import MACHINES
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Visitor, visitor
from alerts.desk.web.written import came_from, kept

_SENTENCES = {403: "error.forbidden", 404: "error.missing", 503: "error.storage"}


def register(app: FastAPI) -> None:
    """Turn the console's own exceptions into pages."""

    @app.exception_handler(NotLoggedInError)
    def ask(request: Request, _: NotLoggedInError) -> Response:
        here = request.url.path if request.method == "GET" else came_from(request)
        if kept(request):
            return form_page(request, 403, "login.ended", here)
        return RedirectResponse(f"/login?next={quote(here)}", 303)

    @app.exception_handler(StaleFormError)
    def stale(request: Request, _: StaleFormError) -> Response:
        return _problem(request, 403, "error.csrf")


def page_for(request: Request, status: int) -> Response | None:
    """Return the page for an error, or None where a machine asks."""
    if request.url.path.startswith(MACHINES):
        return None
    return _problem(request, status, _SENTENCES.get(status, "error.form"))


def _problem(request: Request, status: int, sentence: str) -> Response:
    found = _visitor(request)
    return page(request, "web/problem.html", found, status, text=words_for(request, found)(sentence))


def _visitor(request: Request) -> Visitor | None:
    try:
        return visitor(request)
    except SQLAlchemyError:
        return None
