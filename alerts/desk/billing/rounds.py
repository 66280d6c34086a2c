"""What happens to cases by itself: they open with a ticket, take over what the agent counted, and are closed.

Every effect is one transaction with the case locked, and follows from rows and figures alone: several desks, restarts
and repeated rounds change nothing.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts.desk.billing import store
from alerts.desk.billing.case import CLOSED, OPEN, WATCHED, Case, Frozen, blockers
from alerts.desk.billing.figures import ALL, Figures, read
from alerts.desk.core.actors import DESK
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.kept_json import to_json
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.states import TERMINAL, Status
from service.prometheus import Client

REOPENED = "correction open"
TYPE = "billingIncident"
"""The type of a ticket that has a case."""


def open_cases(desk: Desk) -> int:
    """Open a case for each service and kind of fault that has a ticket and no case; return how many."""
    with desk.database.read() as connection:
        if not store.without_case(connection):
            return 0
    done = 0
    with desk.database.write() as connection:
        now = desk.now()
        known = {(case.service, case.kind) for case in store.current(connection)}
        for (service, kind), found in store.without_case(connection).items():
            if (service, kind) in known:
                continue
            draft = tickets.lock(connection, found.ticket_id)
            number = store.create(
                connection,
                ticket_id=found.ticket_id,
                service=service,
                kind=str(kind),
                reference=f"case-{found.ticket_id}-{secrets.token_hex(4)}",
                key=secrets.token_hex(16),
                opened_at=found.opened_at,
            )
            store.tell(connection, number, now, DESK, "opened")
            draft.kept_open, draft.ticket_type = OPEN, TYPE
            draft.finish(desk.policy, now)
            tickets.save(connection, [draft], desk.policy.publish)
            done += 1
    return done


def take_over(desk: Desk, settings: BillingCaseSettings, prometheus: Callable[[], Client]) -> int:
    """Take over what the agents counted of the cases that are not closed; return how many there are.

    Raise PrometheusUnavailableError or QueryRejectedError; what is known then grows old, and says so.
    """
    with desk.database.read() as connection:
        numbers = [case.id for case in store.current(connection)]
    if not numbers:
        return 0
    chosen = "|".join(map(str, numbers))
    found = read(prometheus().query(f'{{__name__=~"{"|".join(ALL)}",case=~"{chosen}"}}'))
    for number in numbers:
        with desk.database.write() as connection:
            _take_over(connection, desk, settings, number, found.get(number))
    return len(numbers)


def _take_over(
    connection: Connection, desk: Desk, settings: BillingCaseSettings, number: int, figures: Figures | None
) -> None:
    now = desk.now()
    case = store.lock(connection, number)
    if figures is not None and (case.counted_at is None or figures.at > case.counted_at):
        case = _counted(connection, case, figures)
    final = next((each for each in reversed(store.scopes(connection, number)) if each.final), None)
    blocked = bool(blockers(case, final, settings, now))
    if blocked:
        zero_since, state = None, OPEN
    else:
        zero_since = case.zero_since or now
        ended = now - zero_since >= timedelta(seconds=settings.watched) and case.clean
        state = CLOSED if ended and _resolved(connection, case) else WATCHED
    changes: dict[str, object] = {"zero_since": zero_since}
    if state != case.state:
        changes |= {"state": state, "closed_at": now if state == CLOSED else None}
        store.tell(connection, number, now, DESK, state)
    store.change(connection, number, **changes)
    _keep(connection, desk, case, "" if state == CLOSED else state, now)


def _counted(connection: Connection, case: Case, figures: Figures) -> Case:
    """Store what was counted: the latest figures, a version of the scope where it has changed, the burn-down."""
    versions = store.scopes(connection, case.id)
    last = versions[-1] if versions else None
    final = case.contained_at is not None and figures.settled
    frozen = any(each.final for each in versions)
    if figures.scope.subscriptions and not frozen and (final or last is None or last.scope != figures.scope):
        version = Frozen(last.version + 1 if last else 1, figures.at, final, figures.scope)
        store.freeze(connection, case.id, version)
        store.tell(connection, case.id, figures.at, DESK, "frozen", version=version.version, final=final)
    if figures.stages and figures.stages != case.stages:
        store.add_count(connection, case.id, figures.at, figures.stages)
    # The beginning stays as it was found first; the agent asks no further back from then on.
    since = case.since or (figures.since if figures.scope.subscriptions else None)
    store.change(
        connection, case.id, counted_at=figures.at, figures=to_json(figures.kept), since=since, clean=figures.clean
    )
    return store.lock(connection, case.id)


def _resolved(connection: Connection, case: Case) -> bool:
    return tickets.lock(connection, case.ticket_id).status in {Status.RESOLVED, *TERMINAL}


def _keep(connection: Connection, desk: Desk, case: Case, kept: str, now: datetime) -> None:
    """Let the ticket be ended, or not any more."""
    draft = tickets.lock(connection, case.ticket_id)
    if draft.kept_open == kept or draft.status in TERMINAL:
        return
    if kept == OPEN and draft.status is Status.RESOLVED:
        draft.move(Status.IN_PROGRESS, REOPENED, DESK, now)
    draft.kept_open = kept
    draft.finish(desk.policy, now)
    tickets.save(connection, [draft], desk.policy.publish)
