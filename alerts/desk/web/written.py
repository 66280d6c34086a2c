"""What somebody wrote into a form, so that a page which refuses the form can show it: nobody has to write it twice."""

from urllib.parse import urlsplit

from fastapi import Request
from pydantic import BeforeValidator

from alerts.desk.web.session import runtime_of

_FIELDS = ("text", "answer", "reason", "impact", "back_out")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _one_line_end(text: object) -> object:
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


Lines = BeforeValidator(_one_line_end)
"""Of a text of several lines: browsers count a line end once against `maxlength` and send two characters for it."""


async def keep(request: Request) -> None:
    """Keep what a form of our own pages has in its fields for longer texts."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or kind not in _FORMS or not _ours(request):
        return
    form = await request.form()
    texts = [text for name in _FIELDS for text in form.getlist(name) if isinstance(text, str) and text.strip()]
    request.state.written = "\n\n".join(texts).replace("\r\n", "\n")


def kept(request: Request) -> str:
    """Return what was written into the form that this request sent; empty where that is nothing."""
    return str(getattr(request.state, "written", ""))


def came_from(request: Request) -> str:
    """Return path and query of the page that a request came from; the first page where that is unknown or not ours."""
    parts = urlsplit(request.headers.get("referer", "")) if _ours(request) else None
    return (f"{parts.path}?{parts.query}" if parts.query else parts.path) if parts and parts.path else "/"


def _ours(request: Request) -> bool:
    """Return whether a form is not another site's, whose words our page would show as its own."""
    site, origin = (request.headers.get(name, "") for name in ("sec-fetch-site", "origin"))
    if site:
        return site in ("same-origin", "none")
    hosts = {request.url.netloc, urlsplit(runtime_of(request).settings.public_url).netloc}
    return not origin or urlsplit(origin).netloc in hosts
