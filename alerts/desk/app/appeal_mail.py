"""The workers that send and fetch mail of appeals."""

import logging
from collections.abc import Collection
from functools import partial

from alerts.desk.appeals import mass_running
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mail import of_masses, sending, writing
from alerts.desk.appeals.mail.imap import fetch
from alerts.desk.appeals.mail.post import post_of
from alerts.desk.appeals.mail.receiving import receive
from alerts.desk.appeals.mass import Cell
from alerts.desk.core import appeal_metrics
from alerts.desk.core.appeal_settings import AppealMail, Imap
from alerts.desk.core.worker import Worker
from alerts.desk.notify.deliver import Pace
from alerts.desk.tickets.runtime import Runtime

log = logging.getLogger("desk.rounds")
SEND = 1.0


def workers(runtime: Runtime, rules: Rules) -> list[Worker]:
    """Return the workers that the settings ask for."""
    settings = rules.settings.mail
    if settings is None:
        return []
    pace, baseline = Pace(settings.per_minute), Baseline()
    result = [Worker("mail of appeals", SEND, partial(send, runtime, rules, pace, baseline))]
    if settings.imap is not None:
        # From the start: a mailbox that never answered has to be seen as well.
        runtime.counts.begin(appeal_metrics.MAIL_FETCHED, runtime.now().timestamp())
        result.append(
            Worker("mailbox of appeals", settings.imap.every, partial(take, runtime, rules, settings, settings.imap))
        )
    return result


def send(runtime: Runtime, rules: Rules, pace: Pace, baseline: Baseline) -> None:
    """Write what is due and send it, so many a minute."""
    post = post_of(runtime.database, rules, runtime.settings.smtp, runtime.settings.public_url)
    if post is None:
        return
    of_masses.ask(post, runtime.now())
    writing.write_due(post, runtime.now(), _masses(runtime, rules, baseline))
    while pace.allows(runtime.now()) and sending.send_one(post, runtime.now()):
        pace.used += 1
    of_masses.record(post, runtime.now())


def _masses(runtime: Runtime, rules: Rules, baseline: Baseline) -> Collection[Cell]:
    """Return the masses of this moment: the supplier is not told of their appeals one by one."""
    with runtime.database.read() as connection:
        return mass_running.held_back(connection, rules, baseline, runtime.now())


def take(runtime: Runtime, rules: Rules, settings: AppealMail, imap: Imap) -> None:
    """Fetch what is in the mailbox."""
    done = fetch(imap, lambda raw: receive(runtime.database, rules, settings, raw, runtime.now()))
    if not done.failed:
        runtime.counts.set(appeal_metrics.MAIL_FETCHED, runtime.now().timestamp())
    if done.stored:
        log.info("mail of appeals was fetched", extra={"messages": done.stored})
