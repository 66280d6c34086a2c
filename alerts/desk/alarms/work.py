"""The tickets of one transaction: which are locked or opened, what each is told, and how it is all written."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from alerts.desk.alarms import planned, recurring
from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.correlation import store as correlation
from alerts.desk.alarms.describing import describe
from alerts.desk.alarms.judging import Judged
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.opening import open_ticket
from alerts.desk.alarms.reacting import note_effects, react, waits_for_its_end
from alerts.desk.alarms.severity_note import severity_remark
from alerts.desk.core.actors import DESK
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.change import Draft, Readings
from alerts.desk.tickets.policy import Policy


class Place(NamedTuple):
    """The ticket that holds a problem's alarms: its own, or as a member or an effect another's."""

    draft: Draft
    effect: bool = False
    cause: str | None = None  # the problem that explains an effect


class Work:
    """Collects what happens to tickets; `save` lets them react and writes everything."""

    def __init__(self, connection: Connection, policy: Policy, now: datetime) -> None:
        self.connection, self.policy, self.now = connection, policy, now
        self.opening: list[Draft] = []
        self._running: list[str] | None = None  # titles of planned works
        self._places: dict[str, Place] = {}
        self._by_number: dict[int, Draft] = {}
        self._told: list[tuple[Draft, Callable[[], None]]] = []
        self._effects: dict[int, tuple[Draft, Judged]] = {}
        self._fresh: list[stored_alarms.Fresh] = []
        self._after: list[Callable[[], None]] = []
        self._reacting: dict[int, Draft] = {}

    def lock(self, keys: Sequence[str]) -> None:
        """Lock the open tickets of these problems."""
        for draft in tickets.lock_open(self.connection, keys):
            self._places[draft.problem_key] = Place(draft)
            self._by_number[draft.id] = draft

    def lock_hosts(self, keys: Sequence[str]) -> None:
        """Lock the tickets that hold alarms of these problems though they are others'."""
        hosts = correlation.hosts(self.connection, [key for key in keys if key not in self._places])
        self.lock_numbers([number for number, _, _ in hosts.values()])
        for key, (number, effect, cause) in hosts.items():
            self._places[key] = Place(self._by_number[number], effect, cause)

    def lock_numbers(self, numbers: Sequence[int]) -> None:
        """Lock tickets by their numbers."""
        missing = sorted({*numbers} - self._by_number.keys())
        for draft in tickets.lock_numbers(self.connection, missing) if missing else ():
            self._by_number[draft.id] = draft

    @property
    def locked(self) -> set[int]:
        """Return the numbers of the tickets that are locked."""
        return set(self._by_number)

    def number(self, number: int) -> Draft:
        """Return a locked ticket."""
        return self._by_number[number]

    def place_of(self, key: str) -> Place | None:
        """Return where a problem's alarms are."""
        return self._places.get(key)

    def has_as_effect(self, key: str) -> bool:
        """Return whether a problem's alarms are effects of another's."""
        place = self._places.get(key)
        return place is not None and place.effect

    def open(self, problem: Problem, judged: Judged, *, stored: bool = False) -> Draft:
        """Open a ticket for a problem; `stored` alarms are in the database already."""
        draft = open_ticket(problem, judged.fresh, self.policy.zone, self.now)
        if self._running is None:
            self._running = planned.running(self.connection, self.now)
        note = planned.remark(problem, self._running)
        if note is not None:
            draft.record(self.now, note, DESK)
        note = severity_remark([each.labels for each in judged.fresh])
        if note is not None:
            draft.record(self.now, note, DESK)
        self.opening.append(draft)
        if stored:
            judged.fresh = []
        self.tell(problem, judged, Place(draft))
        return draft

    def tell(self, problem: Problem, judged: Judged, place: Place) -> None:
        """Let a ticket know what happened to the alarms of a problem."""
        draft, effect, cause = place
        self._places.setdefault(problem.key, place)
        self._fresh += [stored_alarms.Fresh(draft, problem.key, each, effect, cause) for each in judged.fresh]
        if not (judged.began or judged.ended or waits_for_its_end(draft, judged)):
            return
        if effect:
            _, sum_of = self._effects.setdefault(id(draft), (draft, Judged()))
            sum_of.began += judged.began
            sum_of.ended += judged.ended
        else:
            self._told.append((draft, lambda: react(draft, judged, self.policy, self.now)))
            self._reacting[id(draft)] = draft

    def act(self, draft: Draft, action: Callable[[], None]) -> None:
        """Do something to a ticket once its log is read."""
        self._told.append((draft, action))

    def after(self, action: Callable[[], None]) -> None:
        """Do something once every new ticket has its number."""
        self._after.append(action)

    def save(self) -> None:
        """Let the tickets react, compute their clocks, write everything."""
        effects = list(self._effects.values())
        touched = list({id(draft): draft for draft, _ in (*self._told, *effects)}.values())
        changing = [draft for draft in touched if not draft.is_new]
        # A storm is mostly repeats: only what changes has its log read and its clocks computed.
        tickets.load_logs(self.connection, changing)
        for _, action in self._told:
            action()
        for draft, judged in effects:
            note_effects(draft, judged, self.policy.zone, self.now)
        recurring.mark(self.connection, self.opening, self.policy, self.now)
        readings: Readings = {}
        for draft in touched:
            draft.finish(self.policy, self.now, readings)
        tickets.insert(self.connection, self.opening, self.policy.publish)
        tickets.save(self.connection, changing, self.policy.publish)
        stored_alarms.insert(self.connection, self._fresh)
        for action in self._after:
            action()

    def describe(self, updated: Iterable[int]) -> None:
        """Let titles follow the alarms, once all of them are written; `updated` tickets have alarms with new texts."""
        opened = {id(draft) for draft in self.opening}
        moved = [draft for one, draft in self._reacting.items() if one not in opened and draft.firing]
        describe(self.connection, [*(draft.id for draft in moved), *updated], self.policy.zone, self.now)
