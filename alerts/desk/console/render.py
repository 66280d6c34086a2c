"""Templates with what every page needs: the words, the visitor, the form key."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.desk.api.access import Visitor, runtime_of
from alerts.desk.console.words import LANGUAGES, Words

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
LANGUAGE_COOKIE = "ottwatch_language"


def words_for(request: Request, found: Visitor | None) -> Words:
    """Return the reader's language: their account's, else the browser's choice, else the desk's."""
    settings = runtime_of(request).settings
    choices = (found.principal.language if found else "", request.cookies.get(LANGUAGE_COOKIE, ""), settings.language)
    return Words(next(choice for choice in choices if choice in LANGUAGES), settings.zone)


def page(request: Request, template: str, found: Visitor | None, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    context: dict[str, Any] = {"who": None, "csrf": "", "here": here, "t": words_for(request, found)}
    if found:
        context |= {"who": found.principal, "csrf": found.csrf}
    text = _TEMPLATES.get_template(template).render(context | values)
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})
