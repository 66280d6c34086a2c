"""Reports: what became of the tickets of a period, as a page and as files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from json import loads
from threading import Lock
from time import monotonic
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from alerts.desk.console.periods import Period, PeriodError, period
from alerts.desk.core.figures import figure
from alerts.desk.core.words import Words
from alerts.desk.reports import outcomes as reports
from alerts.desk.reports import store as stored
from alerts.desk.reports.outcomes import Figures, Outcome, Report, Times
from alerts.desk.reports.store import Asked, TooManyError
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Running
from alerts.desk.web.spreadsheet import Cell, download, refused
from service.cache import Cache

PERIODS = ("month", "last_month", "year")
KEPT = 16
KEPT_SECONDS = 30.0
MAX_CHOICES = 1000

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for, as it was written."""

    period: str
    first: str
    last: str
    site: str
    vendor: str

    def query(self) -> str:
        """Return the address's query; what is empty is left out."""
        values = {"period": self.period, "from": self.first, "to": self.last, "site": self.site, "vendor": self.vendor}
        filled = {name: value for name, value in values.items() if value}
        return f"?{urlencode(filled)}" if filled else ""


def wanted(request: Request) -> Wanted:
    """Read what the address asks for."""
    return Wanted(
        *(
            request.query_params.get(name, "").replace("\0", "")[:200]
            for name in ("period", "from", "to", "site", "vendor")
        )
    )


Asking = Annotated[Wanted, Depends(wanted)]


