"""HEAD, which every address that answers GET has to answer (RFC 9110, 9.1): what balancers and monitors ask."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Answers HEAD like GET without the body; the server itself counts the bytes that it leaves out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as GET, and end its answer after the head."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _headed(send)
        await self.app(scope, receive, send)


def _headed(send: Send) -> Send:
    """Return what sends the head of an answer and ends it there: a stream of events would never end by itself."""
    ended = False

    async def headed(message: Message) -> None:
        nonlocal ended
        if message["type"] != "http.response.body":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return headed
