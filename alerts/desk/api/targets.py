"""The nodes for Prometheus' HTTP discovery, in the form of its documentation: a list of targets with labels."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from alerts.desk.access.roles import Permission
from alerts.desk.api.known import only
from alerts.desk.inventory import nodes
from alerts.desk.web.errors import RESPONSES
from alerts.desk.web.session import Needs, Running, near

router = APIRouter(prefix="/api/v1/targets", tags=["operations"], dependencies=[Depends(only())])


@router.get("/agents", responses={code: RESPONSES[code] for code in (400, 401, 403, 503)})
def agents(request: Request, runtime: Running) -> Response:
    """Return the agents of all nodes of the inventory; from this machine without a token."""
    if not near(request):
        Needs(Permission.METRICS)(request)
    with runtime.database.read() as connection:
        found = nodes.everything(connection)
    return JSONResponse(
        [
            {"targets": [each.address], "labels": {"node": each.name, "site": each.site, "role": each.role}}
            for each in found
        ]
    )
