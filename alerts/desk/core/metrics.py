"""The desk's own metrics: the catalogue, what is counted while running, what is read from the database."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family

from alerts.desk.core import appeal_metrics
from alerts.desk.core.appeal_metrics import AppealFigures
from service import __version__
from service.metric import Metric, Sample, families

TICKETS = Metric("ott_desk_tickets", "gauge", "Open tickets.", ("status", "severity", "owner"))
TICKETS_OPENED = Metric("ott_desk_tickets_opened_total", "counter", "Tickets that this desk opened.")
SLA_BREACHES = Metric("ott_desk_sla_breaches_total", "counter", "Targets that were missed, by clock.", ("clock",))
WEBHOOK_ALERTS = Metric(
    "ott_desk_webhook_alerts_total", "counter", "Alerts received, by what they changed.", ("outcome",)
)
WEBHOOK_REQUESTS = Metric(
    "ott_desk_webhook_requests_total", "counter", "Webhooks answered; Alertmanager drops what gets a 4xx.", ("code",)
)
UNREADABLE_FIGURES = Metric(
    "ott_desk_unreadable_figures_total",
    "counter",
    "Marked figures in the texts of alerts received that could not be read; the texts show them as they came.",
)
OUTBOX_PENDING = Metric("ott_desk_outbox_pending", "gauge", "Messages that wait for their delivery.")
OUTBOX_DEAD = Metric("ott_desk_outbox_dead", "gauge", "Messages given up after the last attempt.")
OUTBOX_OLDEST = Metric(
    "ott_desk_outbox_oldest_timestamp_seconds",
    "gauge",
    "When the oldest message that waits for its delivery was written; no sample where none waits.",
    ("target",),
)
RECIPIENTS_REFUSED = Metric(
    "ott_desk_recipients_refused_total",
    "counter",
    "Recipients of messages that a server refused for good.",
    ("target",),
    reader="ad hoc",
)
WATCHDOG_LAST = Metric(
    "ott_desk_watchdog_last_timestamp_seconds", "gauge", "When the alert that never stops was last received."
)
TICKET_DEADLINE = Metric(
    "ott_desk_ticket_deadline_timestamp_seconds",
    "gauge",
    "When a running clock of an open ticket ends.",
    ("ticket", "clock", "priority", "node"),
)
RECONCILE_REPAIRS = Metric(
    "ott_desk_reconcile_repairs_total",
    "counter",
    "Differences from Alertmanager's own list that were repaired: each is a webhook that did not arrive.",
    ("outcome",),
)
RECONCILE_LAST_SUCCESS = Metric(
    "ott_desk_reconcile_last_success_timestamp_seconds",
    "gauge",
    "When every configured Alertmanager was last compared with the desk.",
)
WORKS_RUNNING = Metric(
    "ott_desk_works_running", "gauge", "1 for each planned works of which a window runs.", ("works", "title")
)
WORKS_OVERRUN = Metric(
    "ott_desk_works_overrun_timestamp_seconds",
    "gauge",
    "When the window of planned works ended whose end nobody has confirmed; no sample where that is not awaited.",
    ("works", "title"),
)
WORKS_OUTLIVED = Metric(
    "ott_desk_works_outlived_alarms",
    "gauge",
    "Alarms that began during planned works and still fire after their end.",
    ("works", "title"),
)
RELOAD_SUCCESSFUL = Metric(
    "ott_desk_config_last_reload_successful",
    "gauge",
    "1 if settings and topology were taken over when they were last read, 0 if the old ones stayed.",
)
BUILD_INFO = Metric(
    "ott_desk_build_info", "gauge", "1, labelled with the desk's version.", ("version",), reader="ad hoc"
)

MOST_WORKS = 100  # series of each metric of planned works
LONGEST_TITLE = 100
CLOCKS = ("acknowledge", "restore", "accept", "vendor")


class WorksFigure(NamedTuple):
    """Planned works that run or have overrun."""

    number: int
    title: str
    running: bool
    overrun_since: datetime | None
    outlived: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What `/metrics` reads from the database."""

    tickets: Mapping[tuple[str, str, str], int]
    deadlines: Sequence[tuple[int, str, str, str, datetime]]
    outbox_pending: int
    outbox_dead: int
    outbox_oldest: Mapping[str, datetime]
    watchdog: datetime | None
    works: Sequence[WorksFigure] = ()
    appeals: AppealFigures | None = None  # None: the desk takes none


class Counts:
    """What this process counted and noted."""

    def __init__(self) -> None:
        self._lock = Lock()
        # All from the start: of a counter that begins with its first miss, `increase` does not see that miss.
        begun: list[tuple[Metric, tuple[str, ...]]] = [(TICKETS_OPENED, ()), (UNREADABLE_FIGURES, ())]
        begun += [(SLA_BREACHES, (clock,)) for clock in CLOCKS]
        self._values = defaultdict(float, dict.fromkeys(begun, 0.0))
        self.set(RELOAD_SUCCESSFUL, 1.0)  # what the process began with

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            self._values[metric, labels] += amount

    def set(self, metric: Metric, value: float) -> None:
        """Set a gauge that has no labels."""
        with self._lock:
            self._values[metric, ()] = value

    def begin(self, metric: Metric, value: float) -> None:
        """Set a gauge that has no labels, unless it was set before."""
        with self._lock:
            self._values.setdefault((metric, ()), value)

    def samples(self) -> Iterator[Sample]:
        """Return the counters as they stand."""
        with self._lock:
            values = dict(self._values)
        for (metric, labels), value in values.items():
            yield metric.sample(value, *labels)


def samples(counts: Counts, figures: Figures) -> Iterator[Sample]:
    """Yield everything that `/metrics` shows."""
    if figures.appeals is not None:
        yield from appeal_metrics.samples(figures.appeals)
    yield BUILD_INFO.sample(1, __version__)
    yield from counts.samples()
    for (status, severity, owner), number in figures.tickets.items():
        yield TICKETS.sample(number, status, severity, owner)
    for ticket, clock, priority, node, moment in figures.deadlines:
        yield TICKET_DEADLINE.sample(moment.timestamp(), str(ticket), clock, priority, node)
    yield OUTBOX_PENDING.sample(figures.outbox_pending)
    yield OUTBOX_DEAD.sample(figures.outbox_dead)
    for target, moment in figures.outbox_oldest.items():
        yield OUTBOX_OLDEST.sample(moment.timestamp(), target)
    if figures.watchdog is not None:
        yield WATCHDOG_LAST.sample(figures.watchdog.timestamp())
    for each in figures.works[:MOST_WORKS]:
        named = str(each.number), each.title[:LONGEST_TITLE]
        if each.running:
            yield WORKS_RUNNING.sample(1, *named)
        if each.overrun_since is not None:
            yield WORKS_OVERRUN.sample(each.overrun_since.timestamp(), *named)
        if each.outlived:
            yield WORKS_OUTLIVED.sample(each.outlived, *named)


class _Once:
    """A prometheus-client collector over samples that exist already."""

    def __init__(self, counts: Counts, figures: Figures) -> None:
        self._samples = list(samples(counts, figures))

    def collect(self) -> Iterator[Family]:
        """Return the families."""
        return families(self._samples)


def exposition(counts: Counts, figures: Figures) -> bytes:
    """Return the text that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(counts, figures))
    return generate_latest(registry)
