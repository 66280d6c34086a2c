"""The hubs of TMF621, TMF656 and TMF683: other systems register to hear of changes."""

import uuid

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse

from alerts.desk.access.trail import Action, By, tell
from alerts.desk.api.known import only
from alerts.desk.api.tmf_models import HubCreate, InteractionHubCreate, ProblemHubCreate, TicketHubCreate
from alerts.desk.appeals.tmf683 import BASE as INTERACTIONS
from alerts.desk.core.listening import PARTY_INTERACTION, SERVICE_PROBLEM, TROUBLE_TICKET
from alerts.desk.notify import hubs
from alerts.desk.tickets.tmf621 import BASE
from alerts.desk.tickets.tmf656 import BASE as PROBLEMS
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Actor, Reader, Running

MAX_LISTENERS = 100
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 503)}
_ONE: Responses = _COMMON | {404: RESPONSES[404]}


def _hub(base: str, api: str, model: type[HubCreate], example: str) -> APIRouter:
    """Return the hub of an API."""
    router = APIRouter(prefix=f"{base}/hub", tags=["hub"], dependencies=[Depends(only())])

    def body(number: str, callback: str, query: str) -> dict[str, str]:
        shown = {"@type": "Hub", "id": number, "href": f"{base}/hub/{number}", "callback": callback}
        return shown | ({"query": query} if query else {})

    def register(fresh: HubCreate, runtime: Running, caller: Actor) -> Response:
        number = str(uuid.uuid4())
        with runtime.database.write() as connection:
            if hubs.count(connection) >= MAX_LISTENERS:
                return answer(409, "Conflict", f"there are {MAX_LISTENERS} listeners already; delete one first")
            now = runtime.now()
            hubs.add(connection, number, fresh.callback, fresh.query, now)
            hubs.assign(connection, number, api)
            tell(connection, now, By(caller.name), Action.LISTENER_REGISTERED, number)
        return JSONResponse(body(number, fresh.callback, fresh.query), 201, {"Location": f"{base}/hub/{number}"})

    @router.get("/{number}", responses=_ONE)
    def read(number: str, runtime: Running, _: Reader) -> Response:
        """Read a listener."""
        with runtime.database.read() as connection:
            row = hubs.find(connection, number, api) if "\0" not in number else None
        if row is None:
            return answer(404, "Not Found", f"there is no listener {number}")
        return JSONResponse(body(number, row.callback, row.query))

    @router.delete("/{number}", status_code=204, responses=_ONE)
    def remove(number: str, runtime: Running, caller: Actor) -> Response:
        """Forget a listener."""
        with runtime.database.write() as connection:
            if "\0" in number or not hubs.remove(connection, number, api):
                return answer(404, "Not Found", f"there is no listener {number}")
            tell(connection, runtime.now(), By(caller.name), Action.LISTENER_REMOVED, number)
        return Response(status_code=204)

    register.__annotations__["fresh"] = model
    router.add_api_route(
        "",
        register,
        methods=["POST"],
        status_code=201,
        description=f"Register a listener; its query may name event types: `eventType={example}`.",
        responses=_COMMON | {409: RESPONSES[409], 413: RESPONSES[413]},
    )
    return router


router = _hub(BASE, TROUBLE_TICKET, TicketHubCreate, "TroubleTicketCreateEvent")
problems = _hub(PROBLEMS, SERVICE_PROBLEM, ProblemHubCreate, "ServiceProblemCreateEvent")
interactions = _hub(INTERACTIONS, PARTY_INTERACTION, InteractionHubCreate, "PartyInteractionCreateEvent")
