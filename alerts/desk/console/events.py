"""Server-sent events: each tells a console that something changed, not what; the console then asks for its own part."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from alerts.desk.console.forms import Reading
from alerts.desk.console.pulse import Pulse

RETRY_MILLISECONDS = 2000

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def events(request: Request, _: Reading) -> Response:
    """Tell of changes until the reader goes away."""
    pulse: Pulse = request.app.state.pulse
    # X-Accel-Buffering: nginx in front must pass each line on at once.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_lines(pulse), media_type="text/event-stream", headers=headers)


async def _lines(pulse: Pulse) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    async for mark in pulse.marks():
        yield f"data: {mark}\n\n" if mark else ": quiet\n\n"
