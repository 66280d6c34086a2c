"""What still fires long after its cause has ended is a problem of its own."""

from collections import Counter
from collections.abc import Sequence, Set
from datetime import datetime

from alerts.desk.alarms.correlation import effects, store
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.moving import Moved, outliving
from alerts.desk.alarms.correlation.outliving import Outlived, outlived
from alerts.desk.alarms.gather import Fresh, gather_again, has_waited, let_time_pass
from alerts.desk.alarms.judging import judge
from alerts.desk.alarms.move import move
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.webhook import Alert
from alerts.desk.alarms.work import Work
from alerts.desk.core.actors import DESK
from alerts.desk.core.database import Database
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.states import RELEASED, Status


def pass_time(database: Database, correlator: Correlator, policy: Policy, now: datetime) -> int:
    """Decide about what has waited long enough and release what outlived its cause; return the tickets opened.

    It is asked every second, and nearly always there is neither: nothing is locked then.
    """
    with database.read() as connection:
        if not has_waited(connection, now) and not outlived(connection, now):
            return 0
    with database.write() as connection:
        work = Work(connection, policy, now)
        found = outlived(connection, now)
        moved = _another_cause(work, correlator, found)
        taken = {one.what.holder for one in moved if one.what.folded}
        for number in found.folded:
            if number not in taken:
                _unfold(work, number)
        _part(work, correlator, found.effects, {number for one in moved for number in one.what.rows})
        if moved:
            work.after(lambda: move(work, moved))
        let_time_pass(work, correlator)
        work.save()
    return len(work.opening)


def _another_cause(work: Work, correlator: Correlator, found: Outlived) -> list[Moved]:
    """Return what still has a cause that fails, though not the one that it was given to."""
    if not found:
        return []
    ended = {cause for cause, _ in store.causes_of(work.connection, found.folded).values()}
    heads = store.heads(work.connection, work.now)
    gathered = effects.gathered(work.connection, sorted({*found.causes, *ended}))
    return outliving(gathered, [head for head in heads if head.ended is None], correlator.explainer(heads))


def _unfold(work: Work, number: int) -> None:
    work.lock_numbers([number])
    draft = work.number(number)

    def change() -> None:
        if draft.status is Status.HELD and not draft.vendor:
            draft.move(Status.IN_PROGRESS, RELEASED, DESK, work.now)

    work.act(draft, change)
    work.after(lambda: store.set_cause(work.connection, number, None, {}, fixed=True))


def _part(work: Work, correlator: Correlator, alarms: Sequence[AlarmRecord], moved: Set[int]) -> None:
    """Give effects that go on to tickets of their own; not those that another cause explains."""
    rows = [row for row in alarms if row.id not in moved]
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row.problem_key, []).append(row.id)
    found = problems_of(rows)
    fresh = [Fresh(one, judge(one, {}, work.policy, work.now, Counter(), has_ticket=True)) for one in found]
    if fresh:
        gather_again(work, correlator, fresh, numbers)


def problems_of(rows: Sequence[AlarmRecord]) -> list[Problem]:
    """Return stored alarms that fire as problems, in a stable order."""
    problems: dict[str, Problem] = {}
    for row in rows:
        labels = store.group_labels(row.labels, row.problem_key)
        problem = problems.setdefault(row.problem_key, Problem(row.problem_key, labels))
        problem.alerts.append(
            Alert(
                row.fingerprint,
                True,  # noqa: FBT003 - the alert's own field
                row.labels,
                row.annotations,
                row.starts_at,
                None,
                row.generator_url,
            )
        )
    return [problems[key] for key in sorted(problems)]
