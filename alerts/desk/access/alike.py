"""Which names are one name to those who read them."""

import unicodedata


def folded(name: str) -> str:
    """Return what names are compared by: without capitals, spaces around, and letters that are two characters."""
    return unicodedata.normalize("NFC", name.strip().casefold())
