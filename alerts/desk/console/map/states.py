"""In what state every place of the topology is: by the alarms of open tickets, by what answers, by planned works."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import Connection, func, select

from alerts.desk.alarms.correlation.alarm import PLATFORM
from alerts.desk.alarms.correlation.topology import Topology
from alerts.desk.console.overview.snapshot import Present
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.queries import IS_OPEN
from alerts.desk.tickets.severities import SEVERITIES
from alerts.desk.tickets.states import Status
from alerts.desk.works.works import Works


class Condition(IntEnum):
    """What a place is, the worst first."""

    FAULT = 0  # it has a ticket of its own
    SILENT = 1  # its agent does not answer, and no ticket says so yet
    EFFECT = 2  # its alarms belong to another place's ticket
    WORKS = 3
    UNKNOWN = 4  # Prometheus has no agent there, or does not answer itself
    QUIET = 5  # no agent, no alarm
    WELL = 6


@dataclass(frozen=True, slots=True)
class State:
    """The state of a place; of a fault or an effect with its ticket, of works with their number."""

    condition: Condition
    severity: str = ""
    ticket: int = 0
    works: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """Return what sorts the worst first."""
        severity = SEVERITIES.index(self.severity) if self.severity in SEVERITIES else len(SEVERITIES)
        return self.condition, severity, self.ticket

    @property
    def look(self) -> str:
        """Return the class that says how it looks."""
        return self.severity or "indeterminate" if self.condition is Condition.FAULT else self.condition.name.lower()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the open tickets say of a place."""

    place: str
    severity: str
    ticket: int
    effect: bool


def troubles(connection: Connection) -> list[Trouble]:
    """Return what fires at which place, by ticket."""
    element, node, site = (alarm.c.labels[name].as_string() for name in ("element", "node", "site"))
    columns = (element, node, site, ticket.c.severity, ticket.c.id, correlated.c.cause_id, alarm.c.effect)
    rows = connection.execute(
        select(*columns, func.count())
        .select_from(alarm)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .outerjoin(correlated, correlated.c.ticket_id == ticket.c.id)
        .where(alarm.c.ends_at.is_(None), IS_OPEN, ticket.c.status != Status.RESOLVED)
        .group_by(*columns)
    )
    return [
        Trouble(_place(element, node, site), severity, cause or number, bool(effect or cause))
        for element, node, site, severity, number, cause, effect, _ in rows
    ]


def _place(element: str | None, node: str | None, site: str | None) -> str:
    return element or node or (f"site:{site}" if site else PLATFORM)


def states(
    topology: Topology, found: Iterable[Trouble], present: Present | None, running: Sequence[Works]
) -> Mapping[str, State]:
    """Return the state of every place of the topology, and of places that only a ticket knows."""
    told: dict[str, State] = {}
    for each in found:
        condition = Condition.EFFECT if each.effect else Condition.FAULT
        state = State(condition, "" if each.effect else each.severity, each.ticket)
        if each.place not in told or state.rank < told[each.place].rank:
            told[each.place] = state
    return {**dict(_calm(topology, present, running)), **told}


def _calm(topology: Topology, present: Present | None, running: Sequence[Works]) -> Iterable[tuple[str, State]]:
    answers = _answers(present)
    for node in topology.nodes.values():
        up = answers.get(node.name)
        condition = Condition.UNKNOWN if up is None else Condition.WELL if up else Condition.SILENT
        yield node.name, _worked_on(State(condition), {"node": node.name, "site": node.site}, running)
    for element in topology.elements.values():
        yield element.name, _worked_on(State(Condition.QUIET), {"element": element.name, "site": element.site}, running)
    for site in sorted({*topology.plan.sites, *(node.site for node in topology.nodes.values() if node.site)}):
        yield f"site:{site}", _worked_on(State(Condition.QUIET), {"site": site}, running)


def _answers(present: Present | None) -> dict[str, bool]:
    answers: dict[str, bool] = {}
    for each in (present and present.answers["nodes"]) or ():
        name = each.labels.get("node", "")
        answers[name] = answers.get(name, True) and bool(each.value)  # of two agents the silent one is worth a look
    return answers


def _worked_on(state: State, labels: dict[str, str], running: Sequence[Works]) -> State:
    """Return the state with the works that are going on there; who is silent during works is silent because of them."""
    works = next((works for works in running if works.scope.holds(labels)), None)
    return State(Condition.WORKS, works=works.number) if works else state
