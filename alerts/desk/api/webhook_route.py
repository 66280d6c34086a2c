"""`POST /webhook/alertmanager`: 2xx only after the commit.

Alertmanager tries again after a 5xx and drops what got a 4xx, so 503 says "storage is down" and 400 says "this will
never be a notification". Every answer is counted.
"""

from functools import partial

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from alerts.desk.access.roles import Permission
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.ingest import ingest
from alerts.desk.alarms.webhook import parse
from alerts.desk.core import metrics
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.errors import RESPONSES, answer
from alerts.desk.web.limiter import lane_of
from alerts.desk.web.session import Needs

router = APIRouter(tags=["webhook"])

_TEXTS: dict[str, object] = {"type": "object", "additionalProperties": {"type": "string"}}
NOTIFICATION: dict[str, object] = {
    "description": "A notification of Alertmanager, version 4; older ones, which lack parts of it, are taken too.",
    "type": "object",
    "required": ["alerts"],
    "properties": {
        "status": {"type": "string", "enum": ["firing", "resolved"]},
        "groupLabels": _TEXTS,
        "commonLabels": _TEXTS,
        "commonAnnotations": _TEXTS,
        "alerts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "status": {"type": "string", "enum": ["firing", "resolved"]},
                    "labels": _TEXTS,
                    "annotations": _TEXTS,
                    "startsAt": {"type": "string", "format": "date-time"},
                    "endsAt": {"type": "string", "format": "date-time"},
                    "generatorURL": {"type": "string"},
                    "fingerprint": {"type": "string"},
                },
            },
        },
    },
}


@router.post(
    "/webhook/alertmanager",
    responses={code: RESPONSES[code] for code in (400, 401, 403, 413, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": NOTIFICATION}}}},
)
async def alertmanager(request: Request) -> Response:
    """Take a notification of Alertmanager and store it."""
    lane = lane_of(request)
    await lane.run(partial(Needs(Permission.NOTIFY), request))
    try:
        body = await request.body()
    except ClientDisconnect:
        raise HTTPException(503, "the sender did not wait for its turn") from None
    return await lane.run_unless_gone(
        request, partial(_store, request.app.state.runtime, request.app.state.correlator, body)
    )


def _store(runtime: Runtime, correlator: Correlator | None, body: bytes) -> Response:
    try:
        notification = parse(body, runtime.now())
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    done = ingest(runtime.database, notification, runtime.policy, runtime.now(), correlator)
    for outcome, number in done.outcomes.items():
        runtime.counts.add(metrics.WEBHOOK_ALERTS, number, str(outcome))
    runtime.counts.add(metrics.TICKETS_OPENED, done.opened)
    runtime.counts.add(metrics.UNREADABLE_FIGURES, done.unreadable)
    return JSONResponse({"outcomes": dict(done.outcomes), "opened": done.opened})
