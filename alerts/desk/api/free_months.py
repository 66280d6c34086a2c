"""Free months for the billing team: batches that are made, read and confirmed. Only these answers name customers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import JSONResponse

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.api.appeals import Ruling
from alerts.desk.api.known import only
from alerts.desk.appeals import exports
from alerts.desk.appeals.export_file import HEADER, fields, file_name
from alerts.desk.appeals.exports import Batch, NoSuchBatchError
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Needs, Running
from alerts.desk.web.spreadsheet import download

BASE = "/api/v1/appeals/free-months/exports"
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 404, 503)}
_NOTHING: Responses = {200: {"description": "The batch that is not confirmed yet"}, 204: {"description": "None waits"}}

router = APIRouter(prefix=BASE, tags=["appeals"], dependencies=[Depends(only())])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Exporter = Annotated[Principal, Depends(Needs(Permission.EXPORT))]


@router.post("", status_code=201, responses=_COMMON | _NOTHING)
def make(runtime: Running, rules: Ruling, caller: Exporter) -> Response:
    """Make a batch of all granted months that are in none; 200 with the one that is not confirmed, 204 without any."""
    found = exports.make(runtime.database, caller.name, runtime.now())
    if found is None:
        return Response(status_code=204)
    batch, new = found
    with runtime.database.read() as connection:
        months = exports.months(connection, rules, batch.number)
    body = _body(batch) | {"items": [fields(month) for month in months]}
    return JSONResponse(body, 201 if new else 200, {"Location": _address(batch), "Cache-Control": "no-store"})


@router.get("", responses=_COMMON)
def read_all(runtime: Running, _: Ruling, __: Exporter) -> Response:
    """List the last 1000 batches, the latest first, without their months."""
    with runtime.database.read() as connection:
        return JSONResponse([_body(batch) for batch in exports.batches(connection, limit=1000)])


@router.get("/{number}", responses=_COMMON)
def read(number: Number, runtime: Running, rules: Ruling, _: Exporter) -> Response:
    """Read a batch with its months."""
    try:
        with runtime.database.read() as connection:
            batch = exports.one(connection, number)
            months = exports.months(connection, rules, number)
    except NoSuchBatchError as error:
        return answer(404, "Not Found", str(error))
    body = _body(batch) | {"items": [fields(month) for month in months]}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.get("/{number}/csv", responses=_COMMON)
def read_csv(number: Number, runtime: Running, rules: Ruling, _: Exporter) -> Response:
    """Read the months of a batch as a CSV file."""
    try:
        with runtime.database.read() as connection:
            exports.one(connection, number)
            months = exports.months(connection, rules, number)
    except NoSuchBatchError as error:
        return answer(404, "Not Found", str(error))
    return download(file_name(number), HEADER, [list(fields(month).values()) for month in months])


@router.post("/{number}/confirm", responses=_COMMON)
def confirm(number: Number, runtime: Running, rules: Ruling, caller: Exporter) -> Response:
    """Confirm that billing has the batch: its months are exported. A second time changes nothing."""
    try:
        return JSONResponse(_body(exports.confirm(runtime.database, rules, number, caller.name, runtime.now())))
    except NoSuchBatchError as error:
        return answer(404, "Not Found", str(error))


def _address(batch: Batch) -> str:
    return f"{BASE}/{batch.number}"


def _body(batch: Batch) -> dict[str, object]:
    return {
        "id": batch.number,
        "href": _address(batch),
        "state": "confirmed" if batch.confirmed_at else "unconfirmed",
        "months": batch.months,
        "createdAt": batch.at.isoformat(),
        "createdBy": batch.by,
        "confirmedAt": batch.confirmed_at.isoformat() if batch.confirmed_at else None,
        "confirmedBy": batch.confirmed_by,
    }
