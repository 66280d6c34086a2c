"""Registering an appeal: what the customer said becomes facts, routes say what follows, one transaction stores it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from alerts.desk.appeals import causes, store
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.codes import Code
from alerts.desk.appeals.contacts import Contact, ContactError, check_answer, dialled
from alerts.desk.appeals.desk import Rules, terms_of
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.interaction import NewInteraction
from alerts.desk.appeals.routes import Do, Way, route
from alerts.desk.appeals.states import FINAL, AnswerBy, Entry, Queue, Status
from alerts.desk.appeals.terms import frozen
from alerts.desk.core.database import Database
from alerts.desk.tickets.ticket import Ticket

LONGEST = {"text": 10_000, "answer": 10_000, "crm_ref": 64, "cabinet_ref": 64, "tariff": 200, "name": 200, "email": 320}
_QUEUES = {Do.QUEUE_160: Queue.CALLS_160, Do.QUEUE_BRANCH: Queue.BRANCH, Do.QUEUE_UNROUTED: Queue.UNROUTED}


@dataclass(frozen=True, slots=True)
class Said:
    """What is known at the registration; the number is as it was typed."""

    entry: Entry
    broadband: str  # works, broken, unknown
    number: str
    service: str
    code: str
    region: str = ""
    answer_by: AnswerBy = AnswerBy.MOBILE
    mobile: str = ""
    city: str = ""
    email: str = ""
    name: str = ""
    text: str = ""
    answer: str = ""  # where it can be answered at once
    claim: bool = False
    crm_ref: str = ""
    cabinet_ref: str = ""
    tariff: str = ""  # by which a billing case is found; it is not kept
    appealed_at: datetime | None = None  # the cabinet's stamp, the start of the call; None: now


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of it: the way that the routes chose, and the appeal, if there is one."""

    way: Way
    number: int | None
    repeat: bool = False
    interaction: int = 0  # the contact that was stored


