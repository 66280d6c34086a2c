"""Templates with what every page needs: the words, the visitor, the form key."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from alerts.desk.access.roles import Permission
from alerts.desk.core.annotations import summary_of
from alerts.desk.core.words import Words, languages
from alerts.desk.web.session import Visitor, runtime_of
from alerts.desk.web.written import kept

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["summary_of"] = summary_of
LANGUAGE_COOKIE = "ottwatch_language"
THEME_COOKIE = "ottwatch_theme"
THEMES = ("light", "dark")  # anything else: what the reader's system prefers


def _always(_request: Request) -> bool:
    return True


class Place(NamedTuple):
    """A page that the head of every page leads to; its word is `nav.<name>`."""

    name: str
    address: str
    needs: Permission = Permission.READ
    otherwise: Permission | None = None  # another one that is enough
    shown: Callable[[Request], bool] = _always  # whether this desk has it


_BEFORE_KINDS = (
    Place("queue", "/"),
    Place("overview", "/overview"),
    Place("map", "/map"),
    Place("channels", "/channels"),
    Place("works", "/works"),
)
_AFTER_KINDS = (
    Place("busy_hour", "/busy-hour"),
    Place("reports", "/reports"),
    Place("settings", "/settings"),
)


def words_for(request: Request, found: Visitor | None) -> Words:
    """Return the reader's language: their account's, else the browser's choice, else the desk's."""
    settings = runtime_of(request).settings
    choices = (found.principal.language if found else "", request.cookies.get(LANGUAGE_COOKIE, ""), settings.language)
    return Words(next(choice for choice in choices if choice in languages()), settings.zone)


def fragment(template: str, words: Words, **values: object) -> Markup:
    """Render a part of a page."""
    return Markup(_TEMPLATES.get_template(template).render(values | {"t": words}))  # noqa: S704 - escaped by jinja


def page(request: Request, template: str, found: Visitor | None, status: int = 200, **values: object) -> HTMLResponse:
    """Render a page."""
    theme = request.cookies.get(THEME_COOKIE, "")
    context: dict[str, object] = {
        "who": found.principal if found else None,
        "csrf": found.csrf if found else "",
        "here": address(request),
        "places": _places(request, found),
        "path": request.url.path,
        "theme": theme if theme in THEMES else "",
        "now": runtime_of(request).now(),
        "t": words_for(request, found),
        "written": kept(request) if status >= 400 else "",
    }
    text = _TEMPLATES.get_template(template).render(context | values)
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def places_with(kinds: Iterable[Place]) -> tuple[Place, ...]:
    """Return where the head of every page leads to, with the pages of the kinds of tickets in their place."""
    return (*_BEFORE_KINDS, *kinds, *_AFTER_KINDS)


def _places(request: Request, found: Visitor | None) -> list[Place]:
    """Return where somebody can go."""
    if found is None:
        return []
    may, places = found.principal.may, request.app.state.places
    return [
        place
        for place in places
        if (may(place.needs) or (place.otherwise and may(place.otherwise))) and place.shown(request)
    ]


def address(request: Request) -> str:
    """Return path and query of a request."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
