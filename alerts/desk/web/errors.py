"""One shape for every error of the API: TMF621's."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from alerts.desk.core.database import is_full, is_read_only
from alerts.desk.core.invalid import faults
from alerts.desk.tickets.states import IllegalMoveError
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from service.database_trouble import remedy, trouble

log = logging.getLogger("desk.api")
RETRY_AFTER = "5"  # seconds after which a sender may try a storage that did not answer
READ_ONLY = (
    "the database is read-only and takes no changes: a standby of PostgreSQL, or a file that the desk may not write; "
    "try again once it is the primary, or writable"
)
FULL = "the disk of the database is full; make room and try again"


class Error(BaseModel):
    """TMF621's error body."""

    model_config = ConfigDict(populate_by_name=True)

    type: str = Field("Error", alias="@type")
    code: str
    reason: str
    message: str = ""
    status: str


Responses = dict[int | str, dict[str, object]]
RESPONSES: Responses = {
    status: {"model": Error, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 409, 412, 413, 503)
}
# A body that announces its size is refused before anything reads it, in plain words.
RESPONSES[413]["content"] = {"text/plain": {"schema": {"type": "string"}}}


_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": RETRY_AFTER}}


def answer(status: int, reason: str, message: str = "") -> JSONResponse:
    """Return an error as JSON."""
    body = {"@type": "Error", "code": str(status), "reason": reason, "message": message, "status": str(status)}
    return JSONResponse(body, status, _HEADERS.get(status))


_PATCHES = ("application/json-patch+json", "application/json-patch-query+json")
"""What TMF630 allows beside a merge patch, and the desk does not take."""


def _media_type(request: Request, error: RequestValidationError) -> str:
    """Return what is wrong with the type of a body that could not be read as an object; empty where that is right."""
    if not any(tuple(fault["loc"]) == ("body",) and fault["type"] != "missing" for fault in error.errors()):
        return ""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given in _PATCHES:
        return (
            f'a patch of type "{given}" is not taken; send a merge patch (RFC 7396): an object with the attributes '
            "that change, as application/merge-patch+json"
        )
    if given != "application/json" and not given.endswith("+json"):
        came = f'is "{given[:100]}"' if given else "is missing"
        return f"the body is JSON by its description, and its Content-Type {came}; send application/json"
    return ""


Page = Callable[[Request, int], Response | None]
"""A page for people who met this status, or None where the path is a machine's."""


def register(app: FastAPI, page: Page) -> None:
    """Turn what the layers below raise into answers: TMF621's error for machines, a page for people."""

    def reply(request: Request, status: int, reason: str, message: str) -> Response:
        return page(request, status) or answer(status, reason, message)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        result = reply(request, error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail))
        result.headers.update(error.headers or {})
        return result

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return reply(request, 400, "Bad Request", _media_type(request, error) or faults(error.errors()))

    @app.exception_handler(IllegalMoveError)
    def illegal(request: Request, error: IllegalMoveError) -> Response:
        return reply(request, 409, "Illegal transition", str(error))

    @app.exception_handler(StaleTicketError)
    def stale(request: Request, error: StaleTicketError) -> Response:
        return reply(request, 409, "Conflict", str(error))

    @app.exception_handler(NoSuchTicketError)
    def missing(request: Request, error: NoSuchTicketError) -> Response:
        return reply(request, 404, "Not Found", str(error))

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(InternalError)
    @app.exception_handler(PoolTimeout)
    def storage(request: Request, error: Exception) -> Response:
        log.warning("the storage does not take this", extra={"error": trouble(error)})
        sentence = "the storage does not answer; try again"
        if remedy(error):
            sentence = "the database does not work; the desk's log says why, and what to do"
        if is_read_only(error) or is_full(error):
            sentence = READ_ONLY if is_read_only(error) else FULL
        result = reply(request, 503, "Service Unavailable", sentence)
        result.headers["Retry-After"] = RETRY_AFTER
        return result