class RefusedError(ValueError):
    """The registration lacks something; `field` is what, `problem` is a key of the texts."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


def register(database: Database, rules: Rules, said: Said, by: str, now: datetime) -> Registered:
    """Register what a customer said; raise RefusedError or ContactError naming the field that is missing."""
    for _ in range(2):
        try:
            with database.write() as connection:
                return _Registration(connection, rules, said, by, now).run()
        except IntegrityError:
            # Another desk registered the same at this moment: the next attempt finds that appeal open.
            continue
    with database.write() as connection:
        return _Registration(connection, rules, said, by, now).run()


def register_within(connection: Connection, rules: Rules, said: Said, by: str, now: datetime) -> Registered:
    """Register what a customer said in a transaction that is open already."""
    return _Registration(connection, rules, said, by, now).run()


@dataclass(frozen=True, slots=True)
class _Registration:
    """One registration in its transaction."""

    connection: Connection
    rules: Rules
    said: Said
    by: str
    now: datetime

    def run(self) -> Registered:
        """Ask the routes, and do what they say."""
        number, code = self._checked()
        customers = self.rules.keys.customers(number)
        known = store.open_like(self.connection, customers, self.said.service, self.said.code)
        cabinet = self._cabinet_request(customers)
        cases = self._billing_cases(code)
        tickets = causes.incidents_of(self.connection, self.rules, self.said.service, self.said.region, code)
        contact = self._contact(number)
        problem = _problem(contact, self.said.answer_by)
        facts = {
            **self._facts(code),
            "cabinet_request": "yes" if cabinet else "no",
            "answer_channel": "invalid" if problem else "valid",
            "repeat": "yes" if known else "no",
            "incident": "yes" if tickets else "no",
            "billing_case": "yes" if cases else "no",
        }
        try:
            way = route(facts)
        except ValueError:
            raise RefusedError("broadband", "ask_broadband") from None
        if way.asks(Do.REFUSE_ANSWER_CHANNEL) and problem:
            raise problem
        if code is None or not way.asks(Do.REGISTER):
            old = cabinet if way.asks(Do.SHOW_CABINET_REQUEST) or way.asks(Do.LINK_CABINET_REQUEST) else known
            return self._no_appeal(way, old)
        draft = self._new(code, self.rules.keys.customer(number), way)
        store.create(self.connection, self.rules, draft, contact)
        draft.record(ev.Registered(draft.appealed_at), self.by, self.now)
        draft.give(Queue(draft.queue), self.by, self.now)
        if way.asks(Do.LAW_CLOCK):
            draft.record(ev.ClaimReceived(), self.by, self.now)
        said = self._interaction(draft.id, "appeal")
        if way.asks(Do.CHILD_OF_BILLING_CASE):
            self._propose(draft, cases[0])
        if way.asks(Do.PROPOSE_INCIDENT):
            self._propose(draft, tickets[0])
        if way.asks(Do.CLOSE_ANSWERED):
            self._answer_at_once(draft)
        store.save(self.connection, self.rules, draft, self.now)
        return Registered(way, draft.id, interaction=said)

    def _billing_cases(self, code: Code | None) -> list[Ticket]:
        if code is None or not code.billing:
            return []
        return causes.billing_cases(self.connection, self.said.service, self.said.tariff)

    def _propose(self, draft: Draft, cause: Ticket) -> None:
        store.add_link(self.connection, draft.id, cause.id, "proposed", actor=self.by, at=self.now)
        draft.record(ev.Linked(cause.id, "proposed"), self.by, self.now)

    def _checked(self) -> tuple[str, Code | None]:
        said = self.said
        number = dialled("number", said.number, self.rules.settings.phone_country)
        if said.service not in self.rules.settings.services:
            raise RefusedError("service", "no_service")
        if said.region and said.region not in self.rules.settings.regions:
            raise RefusedError("region", "no_region")
        code = self.rules.codes.get(said.code)
        if code is None and said.entry is not Entry.CALL_165:  # which hands over before a code matters
            raise RefusedError("code", "no_code")
        if said.appealed_at is not None and said.appealed_at > self.now:
            raise RefusedError("appealed_at", "in_future")
        for name, longest in LONGEST.items():
            if len(getattr(said, name)) > longest or "\0" in getattr(said, name):
                raise RefusedError(name, "too_long")
        return number, code

    def _facts(self, code: Code | None) -> dict[str, str]:
        said = self.said
        return {
            "step": "registration",
            "entry": str(said.entry),
            "broadband": said.broadband,
            "answerable": "yes" if said.answer else "no",
            "region": "known" if said.region else "unknown",
            "request": "yes" if code and code.kind == "request" else "no",
            "claim": "yes" if said.claim else "no",
            **self.rules.questions.facts(),
        }

    def _cabinet_request(self, customers: list[str]) -> Draft | None:
        if self.said.entry is not Entry.CALL_165:
            return None  # only 165 treats its callers by it
        for each in store.of_customer(self.connection, customers):
            if each.entry == Entry.CABINET and each.service == self.said.service and each.status not in FINAL:
                return store.lock(self.connection, each.id)
        return None

    def _contact(self, number: str) -> Contact:
        """Return the contact; the number that the customer is known by serves for the answer where none is given."""
        said, country = self.said, self.rules.settings.phone_country
        given = {str(AnswerBy.MOBILE): said.mobile, str(AnswerBy.CITY): said.city}
        if said.answer_by in given and not given[said.answer_by]:
            given[said.answer_by] = number
        for field, text in given.items():
            try:
                given[field] = dialled(field, text, country) if text else ""
            except ContactError:
                # A number that is not needed for the answer must not stop the registration.
                given[field] = text if field == said.answer_by else ""
        return Contact(number, said.email, given[AnswerBy.MOBILE], given[AnswerBy.CITY], said.name)

    def _new(self, code: Code, customer: str, way: Way) -> Draft:
        said, now = self.said, self.now
        draft = store.fresh()
        draft.version = 0
        draft.change("status", Status.ACKNOWLEDGED.value)
        draft.status_reason, draft.status_at = "", now
        draft.queue = next((queue for do, queue in _QUEUES.items() if way.asks(do)), Queue.CALLS_160).value
        draft.owner = ""
        draft.entry = said.entry.value
        draft.kind, draft.code, draft.code_group = code.kind, code.id, code.group
        draft.service, draft.region = said.service, said.region
        draft.answer_by = said.answer_by.value
        draft.fault = ""
        draft.claim = said.claim
        draft.repeats = 0
        draft.request_due = way.asks(Do.REQUEST_SUPPLIER)
        draft.crm_ref, draft.cabinet_ref = said.crm_ref, said.cabinet_ref
        draft.customer = customer
        draft.route = " ".join(way.rows)
        draft.change("terms", frozen(terms_of(self.rules.questions, said.entry)))
        draft.appealed_at, draft.registered_at = said.appealed_at or now, now
        draft.late = False
        return draft

    def _answer_at_once(self, draft: Draft) -> None:
        draft.move(Status.RESOLVED, self.by, self.now)
        draft.deliver(self.now, self.by, self.now)
        self._interaction(draft.id, "answer", "outbound", self.said.answer)

    def _no_appeal(self, way: Way, old: Draft | None) -> Registered:
        """Record a contact that makes no appeal: it is added to an open one, or handed over."""
        handed = (Do.HAND_OVER_TO_165, Do.HAND_OVER_TO_160, Do.REGISTER_AT_165)
        reason = next((str(do) for do in handed if way.asks(do)), "repeat")
        said = self._interaction(old.id if old else None, reason)
        if old is None:
            return Registered(way, None, interaction=said)
        if way.asks(Do.COUNT_REPEAT):
            old.repeats = old.repeats + 1
            old.record(ev.Repeated(), self.by, self.now)
        if way.asks(Do.LAW_CLOCK) and not old.claim:
            old.claim = True
            old.record(ev.ClaimReceived(), self.by, self.now)
        store.save(self.connection, self.rules, old, self.now)
        return Registered(way, old.id, repeat=True, interaction=said)

    def _interaction(self, number: int | None, reason: str, direction: str = "inbound", text: str = "") -> int:
        # Of somebody who is handed over no word is kept: there is no appeal that would say for how long.
        said = (text or self.said.text) if number is not None else ""
        at = self.said.appealed_at or self.now
        fresh = NewInteraction(number, direction, self.said.entry.value, reason, at, self.by)
        return store.add_interaction(self.connection, self.rules, fresh, said)


def _problem(contact: Contact, answer_by: AnswerBy) -> ContactError | None:
    try:
        check_answer(contact, answer_by)
    except ContactError as error:
        return error
    return None
