"""What clients do whatever the address is: a slash at the end of a machine's address, an encoded body."""

from starlette.types import ASGIApp, Receive, Scope, Send

from alerts.desk.web.errors import answer

MACHINES = (
    *("/tmf-api/", "/api/", "/webhook/", "/metrics", "/healthz", "/readyz", "/openapi.json", "/static/"),
    *("/billing/cases", "/billing/free-months"),  # beside pages such as /billing/case/1
)
"""How the addresses begin that programs ask, not people."""


class PlainHttp:
    """Answers machines alike with and without a slash at the end, and refuses encoded bodies.

    The redirect that the framework would send names the scheme and the host by which the desk was reached, which behind
    a proxy are not the client's; many clients drop body or token there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as the application expects it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        encoding = _header(scope, b"content-encoding")
        if encoding not in ("", "identity"):
            sentence = f'the body came with "Content-Encoding: {encoding[:40]}"; send it as it is, without that header'
            await answer(400, "Bad Request", sentence)(scope, receive, send)
            return
        path = scope["path"]
        if path.endswith("/") and path.startswith(MACHINES):
            scope = {**scope, "path": path.rstrip("/"), "raw_path": scope.get("raw_path", b"").rstrip(b"/")}
        await self.app(scope, receive, send)


def _header(scope: Scope, name: bytes) -> str:
    return b",".join(value for key, value in scope["headers"] if key == name).decode("latin-1").strip().lower()