class KeptReports:
    """The latest reports, for half a minute: a page and its files tell the same, and a reload costs nothing."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._reports: Cache[Asked, Report] = Cache(KEPT, KEPT_SECONDS, clock)
        self._turn = Lock()  # one report at a time: each takes the interpreter for a good part of a second

    def get(self, runtime: Runtime, asked: Asked) -> Report:
        """Return the report of some tickets; raise TooManyError where they are too many for one."""

        def make() -> Report:
            with self._turn, runtime.database.read() as connection:
                return reports.report(stored.cases(connection, asked), runtime.policy, runtime.now())

        return self._reports.get(asked, make, runtime.policy)


@router.get("/reports")
def show(request: Request, runtime: Running, found: Reading, asking: Asking) -> Response:
    """Show the report of a period."""
    words = words_for(request, found)
    shown: Period | None = None
    made: Report | None = None
    problem = ""
    try:
        shown, made = _made(request, runtime, asking)
    except (PeriodError, TooManyError) as error:
        problem = _problem(words, error)
    with runtime.database.read() as connection:
        sites = sorted({*stored.sites(connection, MAX_CHOICES), asking.site} - {""})
    oldest = runtime.now() - timedelta(seconds=runtime.settings.retention.tickets)
    return page(
        request,
        "console/reports/reports.html",
        found,
        400 if problem else 200,
        asking=asking,
        periods=PERIODS,
        chosen=shown.name if shown else "days",
        sites=sites,
        vendors=sorted({*runtime.policy.vendors, asking.vendor} - {""}),
        problem=problem,
        period=shown,
        report=made,
        outcomes=list(Outcome),
        tables=list(_tables(words, made)) if made else [],
        contracts=[(_named(words, "vendors", name), each) for name, each in made.contracts.items()] if made else [],
        short=bool(shown and shown.instants(words.zone)[0] < oldest),
        kept_days=int(runtime.settings.retention.tickets // 86400),
        query=asking.query(),
        count=lambda value: figure(words, value, "count"),
        figure=lambda value: figure(words, value, "ratio"),
        span=lambda value: "–" if value is None else words.span(value),
    )


@router.get("/reports.csv")
def figures_file(request: Request, runtime: Running, found: Reading, asking: Asking) -> Response:
    """Return the figures of a period as a file."""
    words = words_for(request, found)
    try:
        shown, made = _made(request, runtime, asking)
    except (PeriodError, TooManyError) as error:
        return refused(_problem(words, error))
    return download(f"reports-{shown.first}-{shown.last}.csv", _FIGURES, _figure_rows(made), words.language)


@router.get("/reports/tickets.csv")
def tickets_file(request: Request, runtime: Running, found: Reading, asking: Asking) -> Response:
    """Return the tickets of a period, each with what the report says of it, as a file."""
    words = words_for(request, found)
    try:
        shown, made = _made(request, runtime, asking)
    except (PeriodError, TooManyError) as error:
        return refused(_problem(words, error))
    return download(f"tickets-{shown.first}-{shown.last}.csv", _TICKETS, _ticket_rows(made, words), words.language)


def _made(request: Request, runtime: Runtime, asking: Wanted) -> tuple[Period, Report]:
    zone = runtime.settings.zone
    today = runtime.now().astimezone(zone).date()
    shown = period(PERIODS, asking.period, (asking.first, asking.last), today)
    kept: KeptReports = request.app.state.kept_reports
    return shown, kept.get(runtime, Asked(*shown.instants(zone), asking.site, asking.vendor))


def _problem(words: Words, error: PeriodError | TooManyError) -> str:
    if isinstance(error, TooManyError):
        return words("reports.too_many", tickets=error.tickets, most=stored.MAX_TICKETS)
    return words(str(error))


def _tables(words: Words, made: Report) -> Iterator[tuple[str, list[tuple[str, Figures]]]]:
    for table, lines in _lines(made).items():
        yield table, [(_named(words, table, name), each) for name, each in lines.items()]


def _lines(made: Report) -> dict[str, Mapping[str, Figures]]:
    return {
        "months": made.months,
        "sites": made.sites,
        "vendors": made.vendors,
        "priorities": made.priorities,
        "severities": made.severities,
    }


def _named(words: Words, table: str, name: str) -> str:
    if name == reports.OTHERS:
        return words("reports.others")
    if table == "months":
        year, month = name.split("-")
        return f"{words(f'reports.month.{int(month)}')} {year}"
    if table == "severities":
        return words.of("severity", name)
    return name or words(f"reports.none.{table}")


_TIMES = ("mean time to {0} [s]", "median time to {0} [s]", "90th percentile of time to {0} [s]")
_FIGURES = (
    "table",
    "name",
    "opened",
    "restored in time",
    "restore target missed",
    "withdrawn",
    "open in time",
    "share restored in time [ratio]",
    "acknowledge target missed",
    "acknowledged",
    *(text.format("acknowledge") for text in _TIMES),
    "restored",
    *(text.format("restore") for text in _TIMES),
    *(text.format("restore by the wall clock") for text in _TIMES),
    "handed over",
    "accept target missed",
    "vendor target missed",
    *(text.format("restore at the vendor") for text in _TIMES),
)


def _figure_rows(made: Report) -> Iterator[Sequence[Cell]]:
    nothing = (None,) * 6
    yield ["all", "", *_cells(made.total), *nothing]
    for table, lines in _lines(made).items():
        for name, each in lines.items():
            contract = made.contracts.get(name) if table == "vendors" else None
            work = (contract.handed_over, contract.accepted_late, contract.late, *contract.work[1:]) if contract else ()
            yield [table, "(others)" if name == reports.OTHERS else name, *_cells(each), *(work or nothing)]


def _cells(each: Figures) -> list[Cell]:
    outcomes = [each.outcomes[outcome] for outcome in Outcome]
    times: list[Times] = [each.acknowledge, each.restore]
    return [
        each.opened,
        *outcomes,
        each.share,
        each.acknowledged_late,
        *(cell for found in times for cell in found),
        *each.elapsed[1:],
    ]


_TICKETS = (
    "number",
    "opened",
    "month",
    "site",
    "node",
    "priority",
    "severity",
    "state",
    "outcome",
    "title",
    "time to acknowledge [s]",
    "acknowledge target missed",
    "time to restore [s]",
    "time to restore by the wall clock [s]",
    "vendors",
    "time at the vendors [s]",
)


def _ticket_rows(made: Report, words: Words) -> Iterator[Sequence[Cell]]:
    for each in made.facts:
        case = each.case
        names = loads(case.names)
        used = [stay.used for stay in each.stays if stay.used is not None]
        yield [
            case.number,
            case.opened_at.astimezone(words.zone).isoformat(timespec="seconds"),
            f"{each.month:%Y-%m}",
            case.site,
            case.node,
            case.priority,
            case.severity,
            case.status.value,
            each.outcome.value,
            words.text(names),
            each.acknowledged,
            int(each.acknowledged_late),
            each.restored,
            each.elapsed,
            "; ".join(stay.vendor for stay in each.stays),
            sum(used) if used else None,
        ]
