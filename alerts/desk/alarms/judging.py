"""What the alerts of one problem come to, given what is known of them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.desk.alarms import outcome
from alerts.desk.alarms.evaluation.finding import Doubt, Why
from alerts.desk.alarms.evaluation.sender import senders_doubt
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Occurrence, Verdict
from alerts.desk.alarms.webhook import Alert
from alerts.desk.tickets.policy import Policy, wants_ticket


@dataclass(slots=True)
class Judged:
    """What one problem's alerts came to."""

    began: list[Alert] = field(default_factory=list)
    fresh: list[Occurrence] = field(default_factory=list)
    ended: int = 0
    firing: int = 0  # how many more occurrences fire than before
    over: bool = False  # by all that the sender has nothing of the problem fires
    truncated: int = 0  # alerts that the sender left out
    doubt: Doubt | None = None  # why the end of an alarm need not be a recovery


def judge(  # noqa: PLR0913 - the one place where an alert meets what is known
    problem: Problem,
    known: dict[tuple[str, str], Occurrence],
    policy: Policy,
    now: datetime,
    outcomes: Counter[str],
    *,
    has_ticket: bool,
) -> Judged:
    """Judge the alerts of one problem in the order in which they began, and count what they came to."""
    goes_on = any(alert.firing or senders_doubt(alert.annotations) for alert in problem.alerts)
    result = Judged(over=not problem.truncated and not goes_on)
    if problem.truncated:
        result.truncated, result.doubt = problem.truncated, Doubt(Why.TRUNCATED, str(problem.truncated))
    wanted = has_ticket or any(wants_ticket(alert.labels) for alert in problem.alerts)
    for alert in sorted(problem.alerts, key=lambda alert: alert.starts_at or now):
        place = (problem.key, alert.fingerprint)
        before = known.get(place)
        verdict = outcome.judge(before, alert, now, policy.late)
        if verdict is Verdict.REOPENED and before is not None and not before.in_open_ticket:
            # Its ticket is closed: the continuation is a new emergency with the same start.
            verdict = Verdict.NEW
        if verdict in (Verdict.NEW, Verdict.MISSED) and not wanted:
            outcomes[Verdict.NO_TICKET] += 1
            continue
        if verdict is Verdict.MISSED and not has_ticket and _long_ago(alert, policy, now):
            outcomes[Verdict.OLD] += 1
            continue
        fired = before is not None and before.ends_at is None and before.in_open_ticket
        new = outcome.apply(before, verdict, alert, now)
        after = known[place] = new[0] if new else before if before is not None else known[place]
        result.fresh += new
        if verdict in (Verdict.NEW, Verdict.REOPENED):
            result.began.append(alert)
        fires = after.ends_at is None and after.in_open_ticket
        result.firing += fires - fired
        if verdict is Verdict.MISSED or (fired and not fires):
            result.ended += 1
            result.doubt = senders_doubt(alert.annotations) or result.doubt
        outcomes[verdict] += 1
    return result


def _long_ago(alert: Alert, policy: Policy, now: datetime) -> bool:
    return alert.ends_at is not None and now - alert.ends_at > timedelta(seconds=policy.missed)
