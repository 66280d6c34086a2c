"""Appeals over the API: the personal cabinet registers them, other systems read them. No answer holds a contact."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field, StrictBool, StrictStr
from pydantic.alias_generators import to_camel

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.api.known import only
from alerts.desk.api.tmf_models import Wire
from alerts.desk.appeals import clocks, store
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.contacts import ContactError
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.registration import RefusedError, Said, register
from alerts.desk.appeals.states import AnswerBy, Entry
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Needs, Running

BASE = "/api/v1/appeals"
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 404, 503)}

router = APIRouter(prefix=BASE, tags=["appeals"], dependencies=[Depends(only())])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
PROBLEMS = {
    "no_number": "is no telephone number",
    "not_mobile": "is no mobile number",
    "not_city": "is no city number",
    "no_mailbox": "is no e-mail address",
    "no_service": "is no service of this desk; see appeals.services",
    "no_region": "is no region of this desk; see appeals.regions, or leave it out",
    "no_code": "is no code of this desk",
    "ask_broadband": "is missing; ask whether broadband works",
    "in_future": "lies in the future",
    "too_long": "is too long",
}


class AppealIn(Wire):
    """What a customer wrote in the personal cabinet."""

    number: StrictStr
    service: StrictStr
    code: StrictStr
    region: StrictStr = Field("", description="The branch; without one the appeal waits for a route.")
    text: StrictStr = ""
    name: StrictStr = ""
    answer_by: AnswerBy = AnswerBy.EMAIL
    email: StrictStr = ""
    mobile: StrictStr = ""
    city: StrictStr = ""
    claim: StrictBool = False
    cabinet_ref: StrictStr = ""
    tariff: StrictStr = Field("", description="Of a fee: billing cases of other tariffs are not its cause.")
    appealed_at: AwareDatetime | None = Field(None, description="When it was written; without it, now.")


def rules_of(request: Request) -> Rules:
    """Return the rules of appeals, or answer 404 where the desk takes none."""
    rules: Rules | None = request.app.state.appeals
    if rules is None:
        raise HTTPException(404, "this desk takes no appeals: its settings have no table [appeals]")
    return rules


Ruling = Annotated[Rules, Depends(rules_of)]
Registrar = Annotated[Principal, Depends(Needs(Permission.REGISTER))]
Seer = Annotated[Principal, Depends(Needs(Permission.APPEALS))]


@router.post("", status_code=201, responses=_COMMON)
def create(request: Request, given: AppealIn, runtime: Running, caller: Registrar) -> Response:
    """Register an appeal of the personal cabinet; 200 where it was added to one that is open already."""
    rules = rules_of(request)  # after the body was read: what is wrong in it is told by every desk
    values = {name: getattr(given, name) for name in AppealIn.model_fields}
    said = Said(entry=Entry.CABINET, broadband="unknown", **values)
    try:
        done = register(runtime.database, rules, said, caller.name, runtime.now())
    except (RefusedError, ContactError) as error:
        return answer(400, "Bad Request", f"{to_camel(error.field)}: {PROBLEMS[error.problem]}")
    with runtime.database.read() as connection:
        row = store.find(connection, done.number or 0)
    if row is None:
        raise HTTPException(500)
    body = _body(row) | {"routes": list(done.way.rows)}
    return JSONResponse(body, 200 if done.repeat else 201, {"Location": _address(row)})


@router.get("", responses=_COMMON, dependencies=[Depends(rules_of)])
def read_all(runtime: Running, _: Seer) -> Response:
    """List the open appeals, the most urgent first."""
    with runtime.database.read() as connection:
        return JSONResponse([_body(row) for row in store.listing(connection, limit=1000)])


@router.get("/{number}", responses=_COMMON)
def read(number: Number, runtime: Running, rules: Ruling, _: Seer) -> Response:
    """Read an appeal with its clocks."""
    with runtime.database.read() as connection:
        row = store.find(connection, number)
        log = store.log_of(connection, number)
    if row is None:
        return answer(404, "Not Found", f"there is no appeal {number}")
    found = clocks.read(log, row.terms, rules.calendars, runtime.now())
    times = {
        clock.name: {"target": clock.target, "used": clock.used, "state": str(clock.state), "late": clock.late}
        for clock in found.values()
    }
    return JSONResponse(_body(row) | {"clocks": times})


def _body(appeal: Appeal) -> dict[str, object]:
    def moment(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "id": appeal.id,
        "href": _address(appeal),
        "status": appeal.status,
        "statusChangeReason": appeal.status_reason,
        "ticketType": appeal.kind,
        "queue": appeal.queue,
        "channel": appeal.entry,
        "code": appeal.code,
        "service": appeal.service,
        "region": appeal.region,
        "claim": appeal.claim,
        "repeats": appeal.repeats,
        "late": appeal.late,
        "cabinetRef": appeal.cabinet_ref,
        "creationDate": moment(appeal.registered_at),
        "appealedAt": moment(appeal.appealed_at),
        "requestedResolutionDate": moment(appeal.deadline_at),
        "deliveredAt": moment(appeal.delivered_at),
    }


def _address(appeal: Appeal) -> str:
    return f"{BASE}/{appeal.id}"
