"""Errors without secrets: a server may repeat in its refusal what it was sent, and errors are shown on a page."""

import re

from alerts.desk.core.settings import Settings

HIDDEN = "…"
_PIECE = re.compile(r"[^/@?&=:,\s]{10,}")
"""A piece of an address that may be a token: libraries cut addresses up, and show the pieces."""


def redacted(text: str, settings: Settings) -> str:
    """Return a text in which no secret of mail server or targets is left."""
    secrets = [settings.smtp.password] if settings.smtp else []
    for target in settings.target:
        secrets += [target.url, target.token]
    for secret in secrets:
        if secret is None:
            continue
        try:
            value = secret.read()
        except OSError:
            continue  # it cannot be read, so it was not sent either
        text = text.replace(value, HIDDEN)
        if "://" in value:
            for piece in _PIECE.findall(value.partition("://")[2]):
                # A host is no secret, and neither is the number of a chat or a telephone.
                if "." not in piece and not piece.lstrip("+-").isdecimal():
                    text = text.replace(piece, HIDDEN)
    return text
