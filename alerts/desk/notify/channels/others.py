"""Apprise targets, Grafana annotations, TMF621 listeners and desks."""

import html
from datetime import datetime
from typing import Any, NamedTuple

import apprise
import httpx

from alerts.desk.notify.texts import Letter
from service.settings import Secret

TIMEOUT = 15.0
LONGEST_ESCAPE = len("&quot;")
LEAST = 40  # characters of a part, where a long title leaves less of a short message such as an SMS
SPARE = 64  # characters of the markup that a service puts around title and text


class Annotation(NamedTuple):
    """A mark on Grafana's boards."""

    moment: datetime
    tags: list[str]
    text: str


def notify(url: Secret, letter: Letter) -> None:
    """Send through Apprise, which knows Telegram and some hundred others."""
    services = apprise.Apprise()
    if not services.add(url.read()):
        raise OSError("Apprise does not understand the address in the secret")
    for service in services:
        one = apprise.Apprise()
        one.add(service)
        # As plain text, so that what an alert says is escaped where a service reads markup.
        room = max(int(service.body_maxlen) - len(html.escape(letter.subject)) - SPARE, LEAST)
        for text in parts(letter.text, room):
            if not one.notify(body=text, title=letter.subject, body_format=apprise.NotifyFormat.TEXT):
                raise OSError("Apprise could not deliver")


def parts(text: str, room: int) -> list[str]:
    """Return a text in parts of which each takes at most so many characters with its markup escaped.

    A message that a service refuses for its length would never arrive. Lines stay whole where they fit.
    """
    if room < LONGEST_ESCAPE:
        raise ValueError(f"a part of {room} characters may be too short for one of them")
    result, rest = [], text
    while len(html.escape(rest)) > room:
        end = _longest(rest, room)
        cut = rest.rfind("\n", 1, end)
        end = cut if cut > 0 else end
        result.append(rest[:end].rstrip())
        rest = rest[end:].lstrip("\n")
    return [*result, rest] if rest or not result else result


def _longest(text: str, room: int) -> int:
    """Return how many characters of a text fit; at least one."""
    low, high = 1, min(len(text), max(room, 1))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(html.escape(text[:middle])) <= room else (low, middle - 1)
    return low


def annotate(client: httpx.Client, url: Secret, token: Secret | None, note: Annotation) -> None:
    """Put an annotation onto Grafana's boards."""
    body = {"time": int(note.moment.timestamp() * 1000), "tags": note.tags, "text": note.text}
    post(client, f"{url.read().rstrip('/')}/api/annotations", body, _bearer(token))


def annotation(row: Any, kind: str, text: str) -> Annotation:
    """Return what Grafana is told of a ticket."""
    moment = row["resolved_at"] if kind == "resolved" and row["resolved_at"] else row["opened_at"]
    return Annotation(
        moment, ["ottwatch", kind, row["severity"], *(tag for tag in (row["site"], row["node"]) if tag)], text
    )


def look(client: httpx.Client, url: Secret, token: Secret | None) -> None:
    """Read one ticket at another desk: shows that address and token are right, and changes nothing there."""
    _send(client, "GET", f"{url.read().rstrip('/')}/troubleTicket?limit=1", None, _bearer(token))


def _bearer(token: Secret | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.read()}"} if token else {}


def post(client: httpx.Client, url: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """POST JSON; raise OSError unless the answer is a success."""
    return _send(client, "POST", url, body, headers)


def patch(client: httpx.Client, url: str, body: Any, headers: dict[str, str]) -> httpx.Response:
    """PATCH JSON; raise OSError unless the answer is a success."""
    return _send(client, "PATCH", url, body, headers)


def _send(client: httpx.Client, method: str, url: str, body: Any, headers: dict[str, str] | None) -> httpx.Response:
    # The address stays out of the error: it may be secret.
    try:
        answer = client.request(method, url, json=body, headers=headers, timeout=TIMEOUT, follow_redirects=False)
    except (httpx.HTTPError, ValueError, httpx.InvalidURL) as error:
        # ValueError: a host that no name service could be asked about, such as one with a label of 64 characters.
        raise OSError(f"no answer: {type(error).__name__}") from None
    if not answer.is_success:
        raise OSError(f"answered {answer.status_code}")
    return answer
