"""What happens because time passes: warnings, breaches, closing, asking again.

A ticket's `due_at` says when. Several desks share one PostgreSQL: each claims due tickets by locking their rows and
skips those that another holds; the effect and the new `due_at` are one commit, so each moment is dealt with once, also
over a kill in between.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.desk.core.actors import DESK
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.change import Draft, Readings
from alerts.desk.tickets.events import Escalated, HandedOver, Warned
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.states import CONFIRMED, STILL_FIRING, Status

BATCH = 200

React = Callable[[Draft, datetime], None]
"""What another part of the desk does with a ticket whose moment has come."""


@dataclass(slots=True)
class Passed:
    """What a round of timers did."""

    tickets: int = 0
    breaches: Counter[str] = field(default_factory=Counter)


def run_due(desk: Desk, react: React) -> Passed:
    """Deal with every ticket whose moment has come, and let `react` do so, too; return what was done."""
    done = Passed()
    while True:
        with desk.database.write() as connection:
            now = desk.now()
            drafts = tickets.claim_due(connection, now, BATCH)
            for draft in drafts:
                done.breaches.update(pass_time(draft, desk.policy, now))
                react(draft, now)
                draft.finish(desk.policy, now)
            tickets.save(connection, [draft for draft in drafts if draft.changed], desk.policy.publish)
        done.tickets += len(drafts)
        if len(drafts) < BATCH:
            return done


def measure_again(desk: Desk) -> int:
    """Compute the deadlines of all open tickets: the settings may have changed; return how many moved."""
    last = moved = 0
    while True:
        with desk.database.write() as connection:
            now = desk.now()
            numbers = tickets.open_after(connection, last, BATCH)
            if not numbers:
                return moved
            drafts = tickets.load_logs(connection, tickets.lock_numbers(connection, numbers))
            readings: Readings = {}
            for draft in drafts:
                draft.finish(desk.policy, now, readings)
            changed = [draft for draft in drafts if draft.changed]
            tickets.save(connection, changed, desk.policy.publish)
        moved += len(changed)
        last = numbers[-1]


def pass_time(draft: Draft, policy: Policy, now: datetime) -> list[str]:
    """Let a ticket notice what time it is; return the clocks that breached."""
    draft.measure(policy, now)
    breaches = warn(draft, now)
    if (
        draft.status is Status.RESOLVED
        and not draft.kept_open
        and now >= draft.status_at + timedelta(seconds=policy.confirmation)
    ):
        if draft.firing:
            # Someone called it repaired while it fires on: a confirmation window cannot confirm that.
            draft.move(Status.IN_PROGRESS, STILL_FIRING, DESK, now)
        else:
            draft.move(Status.CLOSED, CONFIRMED, DESK, now)
    return breaches


def warn(draft: Draft, now: datetime) -> list[str]:
    """Record the warnings that are reached and not told yet; return the clocks that breached."""
    breaches = []
    for name, clock in draft.clocks.items():
        for percent in clock.warnings():
            vendor = _vendor_of(draft) if name == "vendor" else ""
            draft.record(now, Warned(name, percent, vendor, clock.priority), DESK)
            if percent == 100:
                breaches.append(name)
            if percent == 100 and name == "accept":
                # The vendor does not answer: ask again, one level higher.
                draft.record(now, Escalated(name, _vendor_of(draft)), DESK)
    return breaches


def _vendor_of(draft: Draft) -> str:
    return next(each.body.vendor for each in reversed(draft.log) if isinstance(each.body, HandedOver))
