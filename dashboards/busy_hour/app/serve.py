"""The service: records each day shortly after it ends, keeps /metrics up to date, mails the month.

Recording runs on a scheduler's thread; a scrape only reads the last complete result. The newest day comes first, so
that after a pause the figures of yesterday are there before those of last month.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from dashboards.busy_hour.app import mail, reports
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures.quantities import sources
from dashboards.busy_hour.measures.series import HOUR, LocalDay
from dashboards.busy_hour.records.faults import SourceError
from dashboards.busy_hour.records.query import Server
from dashboards.busy_hour.records.recorder import Recorder
from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report.words import Words
from dashboards.busy_hour.web import metrics
from dashboards.busy_hour.web.application import create_app
from dashboards.busy_hour.web.pages import Pages
from dashboards.busy_hour.web.server import WebServer
from service import __version__, systemd
from service import mail as smtp
from service.metric import Sample, families
from service.program import Exit
from service.setting_types import host_and_port
from service.settings import SettingsError

LOG = logging.getLogger(__name__)

WINDOW = timedelta(days=30)
PATIENCE = 3 * 24 * HOUR  # how long a month's report waits for days that cannot be recorded (project rule)
RETRY = 600.0  # a server that was away is asked again ten minutes later
STARTING, AGAIN = 180.0, 15.0  # how long a server may take that starts with this one, and when it is asked again


@dataclass
class Service:
    """What the scheduler runs and the scrape reads."""

    chosen: Settings
    store: Store
    server: Server
    clock: Callable[[], float]
    send: mail.Send = smtp.send
    stopping: threading.Event = field(default_factory=threading.Event)
    _samples: list[Sample] = field(default_factory=list)
    _failures: int = 0
    _last_success: float | None = None
    _failing: str | None = None
    _running: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> bool:
        """Record what is missing, refresh the figures, mail what is due; return whether all of it succeeded."""
        with self._running:
            if self.stopping.is_set():
                return True
            fine = self._attempt("recording", self._record)
            self._attempt("figures", self._refresh)
            fine &= self._attempt("mail", partial(self._mail, recorded=fine))
            if fine:
                self._last_success = self.clock()
            return fine

    def stop(self) -> None:
        """Begin no further day, and wait until the run under way has ended."""
        self.stopping.set()
        with self._running:
            pass

    def samples(self) -> Iterable[Sample]:
        """Return the last complete figures."""
        yield metrics.BUILD_INFO.sample(1, __version__)
        yield metrics.FAILURES.sample(self._failures)
        if self._last_success is not None:
            yield metrics.LAST_RUN.sample(self._last_success)
        yield from list(self._samples)

    def problem(self) -> str | None:
        """Return what keeps the service from its work, None when it can do it."""
        try:
            self.store.ping()
            self.server.ping()
        except OSError as error:
            return str(error)
        return None

    def _record(self) -> None:
        now = self.clock()
        recorder = Recorder(
            self.server, self.store, sources(self.chosen.source), self.chosen.calendar, self.chosen.replica_labels
        )
        problems: list[str] = []
        for span in self._days(now):
            if self.stopping.is_set():
                return
            try:
                written = recorder.record([span], now)
            except SourceError as error:
                # What else is measured does not wait until somebody corrects a source.
                problems.append(str(error))
                written = 1
            # Show the newest day at once; the older ones may take a while.
            if written and span.end + 2 * 24 * HOUR > now:
                self._attempt("figures", self._refresh)
        if problems:
            raise SourceError(problems[0])

    def _days(self, now: float) -> list[LocalDay]:
        calendar = self.chosen.calendar
        today = calendar.day_of(now)
        first = calendar.day_of(now - self.chosen.catch_up)
        spans = calendar.days(first, today - timedelta(days=1)) if first < today else []
        return [span for span in reversed(spans) if span.end + self.chosen.record_after <= now]

    def _refresh(self) -> None:
        """Compute the figures again; raise ValueError for series that allow none, when all others have theirs."""
        found: list[Sample] = []
        problems: list[str] = []
        recorded = self.store.series()
        rules = reports.rules_of(self.chosen)
        yesterday = rules.calendar.day_of(self.clock()) - timedelta(days=1)
        for scope, quantity, _, last, _ in recorded:
            if last < yesterday - WINDOW:
                continue  # a node that is gone, or history imported long ago
            period = (last - WINDOW + timedelta(days=1), last)
            try:
                for report in reports.build_all(self.store, rules, ([scope], [quantity]), period):
                    found.extend(metrics.samples(report))
            except ValueError as error:
                problems.append(f"{quantity} of {scope}: {error}")
        if recorded:
            newest = rules.calendar.day(max(last for *_, last, _ in recorded))
            found.append(metrics.RECORDED.sample(newest.start))
        self._samples = found
        if problems:
            raise ValueError("; ".join(problems))

    def _mail(self, *, recorded: bool) -> None:
        """Mail the report of the last month, unless days of it may still be recorded."""
        wanted, server = self.chosen.mail, self.chosen.smtp
        if wanted is None or server is None:
            return
        now = self.clock()
        rules = reports.rules_of(self.chosen)
        this_month = rules.calendar.day_of(now).replace(day=1)
        last_day = this_month - timedelta(days=1)
        month = last_day.replace(day=1)
        ended = rules.calendar.day(last_day).end
        due = ended + (self.chosen.record_after if recorded else PATIENCE) <= now
        if not due or self.store.mailed(month):
            return
        # Another busy hour on the same database may be sending this very report.
        with self.store.turn("mail"):
            if not self.store.mailed(month):
                self._mail_month(month, last_day, now)

    def _mail_month(self, month: date, last_day: date, now: float) -> None:
        wanted, server = self.chosen.mail, self.chosen.smtp
        if wanted is None or server is None:
            return
        rules = reports.rules_of(self.chosen)
        pairs = [
            (scope, quantity)
            for scope, quantity, first, last, _ in self.store.series()
            if first <= last_day and last >= month and not scope.startswith("node:")
        ]
        made = [
            report
            for scope, quantity in pairs
            for report in reports.build_all(self.store, rules, ([scope], [quantity]), (month, last_day))
        ]
        if made:
            readers = mail.Readers(server, wanted.to, Words(self.chosen.language), wanted.attach)
            message = mail.message(made, month, readers, now)
            mail.deliver(self.store, month, wanted.to, lambda to: self.send(server, message, to), now)
            LOG.info("monthly report sent", extra={"month": f"{month:%Y-%m}", "reports": len(made)})

    def _attempt(self, what: str, action: Callable[[], None]) -> bool:
        try:
            action()
        except (OSError, ValueError) as error:
            self._failures += 1
            text = f"{what}: {error}"
            if text != self._failing:  # once per change, not at every retry
                LOG.error("failed", extra={"what": what, "problem": str(error)})  # noqa: TRY400 - expected, no trace
            self._failing = text
            return False
        if self._failing is not None and self._failing.startswith(f"{what}:"):
            LOG.info("works again", extra={"what": what})
            self._failing = None
        return True


class _Scrape(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterable[Family]:
        return families(self._service.samples())


def web_of(service: Service) -> WebServer:
    """Return the web server, bound but not yet serving; raise OSError where it may not listen."""
    registry = CollectorRegistry()
    registry.register(_Scrape(service))
    pages = Pages(service.store, lambda: reports.rules_of(service.chosen))
    return WebServer(host_and_port(service.chosen.listen), create_app(pages, registry, service.problem))


def schedule(service: Service, scheduler: BackgroundScheduler) -> None:
    """Run as soon as the server answers, then every day after local midnight; after a failure again ten minutes later.

    Where the whole machine starts, the server may take longer than this program: for three minutes its absence is no
    failure.
    """
    chosen = service.chosen
    began = service.clock()

    def later(action: Callable[[], None], seconds: float, name: str) -> None:
        at = datetime.fromtimestamp(service.clock() + seconds, chosen.time_zone)
        scheduler.add_job(action, "date", run_date=at, id=name, replace_existing=True, misfire_grace_time=None)

    def job() -> None:
        if not service.run():
            later(job, RETRY, "retry")

    def start() -> None:
        if service.clock() < began + STARTING and service.problem() is not None:
            later(start, AGAIN, "start")
        else:
            job()

    begins = datetime.combine(date(2000, 1, 1), chosen.day_begins) + timedelta(seconds=chosen.record_after)
    daily = CronTrigger(hour=begins.hour, minute=begins.minute, second=begins.second, timezone=chosen.time_zone)
    scheduler.add_job(job, daily, id="daily", coalesce=True, misfire_grace_time=None, replace_existing=True)
    scheduler.add_job(start, id="start", misfire_grace_time=None, replace_existing=True)


def run(read: Callable[[], Settings], store: Store, server: Server, stopping: threading.Event) -> int:
    """Serve until SIGTERM or SIGINT, and set `stopping` then; SIGHUP reads the settings again."""
    service = Service(read(), store, server, time.time, stopping=stopping)
    wake = threading.Event()
    asked: set[int] = set()

    def on_signal(number: int, _: FrameType | None) -> None:
        asked.add(number)
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    try:
        web = web_of(service)
    except OSError as error:
        LOG.error("cannot listen", extra={"address": service.chosen.listen, "problem": str(error)})  # noqa: TRY400
        return Exit.FAILED
    scheduler = BackgroundScheduler(timezone=service.chosen.time_zone)
    schedule(service, scheduler)
    scheduler.start()
    web.start()
    LOG.info("serving", extra={"address": f"http://{service.chosen.listen}"})
    systemd.notify("READY=1")
    pulse = systemd.watchdog_interval()
    while True:
        wake.wait(pulse)
        wake.clear()
        if web.is_serving():
            systemd.notify("WATCHDOG=1")
        if asked & {signal.SIGTERM, signal.SIGINT}:
            break
        if signal.SIGHUP in asked:
            asked.discard(signal.SIGHUP)
            _reload(service, scheduler, read)
    systemd.notify("STOPPING=1")
    # The scheduler would hold its lock while it waits for a job, and a job that fails asks it for another.
    scheduler.shutdown(wait=False)
    service.stop()
    web.stop()
    server.close()
    store.close()
    return Exit.FINE


def _reload(service: Service, scheduler: BackgroundScheduler, read: Callable[[], Settings]) -> None:
    """Take the planner's settings again; where to listen, ask and store stays until a restart."""
    try:
        fresh = read()
    except SettingsError as error:
        LOG.error("the settings stay as they were", extra={"problem": str(error)})  # noqa: TRY400
        return
    fixed = ("listen", "prometheus", "database")
    changed = [key for key in fixed if getattr(fresh, key) != getattr(service.chosen, key)]
    if changed:
        LOG.warning("takes effect after a restart", extra={"keys": ", ".join(changed)})
    service.chosen = fresh
    schedule(service, scheduler)
    LOG.info("settings read again")
