"""Grafana annotations, TMF621 listeners and desks: JSON over HTTP."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx

from alerts.desk.core.json_body import read_json
from alerts.desk.notify.attempt import BusyError, RefusedError
from alerts.desk.tickets.ticket import Ticket
from service.no_answer import reason_of
from service.settings import Secret

TIMEOUT = 15.0
PAUSE = 60.0  # after 429 without a Retry-After
PASSING = frozenset({408, 409, 423, 425})  # statuses below 500 that another attempt may change


class Annotation(NamedTuple):
    """A mark on Grafana's dashboards."""

    moment: datetime
    tags: list[str]
    text: str


def annotate(client: httpx.Client, url: Secret, token: Secret | None, note: Annotation) -> None:
    """Put an annotation onto Grafana's dashboards."""
    body = {"time": int(note.moment.timestamp() * 1000), "tags": note.tags, "text": note.text}
    check_api(post(client, f"{url.read().rstrip('/')}/api/annotations", body, bearer(token)), dict)


def annotation(ticket: Ticket, kind: str, text: str) -> Annotation:
    """Return what Grafana is told of a ticket."""
    moment = ticket.resolved_at if kind == "resolved" and ticket.resolved_at else ticket.opened_at
    return Annotation(
        moment, ["ottwatch", kind, ticket.severity, *(tag for tag in (ticket.site, ticket.node) if tag)], text
    )


def look(client: httpx.Client, url: Secret, token: Secret | None) -> None:
    """Read one ticket at another desk: shows that address and token are right, and changes nothing there."""
    check_api(_send(client, "GET", f"{url.read().rstrip('/')}/troubleTicket?limit=1", None, bearer(token)), list)


def bearer(token: Secret | None) -> dict[str, str]:
    """Return the header that a token becomes."""
    return {"Authorization": f"Bearer {token.read()}"} if token else {}


def post(client: httpx.Client, url: str, body: object, headers: dict[str, str] | None = None) -> httpx.Response:
    """POST JSON; raise OSError unless the answer is a success."""
    return _send(client, "POST", url, body, headers)


def patch(client: httpx.Client, url: str, body: object, headers: dict[str, str]) -> httpx.Response:
    """PATCH JSON; raise OSError unless the answer is a success."""
    return _send(client, "PATCH", url, body, headers)


def check_api(answer: httpx.Response, kind: type[dict[str, object]] | type[list[object]]) -> None:
    """Raise OSError unless a success is an API's: a login page or one of a proxy comes with status 200, too."""
    with suppress(ValueError):
        if isinstance(read_json(answer.content), kind):
            return
    raise OSError(
        f"answered {answer.status_code} without the JSON of its API; see whether the address leads to a login page or "
        "to a proxy's"
    )


def _send(client: httpx.Client, method: str, url: str, body: object, headers: dict[str, str] | None) -> httpx.Response:
    # The address stays out of the error: it may be secret.
    try:
        answer = client.request(method, url, json=body, headers=headers, timeout=TIMEOUT, follow_redirects=False)
    except (httpx.HTTPError, ValueError, httpx.InvalidURL) as error:
        # ValueError: a host that no name service could be asked about, such as one with a label of 64 characters.
        raise OSError(f"no answer: {reason_of(error)}") from None
    if not answer.is_success:
        raise _error(answer)
    return answer


def _error(answer: httpx.Response) -> OSError:
    said = f"answered {answer.status_code}"
    wait = retry_after(answer.headers, datetime.now(UTC)) if answer.status_code in (429, 503) else None
    if wait is not None or answer.status_code == 429:
        return BusyError(said, PAUSE if wait is None else wait)
    if answer.is_redirect:
        return RefusedError(f"{said}: the address has moved; write the new one into the secret")
    if 400 <= answer.status_code < 500 and answer.status_code not in PASSING:
        return RefusedError(said)
    return OSError(said)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks to wait: RFC 9110, 10.2.3, a number of them or a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # GMT may be written as -0000, which parses as a time without a zone.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
