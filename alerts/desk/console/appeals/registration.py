"""Registration in three steps that need no mouse: the number, the broadband question, the appeal.

The number never becomes part of an address: it goes from step to step in the form.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from alerts.desk.appeals import store
from alerts.desk.appeals.codes import typed
from alerts.desk.appeals.contacts import Contact, ContactError, check_answer, dialled
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.registration import RefusedError, Said, register
from alerts.desk.appeals.states import AnswerBy, Entry
from alerts.desk.console.appeals.access import Registering, Ruling, checked
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.render import page
from alerts.desk.web.session import Running, Visitor

router = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=400)]
Long = Annotated[str, Form(max_length=10_000)]
TEMPLATE = "console/appeals/registration.html"
ENTRIES = (Entry.CALL_160, Entry.CALL_165)


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
    values: dict[str, Any] = {
        "number": number.strip(),
        "broadband": broadband,
        "service": service,
        "code": code,
        "region": region,
        "answer_by": answer_by,
        "reach": reach,
        "name": name,
        "crm_ref": crm_ref,
        "claim": claim,
        "text": text,
        "answer": answer,
    }
    try:
        dialled("number", values["number"], rules.settings.phone_country)
    except ContactError as error:
        return _page(request, found, rules, "number", values, error, 400)
    if not broadband:
        return _page(request, found, rules, "broadband", values | _known(runtime, rules, found, values))
    entry = Entry.CALL_165 if found.principal.role == "operator165" else Entry.CALL_160
    if not ready and broadband == "works" and entry is Entry.CALL_160:
        return _page(request, found, rules, "appeal", values | _known(runtime, rules, found, values))
    try:
        said = _said(values, entry, rules)
        done = register(runtime.database, rules, said, found.principal.name, runtime.now())
    except (RefusedError, ContactError) as error:
        return _page(request, found, rules, "appeal", values | _known(runtime, rules, found, values), error, 400)
    with runtime.database.read() as connection:
        links = store.links(connection, done.number) if done.number else []
        row = store.find(connection, done.number) if done.number else None
    result = {"done": done, "links": [each for each in links if each.state == "proposed"], "row": row}
    return _page(request, found, rules, "done", values | result)


def _said(values: dict[str, Any], entry: Entry, rules: Rules) -> Said:
    try:
        answer_by = AnswerBy(values["answer_by"] or AnswerBy.MOBILE)
    except ValueError:
        raise RefusedError("answer_by", "no_answer") from None
    code = typed(rules.codes, values["code"])
    return Said(
        entry=entry,
        broadband=values["broadband"],
        number=values["number"],
        service=values["service"] or rules.settings.services[0],
        code=code.id if code else values["code"],
        region=values["region"],
        answer_by=answer_by,
        mobile=values["reach"] if answer_by is AnswerBy.MOBILE else "",
        city=values["reach"] if answer_by is AnswerBy.CITY else "",
        email=values["reach"] if answer_by is AnswerBy.EMAIL else "",
        name=values["name"],
        text=values["text"],
        answer=values["answer"].strip(),
        claim=bool(values["claim"]),
        crm_ref=values["crm_ref"],
    )


def _known(runtime: Runtime, rules: Rules, found: Visitor, values: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of the caller at once: their appeals, their region, its incidents."""
    number = dialled("number", values["number"], rules.settings.phone_country)
    with runtime.database.read() as connection:
        appeals = store.of_customer(connection, rules.keys.customers(number))
        usual = rules.settings.units.get(found.principal.name, "")
        region = values["region"] or next((each.region for each in appeals if each.region), usual)
        service = values["service"] or rules.settings.services[0]
        places = [region] if region else ["", *rules.settings.regions]
        tickets = {each.id: each for place in places for each in store.incidents(connection, rules, service, place)}
    answer_by = values["answer_by"] or _usual_answer(number)
    known = {"appeals": appeals, "region": region, "service": service, "tickets": list(tickets.values())}
    return known | {"answer_by": answer_by}


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
    values: dict[str, Any] | None = None,
    error: RefusedError | ContactError | None = None,
    status: int = 200,
) -> Response:
    blank: dict[str, Any] = dict.fromkeys(
        ("number", "broadband", "service", "code", "region", "answer_by", "reach", "name", "crm_ref", "claim"), ""
    )
    blank |= {"text": "", "answer": "", "appeals": [], "tickets": [], "done": None, "links": [], "row": None}
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
        **blank | (values or {}),
    )
