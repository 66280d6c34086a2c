"""What runs beside the requests, round after round."""

import logging
from datetime import datetime, timedelta
from functools import partial

import httpx

from alerts.desk.access import people
from alerts.desk.alarms import alertmanager, watchdog
from alerts.desk.alarms import recovery as verify
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.impact.round import look
from alerts.desk.alarms.ingest import end_works, tried_again
from alerts.desk.alarms.reconcile import Memory, held_now, reconcile
from alerts.desk.alarms.release import pass_time
from alerts.desk.alarms.settle import settle_down
from alerts.desk.app import appeal_mail
from alerts.desk.app.kinds import KINDS
from alerts.desk.appeals import mass_answer, mass_store, mass_tickets
from alerts.desk.appeals import timers as appeal_timers
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mail.store import forget as forget_mail
from alerts.desk.appeals.mass import Cell
from alerts.desk.core import metrics
from alerts.desk.core.mass_notice import MassNotice
from alerts.desk.core.worker import Worker
from alerts.desk.notify.deliver import Pace, deliver_target
from alerts.desk.notify.listeners import deliver_hubs
from alerts.desk.notify.vendors import deliver_vendors
from alerts.desk.tickets.retention import forget
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.timers import measure_again
from service.http_clients import outward

log = logging.getLogger("desk.rounds")
TICK = 0.5  # seconds between looks at the due tickets
ASK = 0.2
WATCH = 5.0
DELIVER = 1.0
TIDY = 3600.0
ATTEND = 10.0
CORRELATE = 1.0
INVENTORY, UNKNOWN = 30.0, 5.0  # how often to ask which nodes there are, and as long as none is known
WORKS = 1.0
IMPACT = 3.0
APPEALS = 1.0
MASSES = 10.0


def workers(runtime: Runtime, correlator: Correlator, appeals: Rules | None = None) -> list[Worker]:
    """Return the workers that the settings ask for."""
    settings = runtime.settings
    client = outward(direct=[*settings.alertmanagers, *([settings.prometheus] if settings.prometheus else [])])
    waiting = verify.Waiting()
    result = [Worker("timers", TICK, Timers(runtime, waiting).round)]
    if settings.prometheus:
        result.append(Worker("verifier", ASK, lambda: ask(runtime, client, waiting)))
    result.append(Worker("correlation", CORRELATE, partial(correlate, runtime, correlator)))
    result.append(Worker("works", WORKS, partial(end_planned, runtime, correlator)))
    if settings.prometheus:
        result.append(Worker("inventory", UNKNOWN, partial(learn, runtime, client, correlator)))
    if settings.prometheus:
        result.append(Worker("impact", IMPACT, partial(measure_impact, runtime, client, correlator)))
    if settings.watchdog:
        result.append(Worker("watchdog", WATCH, lambda: watch(runtime)))
    for target in settings.target:
        pace = Pace(target.per_minute)
        job = partial(deliver_target, runtime, client, target, pace)
        result.append(Worker(f"target {target.name}", DELIVER, job))
    result.append(Worker("listeners", DELIVER, partial(deliver_hubs, runtime, client)))
    if settings.vendor:
        result.append(Worker("vendors", DELIVER, partial(deliver_vendors, runtime, client)))
    result.append(Worker("attendance", ATTEND, partial(attend, runtime)))
    result.append(Worker("retention", TIDY, partial(tidy, runtime)))
    result += [worker for kind in KINDS for worker in kind.workers(runtime, client)]
    if appeals is not None:
        result.append(Worker("appeals", APPEALS, partial(pass_time_of_appeals, runtime, appeals)))
        result.append(Worker("contacts", TIDY, partial(forget_contacts, runtime, appeals)))
        result.append(Worker("mass appeals", MASSES, partial(watch_masses, runtime, appeals, Baseline(), {})))
        result += appeal_mail.workers(runtime, appeals)
    if settings.alertmanagers:
        memory = Memory()
        result.append(Worker("reconciler", settings.reconcile, lambda: compare(runtime, client, memory, correlator)))
    return result


class Timers:
    """Deals with the tickets whose moment has come; the moments are computed by the present settings first."""

    def __init__(self, runtime: Runtime, waiting: verify.Waiting) -> None:
        self._runtime, self._waiting, self._measured = runtime, waiting, False

    def round(self) -> None:
        """Do what is due."""
        runtime = self._runtime
        if not self._measured:
            moved = measure_again(runtime.desk)
            if moved:
                log.info("deadlines moved with the settings", extra={"tickets": moved})
            self._measured = True
        passed = verify.run_due(runtime.desk, self._waiting.room)
        for clock, number in passed.breaches.items():
            runtime.counts.add(metrics.SLA_BREACHES, number, clock)
        self._waiting.add(passed.to_verify)


