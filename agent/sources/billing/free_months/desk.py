"""The desk's list of exported free months, and what it is told of them: numbers, references and words, no account."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from agent.runtime import http
from agent.runtime.address import joined
from agent.runtime.credentials import header
from agent.runtime.http import StatusError
from agent.sources.billing.settings import BillingSettings
from agent.sources.documents import json_of

TIMEOUT = 10.0
MOST_PAGES = 200


class Month(NamedTuple):
    """A free month that billing has to credit."""

    number: int
    reference: str  # the `case_ref` of its credit
    since: datetime  # when its batch was made


def address_of(settings: BillingSettings) -> str:
    """Return where the desk lists free months, beside its cases; empty where cases come from a file."""
    if not settings.cases.startswith(("http://", "https://")):
        return ""
    return joined(settings.cases, "free-months")


def pages(settings: BillingSettings) -> Iterator[list[Month]]:
    """Yield the months of a service page by page; none without a desk, or where it takes no appeals.

    Raise OSError or ValueError.
    """
    if not address_of(settings):
        return
    after = 0
    for _ in range(MOST_PAGES):
        asked = urlencode({"service": settings.service, "after": after})
        try:
            found = http.get(f"{address_of(settings)}?{asked}", timeout=TIMEOUT, headers=_token(settings))
        except StatusError as error:
            if error.status == 404:
                return
            raise
        months, following = months_of(json_of(found.text))
        if months:
            yield months
        if following is None:
            return
        if following <= after:
            raise ValueError("free months: the next page begins before this one; the desk would be asked without end")
        after = following


def tell(settings: BillingSettings, up_to: datetime, states: Mapping[int, str]) -> None:
    """Tell the desk what was found, as of the moment up to which rows are there; raise OSError."""
    found = [{"id": number, "state": state} for number, state in states.items()]
    body = {"service": settings.service, "upTo": up_to.isoformat(), "freeMonths": found}
    http.post_json(address_of(settings), json.dumps(body).encode(), timeout=TIMEOUT, headers=_token(settings))


def _token(settings: BillingSettings) -> dict[str, str]:
    return header(None, settings.cases_token)


def months_of(answer: Any) -> tuple[list[Month], int | None]:
    """Return the months of a page and after which number the next one begins; raise ValueError naming what is wrong."""
    listed = answer.get("freeMonths") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list) or "next" not in answer:
        raise ValueError('free months: the answer has no list "freeMonths" with a "next"')
    following = answer["next"]
    if following is not None and not _whole(following):
        raise ValueError("free months: next must be a number, or null on the last page")
    return [_month(each) for each in listed], following


def _month(given: Any) -> Month:
    if not isinstance(given, Mapping) or not _whole(given.get("id")):
        raise ValueError("free months: an entry has no number as its id")
    number, reference = given["id"], given.get("reference")
    if not isinstance(reference, str) or not 0 < len(reference) <= 64:
        raise ValueError(f"free months: {number}: reference must be a text of 1 to 64 characters")
    try:
        since = datetime.fromisoformat(given.get("since", ""))
    except (TypeError, ValueError):
        since = None
    if since is None or since.tzinfo is None:
        raise ValueError(f"free months: {number}: since must be a moment with its offset from UTC")
    return Month(number, reference, since)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
