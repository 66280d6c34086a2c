"""Logging in and out, and the choice of language and colours."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access import login, secrets
from alerts.desk.access import store as access
from alerts.desk.core.words import languages
from alerts.desk.web.forms import StaleFormError, Writing, address_of, by, check_csrf, local_path
from alerts.desk.web.render import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, page
from alerts.desk.web.session import COOKIE, Running, runtime_of, visitor

# Before the login there is no session: the form's key and this cookie must agree.
_BEFORE = "ottwatch_form"
_KEY = re.compile(r"[\w-]{43}", re.ASCII)
YEAR = 365 * 86_400  # seconds

router = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=2000)]
Next = Annotated[str, Form(alias="next", max_length=2000)]


@router.get("/login")
def form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the address's own word
    """Show the login form; who has logged in meanwhile in another tab goes on."""
    return _on(next) if visitor(request) else form_page(request, 200, next_=next)


@router.post("/login")
def submit(
    request: Request, runtime: Running, name: Line = "", password: Line = "", csrf: Line = "", next_: Next = "/"
) -> Response:
    """Log in."""
    try:
        check_csrf(csrf, request.cookies.get(_BEFORE, ""))
    except StaleFormError:
        return _on(next_) if visitor(request) else form_page(request, 403, "login.stale", next_)
    attempt = login.Attempt(name, password, address_of(request))
    try:
        key = login.login(runtime.database, attempt, runtime.settings.limits, runtime.now())
    except login.ThrottledError:
        return form_page(request, 429, "login.throttled", next_)
    if key is None:
        return form_page(request, 403, "login.wrong", next_)
    answer = _on(next_)
    # The session itself ends when it is time; the cookie only must not end before.
    longest = max(runtime.settings.limits.session, runtime.settings.limits.viewer_session)
    _set_cookie(request, answer, COOKIE, key, int(longest))
    answer.delete_cookie(_BEFORE)
    return answer


@router.post("/logout")
def logout(request: Request, runtime: Running, found: Writing) -> Response:
    """End the session."""
    login.logout(runtime.database, by(request, found), request.cookies[COOKIE], runtime.now())
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/language")
def language(request: Request, runtime: Running, found: Writing, language: Line = "", next_: Next = "/") -> Response:
    """Change the language and remember it."""
    if language in languages():
        with runtime.database.write() as connection:
            access.set_language(connection, found.principal.name, language)
    answer = RedirectResponse(local_path(next_), 303)
    if language in languages():
        _set_cookie(request, answer, LANGUAGE_COOKIE, language, YEAR)
    return answer


@router.post("/theme")
def theme(request: Request, _: Writing, theme: Line = "", next_: Next = "/") -> Response:
    """Change between light, dark and what the reader's system prefers."""
    answer = RedirectResponse(local_path(next_), 303)
    if theme in THEMES:
        _set_cookie(request, answer, THEME_COOKIE, theme, YEAR)
    else:
        answer.delete_cookie(THEME_COOKIE)
    return answer


def form_page(request: Request, status: int, problem: str = "", next_: str = "/") -> Response:
    """Render the login form, with what is wrong above it if something is."""
    # One key for all tabs: a browser that opens yesterday's again shows the form in each of them.
    before = request.cookies.get(_BEFORE, "")
    key = before if _KEY.fullmatch(before) else secrets.new_key()
    result = page(request, "console/login/login.html", None, status, problem=problem, csrf=key, next=local_path(next_))
    _set_cookie(request, result, _BEFORE, key)
    return result


def _on(next_: str) -> RedirectResponse:
    return RedirectResponse(local_path(next_), 303)


def _set_cookie(request: Request, answer: Response, name: str, value: str, seconds: int | None = None) -> None:
    secure = runtime_of(request).settings.secure_cookies
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)
