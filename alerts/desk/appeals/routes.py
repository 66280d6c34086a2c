"""Routes: who deals with an appeal and what happens to it, looked up in `routes.toml`.

Nothing is guessed: a fact or a value that the table does not know, and facts that no row fits, raise ValueError.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import chain
from pathlib import Path

from service.settings import load

TABLE = Path(__file__).with_name("routes.toml")
Facts = Mapping[str, str]


class Do(StrEnum):
    """What a route asks for."""

    HAND_OVER_TO_160 = "hand_over_to_160"
    HAND_OVER_TO_165 = "hand_over_to_165"
    REGISTER_AT_165 = "register_at_165"  # under the existing procedure for broadband: no appeal about the service
    REGISTER = "register"
    REFUSE_ANSWER_CHANNEL = "refuse_answer_channel"
    COMPLETE_INTERACTION = "complete_interaction"
    CLOSE_ANSWERED = "close_answered"
    ADD_INTERACTION = "add_interaction"
    COUNT_REPEAT = "count_repeat"
    SHOW_CABINET_REQUEST = "show_cabinet_request"
    LINK_CABINET_REQUEST = "link_cabinet_request"
    PROPOSE_INCIDENT = "propose_incident"
    CHILD_OF_BILLING_CASE = "child_of_billing_case"
    CRM_REFERENCE = "crm_reference"
    REQUEST_SUPPLIER = "request_supplier"
    WITHHOLD_REQUEST = "withhold_request"
    QUEUE_160 = "queue_160"
    QUEUE_BRANCH = "queue_branch"
    QUEUE_UNROUTED = "queue_unrouted"
    ANSWER_BY_BRANCH = "answer_by_branch"
    ANSWER_THROUGH_160 = "answer_through_160"
    HOLD_SUPPLIER = "hold_supplier"
    HOLD_VENDOR = "hold_vendor"
    ASK_REFERENCE = "ask_reference"
    ANSWER_CLOCK = "answer_clock"
    BRANCH_CLOCK = "branch_clock"
    VENDOR_CLOCK = "vendor_clock"
    LAW_CLOCK = "law_clock"
    PROPOSE_COMPENSATION = "propose_compensation"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Route:
    """A row: it fits if each fact of `when` has one of the values given."""

    id: str
    when: dict[str, tuple[str, ...]]
    then: tuple[str, ...]
    more: bool = False

    def fits(self, facts: Facts) -> bool:
        """Return whether the row fits these facts; a fact that is absent fits nothing."""
        return all(facts.get(name) in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, and the facts that they may ask about."""

    facts: dict[str, tuple[str, ...]]
    route: tuple[Route, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        known = {each.value for each in Do}
        for row in self.route:
            for name, values in row.when.items():
                if unknown := set(values) - set(self.facts.get(name, ())):
                    raise ValueError(f'route {row.id}: when: {name} is never "{min(unknown)}"; see the table facts')
            if unknown := set(row.then) - known:
                raise ValueError(f'route {row.id}: then: "{min(unknown)}" is not known; see appeals/routes.py')


@dataclass(frozen=True, slots=True)
class Way:
    """The rows that fitted, and what they ask for together."""

    rows: tuple[str, ...]
    actions: tuple[Do, ...]

    def asks(self, action: Do) -> bool:
        """Return whether an action is asked for."""
        return action in self.actions


@cache
def table() -> Table:
    """Return the table as it is shipped."""
    return load(TABLE, Table)


def route(facts: Facts, rows: Table | None = None) -> Way:
    """Return where the facts lead; raise ValueError for facts that are not known or that no row fits."""
    used = rows or table()
    for name, value in facts.items():
        if value not in used.facts.get(name, ()):
            raise ValueError(f'{name}: "{value}" is no value that the routes know')
    fitting: list[Route] = []
    for row in used.route:
        if row.fits(facts):
            fitting.append(row)
            if not row.more:
                return Way(tuple(each.id for each in fitting), _together(fitting))
    raise ValueError(f"no route fits: {', '.join(f'{name}={value}' for name, value in facts.items())}")


def _together(fitting: Sequence[Route]) -> tuple[Do, ...]:
    """Return the actions of some rows, each once; a request that a row withholds is not asked for."""
    asked = dict.fromkeys(Do(each) for each in chain.from_iterable(row.then for row in fitting))
    if Do.WITHHOLD_REQUEST in asked:
        asked.pop(Do.REQUEST_SUPPLIER, None)
    return tuple(asked)
