"""Names of accounts and tokens: what tickets and the audit trail call somebody."""

from alerts.desk.access.refused import RefusedError
from alerts.desk.access.trail import PROGRAM
from alerts.desk.core.actors import BILLING_WATCH, DESK

LONGEST = 100
RESERVED = (DESK, BILLING_WATCH, PROGRAM)  # the desk's own names in histories


def checked(name: str) -> str:
    """Return a name without spaces around it; refuse one that could not be told from another or from nothing."""
    name = name.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise RefusedError("name", longest=LONGEST)
    if name.casefold() in RESERVED:
        raise RefusedError("name_reserved", name=name)
    return name
