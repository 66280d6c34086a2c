"""Tickets whose alarms have ended: their conditions are evaluated, outside of any transaction.

A slow Prometheus holds no lock. A claim takes a ticket for a while; a desk that dies meanwhile loses the claim, not the
ticket. Asking has a worker to itself, since a Prometheus that hangs must not hold up deadlines.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.evaluation import rules as loaded
from alerts.desk.alarms.evaluation.finding import Doubt, Why
from alerts.desk.alarms.evaluation.questions import Ended, Questions
from alerts.desk.alarms.evaluation.rules import Rules
from alerts.desk.alarms.evaluation.verdict import doubt_about
from alerts.desk.core.actors import DESK
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets import timers
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import AlarmsChanged, Event, Kind, Unverified, Verified, Verifying
from alerts.desk.tickets.states import WORKING
from alerts.desk.tickets.timers import React
from service.prometheus import Client, PrometheusUnavailableError, QueryRejectedError

CLAIM = timedelta(seconds=30)
RECHECK = timedelta(seconds=60)  # how soon at the latest to evaluate again what is in doubt
SOON = timedelta(seconds=2)  # how soon to look again whether a sample from after the alarm's end has come
RETRY = timedelta(seconds=5)  # how soon to ask again a Prometheus that did not answer, or when there is no room now
ROOM = 100  # claimed tickets that may wait: what is claimed and not asked about in time would be claimed twice
BATCH = 25  # tickets settled in one transaction

log = logging.getLogger("desk.recovery")


class Waiting:
    """Tickets that this desk has claimed and not asked about yet. One worker claims, another one asks."""

    def __init__(self) -> None:
        self._numbers: dict[int, None] = {}
        self._lock = Lock()

    @property
    def room(self) -> int:
        """Return how many more may wait."""
        return ROOM - len(self._numbers)

    def add(self, numbers: Iterable[int]) -> None:
        """Let tickets wait; one that waits already does not wait twice."""
        with self._lock:
            self._numbers |= dict.fromkeys(numbers)

    def take(self) -> list[int]:
        """Return the tickets that waited longest."""
        with self._lock:
            first = list(self._numbers)[:BATCH]
            for number in first:
                del self._numbers[number]
        return first


class Due(NamedTuple):
    """What a round of timers did: the clocks that breached, and the tickets that are claimed to be asked about."""

    tickets: int
    breaches: Counter[str]
    to_verify: list[int]


def run_due(desk: Desk, room: int = ROOM) -> Due:
    """Deal with every ticket whose moment has come, claiming at most `room` to be asked about."""
    claimed: list[int] = []

    def react(draft: Draft, now: datetime) -> None:
        if not desk.policy.verify_recovery:
            believe(draft, now)
        elif due(draft, now, room=len(claimed) < room):
            claimed.append(draft.id)

    done = timers.run_due(desk, react)
    return Due(done.tickets, done.breaches, claimed)


def due(draft: Draft, now: datetime, *, room: bool) -> bool:
    """Claim a ticket whose moment to be asked about has come; without room for it, put it off."""
    if draft.verify_at is None or draft.verify_at > now:
        return False
    draft.verify_at = now + (CLAIM if room else RETRY)
    return room


def believe(draft: Draft, now: datetime) -> None:
    """Resolve a ticket that waits for its evaluation though nobody evaluates any more: the settings changed."""
    if draft.verify_at is not None and draft.status in WORKING and not draft.firing:
        _recovered(draft, now)


def verify(desk: Desk, numbers: Sequence[int], client: Client) -> None:
    """Evaluate the conditions of claimed tickets' alarms and act on what they come to.

    A ticket whose query is rejected or not answered in time holds up no other one. Once the server answers nothing at
    all, those that have no answer yet are put off.

    Raises:
        PrometheusUnavailableError: the server does not answer.
    """
    with desk.database.read() as connection:
        alarms = {number: stored_alarms.ended(connection, number) for number in numbers}
    reactions: dict[int, React] = dict.fromkeys(numbers, _put_off)
    try:
        rules, questions = _rules(client), Questions(client)
        for number, ended in alarms.items():
            reactions[number] = _reaction(desk, number, ended, _Asked(client, questions, rules))
    finally:
        _settle(desk, reactions)


class _Asked(NamedTuple):
    client: Client
    questions: Questions
    rules: Rules


def _rules(client: Client) -> Rules:
    try:
        return loaded.read(client)
    except (QueryRejectedError, PrometheusUnavailableError) as error:
        # A gateway may let queries pass and nothing else.
        if not client.answers():
            raise
        log.warning("the rules cannot be read; alarms count as they were told", extra={"error": str(error)})
        return Rules()


def _reaction(desk: Desk, number: int, alarms: Sequence[Ended], asked: _Asked) -> React:
    try:
        doubt = doubt_about(alarms, asked.questions, asked.rules, desk.now())
    except PrometheusUnavailableError as error:
        if not asked.client.answers():
            raise
        log.warning("a recovery is not verified yet", extra={"ticket": number, "error": str(error)})
        return _put_off_longer
    if doubt is None:
        return _recovered
    log.info("a recovery cannot be verified", extra={"ticket": number, "why": doubt.why.value, "what": doubt.what})
    last = max(alarm.ends_at for alarm in alarms)
    return lambda draft, now: _doubted(draft, doubt, last, now)


def _settle(desk: Desk, reactions: Mapping[int, React]) -> None:
    with desk.database.write() as connection:
        now = desk.now()
        # In the order of their numbers, as everybody locks several tickets.
        drafts = [
            tickets.lock(connection, number, also=(Kind.ALARMS, Kind.UNVERIFIED, Kind.VERIFYING))
            for number in sorted(reactions)
        ]
        for draft in drafts:
            # Meanwhile it may have fired again or been resolved by hand: then the answer is about the past.
            if draft.status in WORKING and not draft.firing and draft.verify_at is not None:
                reactions[draft.id](draft, now)
                draft.finish(desk.policy, now)
        tickets.save(connection, [draft for draft in drafts if draft.changed], desk.policy.publish)


def _put_off(draft: Draft, now: datetime) -> None:
    _wait(draft, "unavailable", now)
    draft.verify_at = now + RETRY


def _put_off_longer(draft: Draft, now: datetime) -> None:
    """Wait longer: the server answers others, so this ticket's query is too heavy for it, and each attempt costs."""
    _wait(draft, "slow", now)
    draft.verify_at = now + RECHECK


