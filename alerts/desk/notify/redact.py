"""Errors without secrets: a server may repeat in its refusal what it was sent, and errors are shown on a page."""

from alerts.desk.core.settings import Settings

HIDDEN = "…"


def redacted(text: str, settings: Settings) -> str:
    """Return a text in which no secret of mail server or targets is left."""
    secrets = [settings.smtp.password] if settings.smtp else []
    for target in settings.target:
        secrets += [target.url, target.token]
    for secret in secrets:
        if secret is None:
            continue
        try:
            text = text.replace(secret.read(), HIDDEN)
        except OSError:
            continue  # it cannot be read, so it was not sent either
    return text
