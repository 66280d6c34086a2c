"""Whether a ticket is still what the caller read (RFC 9110, 13.1): `If-Match` with its tag, `If-Unmodified-Since`."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fastapi import Request

from alerts.desk.tickets.ticket import Ticket

# A proxy that compresses an answer makes its tag weak (nginx) or adds the encoding (Apache), and passes on what comes
# back as it is. The tag counts versions, not bytes, so that the same version is meant.
_OF_PROXIES = re.compile(r'(?:W/)?"(\d+)(?:[-;](?:gzip|br|zstd|deflate))?"')


def tag(ticket: Ticket) -> str:
    """Return the entity tag of a ticket, which changes with each change of it."""
    return f'"{ticket.version}"'


def given(request: Request) -> list[str]:
    """Return the headers by which a request depends on the ticket's being unchanged."""
    return [name for name in ("If-Match", "If-Unmodified-Since") if name in request.headers]


def failed(request: Request, ticket: Ticket) -> str:
    """Return why a ticket is not what the caller read; empty where it is. Raise ValueError for what is no condition."""
    listed = request.headers.get("if-match")
    if listed is not None:
        tags = [_OF_PROXIES.sub(r'"\1"', each.strip()) for each in listed.split(",")]
        if "*" in tags or tag(ticket) in tags:
            return ""
        return f"If-Match is {listed[:100]}, and the ticket is {tag(ticket)} now; read it again"
    since = _moment(request.headers.get("if-unmodified-since", ""))
    if ticket.updated_at.replace(microsecond=0) <= since:
        return ""
    return f"the ticket has changed since {since:%Y-%m-%dT%H:%M:%SZ}; read it again"


def _moment(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f'If-Unmodified-Since is "{text[:100]}", not a date of HTTP') from None
