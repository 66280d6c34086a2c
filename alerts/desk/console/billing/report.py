"""The month of the billings as a page and as files."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request, Response

from alerts.desk.billing.measures import SHARES
from alerts.desk.console.billing import words as said
from alerts.desk.console.billing.month import Billed, Month, Told, billed, first_of, next_month, told
from alerts.desk.console.billing.routes import settings_of
from alerts.desk.console.billing.today import first_day
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Running
from alerts.desk.web.spreadsheet import Cell, download, refused
from service.cache import Cache
from service.http_clients import inside
from service.prometheus import PrometheusError

router = APIRouter(include_in_schema=False)
KEPT, KEPT_SECONDS = 16, 60.0
FIGURES = ("runs", "late_days", "twice_days", "due", "charged", "reasons", "unexplained")
MONEY = ("charged_minor", "unexplained_minor")
SERVICE_COLUMNS = ("month", "service", "days", "known_days", "whole_days", "completeness", *FIGURES, *MONEY)
CASE_COLUMNS = (
    *("case", "ticket", "service", "fault", "state", "opened", "began", "accounts", "money_minor", "outside_minor"),
    *("returned_minor", "open_accounts", "noticed_seconds", "scoped_seconds"),
    *(f"corrected_{share}_seconds" for share in SHARES),
)


class Made(NamedTuple):
    """A report, and whether Prometheus did not answer."""

    month: Month
    failing: bool


class KeptMonths:
    """What was asked of Prometheus lately: a page and its files tell the same."""

    def __init__(self) -> None:
        self._http = inside()
        self._kept: Cache[tuple[date, date], list[Billed]] = Cache(KEPT, KEPT_SECONDS)

    def billed(self, runtime: Runtime, first: date, today: date) -> list[Billed]:
        """Return the services of a month; raise OSError or PrometheusError."""

        def ask() -> list[Billed]:
            return billed(runtime.prometheus(self._http), first, today, runtime.settings.zone)

        return self._kept.get((first, today), ask)


def asked(request: Request) -> str:
    """Return the month that the address asks for, as it was written."""
    return request.query_params.get("month", "").replace("\0", "")[:20]


Asked = Annotated[str, Depends(asked)]


@router.get("/billing/report")
def show(request: Request, runtime: Running, found: Reading, wanted: Asked) -> Response:
    """Show the report of a month."""
    settings_of(runtime)
    today = runtime.now().astimezone(runtime.settings.zone).date()
    try:
        made: Made | None = _made(request, runtime, wanted, today)
    except ValueError:
        made = None
    first, months = first_day(today), list[date]()
    while first <= today:
        months.append(first)
        first = next_month(first)
    return page(
        request,
        "console/billing/report.html",
        found,
        200 if made else 400,
        said=said,
        made=made,
        month=made.month if made else None,
        wanted=f"{made.month.first:%Y-%m}" if made else "",
        months=months[::-1],
        figures=FIGURES,
        sums=MONEY,
        shares=SHARES,
    )


@router.get("/billing/report.csv")
def services_file(request: Request, runtime: Running, found: Reading, wanted: Asked) -> Response:
    """Return the services of a month as a file."""
    words, made = words_for(request, found), _for_file(request, runtime, wanted)
    if isinstance(made, Made) and not made.failing:
        name = f"billing-{made.month.first:%Y-%m}.csv"
        return download(name, SERVICE_COLUMNS, _services(made.month), words.language)
    return refused(words("billingreport.bad_month" if made is None else "billing.no_answer"))


@router.get("/billing/report/cases.csv")
def cases_file(request: Request, runtime: Running, found: Reading, wanted: Asked) -> Response:
    """Return the cases of a month as a file."""
    words, made = words_for(request, found), _for_file(request, runtime, wanted)
    if made is None:
        return refused(words("billingreport.bad_month"))
    name = f"billing-cases-{made.month.first:%Y-%m}.csv"
    return download(name, CASE_COLUMNS, _cases(made.month.cases), words.language)


def _for_file(request: Request, runtime: Runtime, wanted: str) -> Made | None:
    settings_of(runtime)
    today = runtime.now().astimezone(runtime.settings.zone).date()
    try:
        return _made(request, runtime, wanted, today)
    except ValueError:
        return None


def _made(request: Request, runtime: Runtime, wanted: str, today: date) -> Made:
    first = first_of(wanted, today)
    kept: KeptMonths = request.app.state.kept_billing_months
    try:
        services, failing = kept.billed(runtime, first, today), False
    except (OSError, PrometheusError):
        services, failing = [], True
    with runtime.database.read() as connection:
        cases = told(connection, first, runtime.settings.zone)
    return Made(Month(first, (min(next_month(first), today) - first).days, services, cases), failing)


def _services(month: Month) -> Iterator[Sequence[Cell]]:
    for each in month.billed:
        share = None if each.share is None else round(each.share, 6)
        known = (f"{month.first:%Y-%m}", each.service, month.days, each.known_days, each.whole_days, share)
        yield *known, *(_whole(each.figures.get(name)) for name in (*FIGURES, *MONEY))


def _cases(cases: Sequence[Told]) -> Iterator[Sequence[Cell]]:
    for each in cases:
        case = each.case
        moments = (case.opened_at.isoformat(), case.since.isoformat() if case.since else None)
        yield (
            *(case.id, case.ticket_id, case.service, str(case.kind), case.state, *moments),
            *(each.scope.total if each.scope else None, each.money, each.outside, each.returned, each.open),
            *(_whole(value) for value in (each.measures.noticed, each.measures.scoped)),
            *(_whole(each.measures.corrected[share]) for share in SHARES),
        )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
