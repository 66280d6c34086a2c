"""The runs that charge: present, once, on time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from agent.sources.billing import cells, metrics
from agent.sources.billing.moves import Moves
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample

REMEMBERED = timedelta(days=10)
RECENT = timedelta(days=2)
RUNS_OF_A_DRIFT = 7
# Started again because it failed: not the same run twice.
FAILED = ("failed", "aborted", "cancelled")


class Run(NamedTuple):
    """One row of the view."""

    kind: str
    planned: datetime | None
    started: datetime | None
    ended: datetime | None
    status: str


class Runs:
    """Formulas H1 (present), H2 (once) and H3 (no drift)."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings
        self._moves = Moves(settings, settings.calendar)

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield for each kind of run its latest start, the earliest that is missing, repeated starts and the drift."""
        rows = asking.rows("runs", since=asking.now - REMEMBERED)
        runs = [
            Run(cells.label(kind), asking.moment(planned), asking.moment(started), asking.moment(ended), str(status))
            for kind, planned, started, ended, status in rows
        ]
        for kind in sorted({run.kind for run in runs} | set(self._settings.runs)):
            yield from self._of_kind(kind, [run for run in runs if run.kind == kind], asking.now)

    def _of_kind(self, kind: str, runs: Sequence[Run], now: datetime) -> Iterator[Sample]:
        service = self._settings.service
        started = [run.started for run in runs if run.started is not None and run.started <= now]
        if started:
            yield metrics.RUN_STARTED.sample(max(started).timestamp(), service, kind)
        planned = self._missing(kind, runs, started, now)
        if planned is not None:
            yield metrics.RUN_PLANNED.sample(planned.timestamp(), service, kind)
        running = sum(run.started is not None and run.ended is None and run.status not in FAILED for run in runs)
        yield metrics.RUN_RUNNING.sample(running, service, kind)
        slots = Counter(
            run.planned or run.started
            for run in runs
            if run.started is not None and run.status not in FAILED and (run.planned or run.started) >= now - RECENT
        )
        yield metrics.RUN_SLOT_STARTS.sample(max(slots.values(), default=0), service, kind)
        delays = sorted(
            ((run.planned, (run.started - run.planned).total_seconds()) for run in runs if run.planned and run.started),
        )[-RUNS_OF_A_DRIFT:]
        if len(delays) == RUNS_OF_A_DRIFT:
            yield metrics.RUN_DRIFT.sample(median(delay for _, delay in delays), service, kind)

    def _missing(self, kind: str, runs: Sequence[Run], started: Sequence[datetime], now: datetime) -> datetime | None:
        """Return when the earliest run that has not started is due: as planned, or a period after the latest start."""
        begun = {run.planned for run in runs if run.started is not None}
        due = [run.planned for run in runs if run.planned and run.planned not in begun and run.status not in FAILED]
        if (period := self._settings.runs.get(kind)) is not None:
            latest = max(started, default=now - REMEMBERED)
            due.append(self._moves.due(latest + timedelta(seconds=period)))
        return min(due, default=None)
