"""Talking to a Grafana: grafana-client behind errors that name the remedy, and patience while Grafana restarts."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException, GrafanaServerError, GrafanaTimeoutError

T = TypeVar("T")
Json = dict[str, Any]

log = logging.getLogger("dashboards.grafana")

_RETRIED = {0, 502, 503, 504}  # nothing answered, or what answered was a balancer before a Grafana that is not up
_PAUSE = 1.0
_GREETING = "say its version"


class GrafanaError(Exception):
    """Grafana does not do what is asked; the text says what to do about it."""


class RefusedError(GrafanaError):
    """Grafana understood and refused; `status` is its HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Grafana:
    """One Grafana and the token it is asked with."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f'"{url}" is no address of a Grafana; write one such as http://grafana.example:3000')
        if parts.username or parts.password:
            raise ValueError("the address of Grafana holds a password; give a service-account token instead")
        self.url = url.rstrip("/")
        self._api = GrafanaApi.from_url(self.url + "/", credential=token, timeout=10.0)
        self._patience = patience
        self._clock = clock
        self._pause = pause

    def close(self) -> None:
        """Drop the connections."""
        self._api.client.s.close()

    def version(self) -> str:
        """Return Grafana's version, waiting while it starts, and find out whether the token is good."""
        health: Json = self._ask(_GREETING, lambda: self._api.client.GET("/health"))
        self._ask("name its organisation", self._api.organization.get_current_organization)
        return str(health.get("version", "unknown"))

    def source(self, uid: str) -> Json | None:
        """Return a data source, or None where there is none with this uid."""
        return self._found("show the data source", lambda: self._api.datasource.get_datasource_by_uid(uid))

    def make_source(self, body: Json) -> None:
        """Create a data source."""
        self._ask(f"make the data source {body['uid']}", lambda: self._api.datasource.create_datasource(body))

    def change_source(self, uid: str, body: Json) -> None:
        """Change a data source."""
        self._ask(f"change the data source {uid}", lambda: self._api.datasource.update_datasource_by_uid(uid, body))

    def folder(self, uid: str) -> Json | None:
        """Return a folder, or None where there is none with this uid."""
        return self._found("show the folder", lambda: self._api.folder.get_folder(uid))

    def make_folder(self, uid: str, title: str) -> None:
        """Create a folder."""
        self._ask(f"make the folder {uid}", lambda: self._api.folder.create_folder(title, uid=uid))

    def board(self, uid: str) -> Json | None:
        """Return a board with its `meta`, or None where there is none with this uid."""
        return self._found("show the board", lambda: self._api.dashboard.get_dashboard(uid))

    def last_message(self, uid: str) -> str:
        """Return what was said when the board was last saved."""
        answer = self._found(
            f"show the versions of {uid}",
            # The client's own method puts the limit into a body, where Grafana does not look.
            lambda: self._api.client.GET(f"/dashboards/uid/{uid}/versions", params={"limit": 1}),
        )
        # Grafana 12 wraps the list, Grafana 11 answers with it bare.
        versions = answer.get("versions", []) if isinstance(answer, dict) else answer or []
        return str(versions[0].get("message", "")) if versions else ""

    def save(self, body: Json) -> Json:
        """Save a board; `body` carries the uid of its folder, without which Grafana would move it to the root."""
        uid = body["dashboard"]["uid"]
        answer: Json = self._ask(f"save the board {uid}", lambda: self._api.dashboard.update_dashboard(body))
        return answer

    def _found(self, what: str, call: Callable[[], T]) -> T | None:
        try:
            return self._ask(what, call)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def _ask(self, what: str, call: Callable[[], T]) -> T:
        """Call Grafana, again and again for as long as patience lasts where it is not up."""
        until = self._clock() + self._patience
        while True:
            try:
                return call()
            except GrafanaTimeoutError:
                failure = GrafanaError(f"{self.url} does not answer in time when asked to {what}")
            except (GrafanaServerError, GrafanaClientError) as error:
                if error.status_code not in _RETRIED:
                    raise _refused(self.url, what, error) from None
                failure = GrafanaError(f"{self.url} answers {error.status_code} when asked to {what}: is it starting?")
            except GrafanaException as error:
                failure = GrafanaError(f"{self.url} cannot be asked to {what}: {error.message}")
            except ValueError:  # a page where JSON was due
                raise GrafanaError(
                    f"{self.url} does not answer as Grafana does when asked to {what}; "
                    "is the address right, the path under which Grafana is served included?"
                ) from None
            except OSError as error:
                failure = GrafanaError(f"{self.url} cannot be reached: {_reason(error)}; is Grafana running there?")
            if self._clock() + _PAUSE > until:
                raise GrafanaError(f"gave up after {self._patience:g} s (--wait SECONDS waits longer): {failure}")
            log.info("waiting for Grafana: %s", failure)
            self._pause(_PAUSE)


def _refused(url: str, what: str, error: GrafanaException) -> RefusedError:
    said = error.response.get("message") if isinstance(error.response, dict) else None
    detail = f" ({said})" if said else ""
    match error.status_code:
        case 401:
            text = f"{url} refuses the token{detail}; make a new one for a service account and set GRAFANA_TOKEN"
        case 403:
            text = (
                f"{url} does not let this token {what}{detail}; give its service account the role Admin, or Editor "
                "together with --no-data-source where the data source is made by hand"
            )
        case status:
            text = f"{url} answers {status} when asked to {what}{detail}{_remedy(status, what)}"
    return RefusedError(error.status_code, text)


def _remedy(status: int, what: str) -> str:
    match status:
        case 404 if what == _GREETING:
            return "; is the address right, the path under which Grafana is served included?"
        case 409:
            return "; something of that name is there under another uid: rename it, or give it this uid"
        case 412:
            return "; somebody saves it again and again, or another board has its title: look at it in Grafana"
        case _ if status >= 500:
            return "; the reason is in Grafana's log"
        case _:
            return ""


def _reason(error: BaseException) -> str:
    """Return the innermost reason: the client's own text repeats the address and its internals."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return str(error) or type(error).__name__