def _wait(draft: Draft, why: str, now: datetime) -> None:
    """Record that the recovery waits, once for each end of the alarms; a doubt that was told says more."""
    if draft.unverified:
        return
    last = next((each.body for each in reversed(draft.log) if isinstance(each.body, (AlarmsChanged, Verifying))), None)
    if not isinstance(last, Verifying):
        draft.record(now, Verifying(why), DESK)


def _recovered(draft: Draft, now: datetime) -> None:
    if draft.unverified:
        draft.record(now, Verified(), DESK)
    draft.repaired(now)


def _doubted(draft: Draft, doubt: Doubt, ended_at: datetime, now: datetime) -> None:
    """Keep the ticket open and record why, once for each reason; look again soon at first, then less often.

    Until the next scrape no sample is younger than the alarm's end; that is usual and not worth a line.
    """
    if doubt.why is Why.OLD and now - ended_at < RECHECK:
        draft.verify_at = now + SOON
        return
    if not draft.unverified or _known(draft.log) != (doubt.why, doubt.what):
        since = doubt.since.isoformat(timespec="seconds") if doubt.since else ""
        draft.record(now, Unverified(doubt.why, doubt.what, since), DESK)
    draft.unverified, draft.verify_at = True, now + min(RECHECK, max(RETRY, (now - ended_at) / 4))


def _known(log_: Sequence[Event]) -> tuple[str, str]:
    last = next((each.body for each in reversed(log_) if isinstance(each.body, Unverified)), Unverified())
    return last.why, last.what
