"""The audit trail: by or about somebody, of one kind, page after page, and as a table for a spreadsheet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from alerts.desk.access import store as access
from alerts.desk.access.records import Audited
from alerts.desk.access.store import AuditFilter
from alerts.desk.access.trail import Action
from alerts.desk.console.settings.frame import show
from alerts.desk.core.actors import PROGRAM
from alerts.desk.core.words import Words
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Administrator
from alerts.desk.web.render import words_for
from alerts.desk.web.session import Running
from alerts.desk.web.spreadsheet import MARK, written

HERE = "/settings/audit"
PER_PAGE = 50
BATCH = 1000

router = APIRouter(include_in_schema=False)


def wanted(person: str = "", kind: str = "") -> AuditFilter:
    """Read a filter from an address."""
    return AuditFilter(person.replace("\0", "").strip()[:200], kind if kind in set(Action) else "")


Wanted = Annotated[AuditFilter, Depends(wanted)]


class Line(NamedTuple):
    """One line in words."""

    row: Audited
    who: str
    what: str
    details: str


@router.get(HERE)
def audit(request: Request, runtime: Running, found: Administrator, seen: Wanted, before: int = 0) -> Response:
    """Show a page of the trail, the newest first."""
    words = words_for(request, found)
    with runtime.database.read() as connection:
        rows = access.read_audit(connection, seen, PER_PAGE + 1, before if 0 < before < 2**63 else None)
        names = [one.name for one in access.accounts(connection, runtime.now())]
        names += [one.name for one in access.tokens(connection)]
    older = rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else 0
    return show(
        request,
        "audit",
        found,
        lines=_lines(words, rows[:PER_PAGE], set(names)),
        seen=seen,
        names=sorted({*names, *(target.name for target in runtime.settings.target)}),
        kinds=list(Action),
        newest=HERE + _query(seen) if before else "",
        older=HERE + _query(seen, before=older) if older else "",
        csv=f"{HERE}.csv{_query(seen)}",
    )


@router.get(HERE + ".csv")
def download(request: Request, runtime: Running, found: Administrator, seen: Wanted) -> Response:
    """Return all lines of a filter as CSV, read and sent in pieces."""
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
    text = _csv(runtime, words_for(request, found), seen)
    return StreamingResponse(text, media_type="text/csv; charset=utf-8", headers=headers)


def _csv(runtime: Runtime, words: Words, seen: AuditFilter) -> Iterator[str]:
    titles = [words(f"audit.{name}") for name in ("when", "who", "what", "whom", "details")]
    yield MARK + written([titles], words.language)
    before = None
    while True:
        with runtime.database.read() as connection:
            names = {row.name for row in access.accounts(connection, runtime.now())}
            rows = access.read_audit(connection, seen, BATCH, before)
        yield written(
            (
                [
                    line.row.at.astimezone(words.zone).isoformat(),
                    line.who,
                    line.what,
                    line.row.subject or "",
                    line.details,
                ]
                for line in _lines(words, rows, names)
            ),
            words.language,
        )
        if len(rows) < BATCH:
            return
        before = rows[-1].id


def _lines(words: Words, rows: Sequence[Audited], names: set[str]) -> list[Line]:
    return [
        Line(row, _who(words, row, names), words.of("auditaction", row.action), _details(words, row.data))
        for row in rows
    ]


def _who(words: Words, row: Audited, names: set[str]) -> str:
    # Desks before this version wrote down whatever was typed as a name: now and then a password.
    if row.action == Action.LOGIN_FAILED and row.actor not in {*names, PROGRAM}:
        return words("audit.unknown")
    return row.actor or words("audit.unknown")


def _details(words: Words, data: Mapping[str, object]) -> str:
    parts = []
    for name, value in data.items():
        if name == "name":
            continue  # whom it is about stands beside it
        label = words.of("auditdata", name)
        if isinstance(value, list) and len(value) == 2:
            old, new = (_word(words, name, each) for each in value)
            parts.append(words("audit.from_to", name=label, old=old, new=new))
        else:
            parts.append(words("audit.pair", name=label, value=_word(words, name, value)))
    return ", ".join(parts)


def _word(words: Words, name: str, value: object) -> str:
    return words.of({"role": "role", "language": "languagename"}.get(name, "auditdata"), str(value))


def _query(seen: AuditFilter, **more: object) -> str:
    filled = {name: value for name, value in ({"person": seen.person, "kind": seen.action} | more).items() if value}
    return f"?{urlencode(filled)}" if filled else ""
