"""One round of the impact: which tickets are due, what their series say, kept where everybody reads it."""

from collections.abc import Callable
from datetime import datetime

from alerts.desk.alarms.correlation.topology import Topology
from alerts.desk.alarms.impact import store
from alerts.desk.alarms.impact.measure import Prometheus, impact, rank
from alerts.desk.alarms.impact.scope import scope_of
from alerts.desk.core.database import Database
from service.prometheus import QueryRejectedError


def look(database: Database, topology: Topology, prometheus: Callable[[], Prometheus], now: datetime) -> int:
    """Compute the impact of the tickets that are due; return how many. Raises OSError where Prometheus fails."""
    with database.read() as connection:
        due = store.due(connection, now)
        scopes = {each.number: scope_of(store.alarms_of(connection, each.number), topology) for each in due}
    for each in due:
        scope = scopes[each.number]
        try:
            known = impact(prometheus(), scope, each.ended or now) if scope else None
        except QueryRejectedError:
            known = None  # one question that is refused concerns one ticket only
        with database.write() as connection:
            store.save(connection, each.number, known, rank(known), now)
    return len(due)
