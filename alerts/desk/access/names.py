"""Names of accounts and tokens: what tickets and the audit trail call somebody."""

import unicodedata

from alerts.desk.access.refused import RefusedError
from alerts.desk.core.actors import BILLING_WATCH, DESK, PROGRAM
from alerts.desk.core.words import catalogue, languages

LONGEST = 100
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {*map(chr, range(0xFE00, 0xFE10))}
"""Characters that are shown as nothing, and that Unicode counts among letters and marks."""
_OWN = (DESK, BILLING_WATCH, PROGRAM)  # the desk's own names in histories


def checked(name: str) -> str:
    """Return a name without spaces around it; refuse one that could not be told from another or from nothing."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > LONGEST or not name.isprintable() or _UNSEEN.intersection(name):
        raise RefusedError("name", longest=LONGEST)
    if name.casefold() in {*_OWN, *_as_read()}:
        raise RefusedError("name_reserved", name=name)
    return name


def _as_read() -> set[str]:
    """Return how the desk's own names are read in each language."""
    return {
        text.casefold()
        for language in languages()
        for key, text in catalogue(language).items()
        if key.startswith("actor.")
    }