def end_planned(runtime: Runtime, correlator: Correlator) -> None:
    """Open tickets for what still fires when planned works end."""
    done = end_works(runtime.database, runtime.policy, runtime.now(), correlator)
    runtime.counts.add(metrics.TICKETS_OPENED, done.opened)


def ask(runtime: Runtime, client: httpx.Client, waiting: verify.Waiting) -> None:
    """Ask Prometheus about the recovered tickets that wait."""
    prometheus = runtime.prometheus(client)
    while numbers := waiting.take():
        verify.verify(runtime.desk, numbers, prometheus)


def correlate(runtime: Runtime, correlator: Correlator) -> None:
    """Decide about problems that have waited for their cause long enough; group again once no more come."""
    known = runtime.database, correlator, runtime.policy
    opened = tried_again(lambda: pass_time(*known, runtime.now()))
    opened += tried_again(lambda: settle_down(*known, runtime.now()))
    runtime.counts.add(metrics.TICKETS_OPENED, opened)


def learn(runtime: Runtime, client: httpx.Client, correlator: Correlator) -> None:
    """Ask Prometheus which nodes there are; at once, and again soon, where it did not answer yet."""
    now = runtime.now()
    if not correlator.learned_since(now - timedelta(seconds=INVENTORY)):
        correlator.learn(runtime.prometheus(client).query)
        correlator.learned = now


def measure_impact(runtime: Runtime, client: httpx.Client, correlator: Correlator) -> None:
    """Compute how many viewers open tickets concern."""
    look(runtime.database, correlator.topology, lambda: runtime.prometheus(client), runtime.now())


def tidy(runtime: Runtime) -> None:
    """Forget what is old enough."""
    keep = runtime.settings.retention
    gone = forget(runtime.database, runtime.now(), keep.tickets, keep.messages)
    if any(gone):
        log.info("old records were deleted", extra={"tickets": gone[0], "messages": gone[1]})


def pass_time_of_appeals(runtime: Runtime, rules: Rules) -> None:
    """Let appeals notice what time it is, and which incidents are over."""
    appeal_timers.run_due(runtime.database, rules, runtime.now())
    appeal_timers.follow_incidents(runtime.database, rules, runtime.now())
    mass_answer.give(runtime.database, rules, runtime.now())


def watch_masses(runtime: Runtime, rules: Rules, baseline: Baseline, waiting: dict[Cell, datetime]) -> None:
    """Look whether more customers appeal about the same than chance explains, and open an emergency ticket for it."""
    writes = rules.settings.mail is not None
    opening = mass_tickets.Opening(runtime.database, rules, runtime.policy, writes, waiting)
    opened = mass_tickets.look(opening, baseline, runtime.now())
    if opened:
        runtime.counts.add(metrics.TICKETS_OPENED, opened)
    with runtime.database.read() as connection:
        found = mass_store.current(connection, rules, baseline, runtime.now())
    runtime.masses = [
        MassNotice(each.cell.group, each.cell.region, each.cell.service, each.customers) for each in found
    ]


def forget_contacts(runtime: Runtime, rules: Rules) -> None:
    """Delete the contacts of appeals that are over for long enough, and what was written with them."""
    gone = appeal_timers.forget_contacts(runtime.database, runtime.now())
    forget_mail(runtime.database, runtime.now(), rules.settings.keep_contacts)
    if gone:
        log.info("contacts of appeals were deleted", extra={"contacts": gone})


def attend(runtime: Runtime) -> None:
    """Write down who was seen."""
    seen = runtime.attendance.take()
    if seen:
        with runtime.database.write() as connection:
            people.write_seen(connection, seen)


def watch(runtime: Runtime) -> None:
    """Check that the watchdog alert is still arriving."""
    done = watchdog.watch(runtime.database, runtime.policy, runtime.now())
    if done:
        runtime.counts.add(metrics.TICKETS_OPENED, done.opened)


def compare(runtime: Runtime, client: httpx.Client, memory: Memory, correlator: Correlator) -> None:
    """Compare the desk with every Alertmanager that answers."""
    memory.before = held_now(runtime.database).keys()
    states = []
    failure: OSError | None = None
    for base in runtime.settings.alertmanagers:
        try:
            states.append(alertmanager.read(client, base, runtime.settings.receiver))
        except OSError as error:
            failure = error
    if states:
        now = runtime.now()
        repaired = reconcile(runtime.database, states, runtime.policy, now, memory, correlator)
        for outcome, number in repaired.items():
            runtime.counts.add(metrics.RECONCILE_REPAIRS, number, str(outcome))
            log.warning("lost webhooks were repaired", extra={"outcome": str(outcome), "alarms": number})
        if failure is None:
            runtime.counts.set(metrics.RECONCILE_LAST_SUCCESS, now.timestamp())
    if failure:
        raise failure
