"""What people do to planned works: plan, change, extend, confirm the end, cancel, take from a calendar."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, HTTPException, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from alerts.desk.access.trail import By
from alerts.desk.console.works import forms
from alerts.desk.console.works.routes import known, show, show_form, show_list
from alerts.desk.core.words import Words, catalogue
from alerts.desk.web.forms import Engineer, by
from alerts.desk.web.render import words_for
from alerts.desk.web.session import Running, Visitor, runtime_of
from alerts.desk.works import importing, recording, store
from alerts.desk.works.changes import extended, finished
from alerts.desk.works.ical_lines import decoded
from alerts.desk.works.works import Works, WorksError

LARGEST = 2 * 1024 * 1024  # bytes of a calendar

router = APIRouter(include_in_schema=False)
Fields = Annotated[forms.Given, Depends(forms.given)]
Changed = Callable[[Works], Sequence[Works]]
Keep = Callable[[Connection, Works, By, datetime], Works]


class ChangedMeanwhileError(Exception):
    """Somebody else changed the works since the form was made."""


@router.post("/works")
async def plan(request: Request, found: Engineer, fields: Fields) -> Response:
    """Plan works."""
    try:
        works = forms.works_of(fields, None)
    except WorksError as error:
        return await show_form(request, found, fields, None, 400, said(words_for(request, found), error))
    kept = await run_in_threadpool(_store, request, found, works)
    return RedirectResponse(f"/works/{kept.number}", 303)


@router.post("/works/import")
def take(request: Request, runtime: Running, found: Engineer, calendar: Annotated[UploadFile, File()]) -> Response:
    """Take works from a calendar; events that are known by their UID are replaced."""
    words = words_for(request, found)
    content = calendar.file.read(LARGEST + 1)
    try:
        if len(content) > LARGEST:
            raise WorksError("the file is larger than 2 MiB")
        text, now = decoded(content), runtime.now()
        works = importing.take(runtime.database, text, runtime.settings.time_zone, by(request, found), now)
    except ValueError as error:
        return show_list(request, found, status=400, problem=words("works.not_taken", why=str(error)))
    return RedirectResponse(f"/works?taken={len(works)}", 303)


@router.post("/works/{number}")
async def change(request: Request, number: str, found: Engineer, fields: Fields) -> Response:
    """Change works."""
    before = await run_in_threadpool(known, request, number)
    words = words_for(request, found)
    try:
        works = forms.works_of(fields, before)
        await run_in_threadpool(_change, request, found, before.number, fields.version, lambda _: [works])
    except WorksError as error:
        return await show_form(request, found, fields, before, 400, said(words, error))
    except ChangedMeanwhileError:
        now = await run_in_threadpool(known, request, number)
        return await show_form(request, found, forms.fields_of(now), now, 409, words("works.changed"))
    return RedirectResponse(f"/works/{before.number}", 303)


@router.post("/works/{number}/extend")
def extend(
    request: Request, number: str, runtime: Running, found: Engineer, ends: forms.Short = "", version: forms.Short = ""
) -> Response:
    """Extend a window."""

    def longer(works: Works) -> Sequence[Works]:
        return extended(works, forms.moment("ends", ends), runtime.now())

    return _do(request, found, number, version, longer)


@router.post("/works/{number}/finish")
def finish(request: Request, number: str, runtime: Running, found: Engineer, version: forms.Short = "") -> Response:
    """Confirm that works are finished."""
    return _do(request, found, number, version, lambda works: [finished(works, runtime.now())])


@router.post("/works/{number}/cancel")
def cancel(request: Request, number: str, found: Engineer, version: forms.Short = "") -> Response:
    """Cancel works."""
    return _do(request, found, number, version, lambda works: [works], recording.cancel)


def _do(
    request: Request,
    found: Visitor,
    number: str,
    version: str,
    changed: Changed,
    keep: Keep = recording.record,
) -> Response:
    words, works = words_for(request, found), known(request, number)
    try:
        kept = _change(request, found, works.number, version, changed, keep)
    except WorksError as error:
        return show(request, found, works, 400, said(words, error))
    except ChangedMeanwhileError:
        return show(request, found, known(request, number), 409, words("works.changed"))
    return RedirectResponse(f"/works/{kept[-1].number}", 303)


def _change(
    request: Request, found: Visitor, number: int, version: str, changed: Changed, keep: Keep = recording.record
) -> Sequence[Works]:
    runtime = runtime_of(request)
    with runtime.database.write() as connection:
        works = store.find(connection, number, lock=True)
        if works is None:
            raise HTTPException(404)
        if forms.version(works) != version:
            raise ChangedMeanwhileError
        now = runtime.now()
        return [keep(connection, each, by(request, found), now) for each in changed(works)]


def _store(request: Request, found: Visitor, works: Works) -> Works:
    runtime = runtime_of(request)
    now = runtime.now()
    with runtime.database.write() as connection:
        # The same works once more are those of a button that was pressed twice.
        there = {replace(each, number=0, uid=""): each for each in store.relevant(connection, now)}
        return there.get(works) or recording.record(connection, works, by(request, found), now)


def said(words: Words, error: WorksError) -> str:
    """Return what is wrong with a field, in the reader's language."""
    field = str(error).partition(":")[0].partition(",")[0]
    return words.of("works.wrong", field) if f"works.wrong.{field}" in catalogue(words.language) else str(error)
