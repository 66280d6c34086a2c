"""What all pages of the settings share: the tabs that their reader may open, and the word on what was just done."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access import secrets
from alerts.desk.access.refused import RefusedError
from alerts.desk.access.roles import Permission
from alerts.desk.core.words import Words, catalogue
from alerts.desk.web.render import Place, page, words_for
from alerts.desk.web.session import Visitor

TABS = (
    Place("you", "/settings"),
    Place("roles", "/settings/roles"),
    Place("policies", "/settings/policies"),
    Place("accounts", "/settings/accounts", Permission.ADMINISTER),
    Place("tokens", "/settings/tokens", Permission.ADMINISTER),
    Place("targets", "/settings/targets", Permission.ADMINISTER),
    Place("audit", "/settings/audit", Permission.ADMINISTER),
)
PASSWORD_LENGTHS = {"least": secrets.MIN_PASSWORD, "most": secrets.MAX_PASSWORD}

Name = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=secrets.MAX_PASSWORD * 4)]
Word = Annotated[str, Form(max_length=50)]


def show(
    request: Request,
    tab: str,
    found: Visitor,
    *,
    template: str = "",
    refused: RefusedError | None = None,
    status: int = 409,
    **values: object,
) -> Response:
    """Render the page of a tab, with what was done or refused above it."""
    words = words_for(request, found)
    place = next(each for each in TABS if each.name == tab)
    return page(
        request,
        f"console/settings/{template or tab}.html",
        found,
        status if refused else 200,
        here=request.url.path if request.method == "GET" else place.address,
        tabs=[each for each in TABS if found.principal.may(each.needs)],
        tab=place,
        problem=why(words, refused) if refused else "",
        done=_done(words, request.query_params.get("done", "")),
        lengths=PASSWORD_LENGTHS,
        **values,
    )


def back(address: str, done: str) -> Response:
    """Go to a page that says what was done; reloading it repeats nothing."""
    return RedirectResponse(f"{address}?{urlencode({'done': done})}", 303)


def why(words: Words, refused: RefusedError) -> str:
    """Return the reason in words."""
    return words(f"refused.{refused.reason}", **refused.values)


def _done(words: Words, name: str) -> str:
    key = f"settings.done.{name}"
    return words(key) if key in catalogue(words.language) else ""
