"""The open billing cases, for the agents that count them. No account is in them, only what to count."""

from datetime import datetime

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse

from alerts.desk.api.known import only
from alerts.desk.billing import store
from alerts.desk.billing.case import Case
from alerts.desk.web.errors import RESPONSES
from alerts.desk.web.session import Actor, Running

router = APIRouter(prefix="/billing", tags=["billing"], dependencies=[Depends(only())])


@router.get("/cases", responses={code: RESPONSES[code] for code in (401, 403, 503)})
def cases(runtime: Running, _: Actor) -> Response:
    """List the cases that are not closed."""
    with runtime.database.read() as connection:
        found = store.current(connection)
    return JSONResponse({"cases": [body(case) for case in found]}, headers={"Cache-Control": "no-store"})


def body(case: Case) -> dict[str, object]:
    """Return a case as agents read it."""

    def moment(value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    return {
        "id": str(case.id),
        "service": case.service,
        "kind": str(case.kind),
        "opened": moment(case.opened_at),
        "since": moment(case.since),
        "until": moment(case.contained_at),
        "reference": case.reference,
        "key": case.key,
        "stages": [str(stage) for stage in case.required],
        "compensation": case.compensation,
    }
