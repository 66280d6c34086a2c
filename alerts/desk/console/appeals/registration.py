"""Registration in three steps that need no mouse: the number, the broadband question, the appeal.

The number never becomes part of an address: it goes from step to step in the form.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Form, Request, Response

from alerts.desk.appeals import store
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.causes import incidents
from alerts.desk.appeals.codes import typed
from alerts.desk.appeals.contacts import Contact, ContactError, check_answer, dialled
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.link import NamedLink
from alerts.desk.appeals.registration import RefusedError, Registered, Said, register
from alerts.desk.appeals.states import AnswerBy, Entry
from alerts.desk.console.appeals.access import Registering, Ruling, checked
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.web.render import page
from alerts.desk.web.session import Running, Visitor
from alerts.desk.web.written import Lines

router = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=400)]
Long = Annotated[str, Form(max_length=10_000), Lines]
TEMPLATE = "console/appeals/registration.html"
ENTRIES = (Entry.CALL_160, Entry.CALL_165)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed so far."""

    number: str = ""
    broadband: str = ""
    service: str = ""
    code: str = ""
    region: str = ""
    answer_by: str = ""
    reach: str = ""
    name: str = ""
    crm_ref: str = ""
    claim: str = ""
    text: str = ""
    answer: str = ""


class Known(NamedTuple):
    """The caller's appeals, and the incidents that may be the reason of the call."""

    appeals: Sequence[Appeal] = ()
    tickets: Sequence[Ticket] = ()


UNKNOWN = Known()


@router.get("/appeals/new")
def number(request: Request, found: Registering, rules: Ruling) -> Response:
    """Ask for the number."""
    return _page(request, found, rules, "number")


@router.post("/appeals/new", dependencies=[Depends(checked)])
def step(
    request: Request,
    found: Registering,
    rules: Ruling,
    runtime: Running,
    number: Line = "",
    broadband: Line = "",
    ready: Line = "",
    service: Line = "",
    code: Line = "",
    region: Line = "",
    answer_by: Line = "",
    reach: Line = "",
    name: Line = "",
    crm_ref: Line = "",
    claim: Line = "",
    text: Long = "",
    answer: Long = "",
) -> Response:
    """Go one step further, or register."""
    words = Typed(
        number=number.strip(),
        broadband=broadband,
        service=service,
        code=code,
        region=region,
        answer_by=answer_by,
        reach=reach,
        name=name,
        crm_ref=crm_ref,
        claim=claim,
        text=text,
        answer=answer,
    )
    try:
        dialled("number", words.number, rules.settings.phone_country)
    except ContactError as error:
        return _page(request, found, rules, "number", words, error=error, status=400)
    if not broadband:
        return _page(request, found, rules, "broadband", *_known(runtime, rules, found, words))
    entry = Entry.CALL_165 if found.principal.role == "operator165" else Entry.CALL_160
    if not ready and broadband == "works" and entry is Entry.CALL_160:
        return _page(request, found, rules, "appeal", *_known(runtime, rules, found, words))
    try:
        done = register(runtime.database, rules, _said(words, entry, rules), found.principal.name, runtime.now())
    except (RefusedError, ContactError) as error:
        return _page(request, found, rules, "appeal", *_known(runtime, rules, found, words), error, 400)
    with runtime.database.read() as connection:
        links = store.links(connection, done.number) if done.number else []
        row = store.find(connection, done.number) if done.number else None
    proposed = [each for each in links if each.state == "proposed"]
    return _page(request, found, rules, "done", words, done=done, links=proposed, row=row)


def _said(words: Typed, entry: Entry, rules: Rules) -> Said:
    try:
        answer_by = AnswerBy(words.answer_by or AnswerBy.MOBILE)
    except ValueError:
        raise RefusedError("answer_by", "no_answer") from None
    code = typed(rules.codes, words.code)
    return Said(
        entry=entry,
        broadband=words.broadband,
        number=words.number,
        service=words.service or rules.settings.services[0],
        code=code.id if code else words.code,
        region=words.region,
        answer_by=answer_by,
        mobile=words.reach if answer_by is AnswerBy.MOBILE else "",
        city=words.reach if answer_by is AnswerBy.CITY else "",
        email=words.reach if answer_by is AnswerBy.EMAIL else "",
        name=words.name,
        text=words.text,
        answer=words.answer.strip(),
        claim=bool(words.claim),
        crm_ref=words.crm_ref,
    )


def _known(runtime: Runtime, rules: Rules, found: Visitor, words: Typed) -> tuple[Typed, Known]:
    """Return what is known of the caller at once: their appeals, their region, its incidents."""
    number = dialled("number", words.number, rules.settings.phone_country)
    with runtime.database.read() as connection:
        appeals = store.of_customer(connection, rules.keys.customers(number))
        usual = rules.settings.units.get(found.principal.name, "")
        region = words.region or next((each.region for each in appeals if each.region), usual)
        service = words.service or rules.settings.services[0]
        places = [region] if region else ["", *rules.settings.regions]
        tickets = {each.id: each for place in places for each in incidents(connection, rules, service, place)}
    answer_by = words.answer_by or _usual_answer(number)
    filled = replace(words, region=region, service=service, answer_by=answer_by)
    return filled, Known(appeals, list(tickets.values()))


def _usual_answer(number: str) -> AnswerBy:
    """Return how to answer somebody who said nothing else: on the number, mobile or city, from which they call."""
    try:
        check_answer(Contact(number, mobile=number), AnswerBy.MOBILE)
    except ContactError:
        return AnswerBy.CITY
    return AnswerBy.MOBILE


def _page(
    request: Request,
    found: Visitor,
    rules: Rules,
    step: str,
    words: Typed = Typed(),
    known: Known = UNKNOWN,
    error: RefusedError | ContactError | None = None,
    status: int = 200,
    *,
    done: Registered | None = None,
    links: Sequence[NamedLink] = (),
    row: Appeal | None = None,
) -> Response:
    return page(
        request,
        TEMPLATE,
        found,
        status,
        step=step,
        codes=rules.codes,
        services=rules.settings.services,
        regions=rules.settings.regions,
        channels=list(AnswerBy),
        problem=(error.field, error.problem) if error else None,
        **asdict(words),
        appeals=known.appeals,
        tickets=known.tickets,
        done=done,
        links=links,
        row=row,
        written="",  # the form keeps its fields
    )
