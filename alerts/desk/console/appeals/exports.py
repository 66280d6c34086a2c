"""Batches of free months on the console: the billing team makes one, takes its file and confirms it."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.roles import Permission
from alerts.desk.appeals import exports
from alerts.desk.appeals.export_file import HEADER, fields, file_name
from alerts.desk.appeals.exports import NoSuchBatchError
from alerts.desk.console.appeals.access import Ruling, checked
from alerts.desk.web.forms import visiting
from alerts.desk.web.render import page
from alerts.desk.web.session import Running, Visitor
from alerts.desk.web.spreadsheet import download

HERE = "/appeals/free-months/exports"
router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def exporter(request: Request) -> Visitor:
    """Return who may take free months over into billing."""
    found = visiting(request)
    if not found.principal.may(Permission.EXPORT):
        raise HTTPException(403)
    return found


Exporting = Annotated[Visitor, Depends(exporter)]


@router.get(HERE)
def listing(request: Request, runtime: Running, found: Exporting, rules: Ruling) -> Response:
    """Show the batches, the latest first, and how many months are in none."""
    with runtime.database.read() as connection:
        batches = exports.batches(connection)
        waiting = exports.waiting(connection)
        # At most one is not confirmed, and none is made after it.
        open_ones = [each.number for each in batches[:1] if each.confirmed_at is None]
        months = exports.months(connection, rules, open_ones[0]) if open_ones else []
    nameless = sum(1 for month in months if month.problem)
    return page(
        request, "console/appeals/exports.html", found, batches=batches, waiting=waiting, nameless=nameless, base=HERE
    )


@router.get(f"{HERE}/{{number}}/csv")
def file(runtime: Running, _: Exporting, rules: Ruling, number: Number) -> Response:
    """Return the months of a batch as a CSV file."""
    try:
        with runtime.database.read() as connection:
            exports.one(connection, number)
            months = exports.months(connection, rules, number)
    except NoSuchBatchError:
        raise HTTPException(404) from None
    return download(file_name(number), HEADER, [list(fields(month).values()) for month in months])


@router.post(HERE, dependencies=[Depends(checked)])
def make(runtime: Running, found: Exporting, _: Ruling) -> Response:
    """Make a batch."""
    exports.make(runtime.database, found.principal.name, runtime.now())
    return RedirectResponse(HERE, 303)


@router.post(f"{HERE}/{{number}}/confirm", dependencies=[Depends(checked)])
def confirm(runtime: Running, found: Exporting, rules: Ruling, number: Number) -> Response:
    """Confirm a batch."""
    try:
        exports.confirm(runtime.database, rules, number, found.principal.name, runtime.now())
    except NoSuchBatchError:
        raise HTTPException(404) from None
    return RedirectResponse(HERE, 303)
