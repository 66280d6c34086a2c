"""Where the cases come from: the desk's address, or a file with the same JSON where the agent cannot reach the desk."""

from pathlib import Path

from agent.runtime import http
from agent.runtime.credentials import header
from agent.sources.billing.cases.case import Case, cases_of
from agent.sources.billing.settings import BillingSettings
from agent.sources.documents import json_of

TIMEOUT = 10.0


def cases(settings: BillingSettings) -> list[Case]:
    """Return the open cases of a service; raise OSError or ValueError."""
    if settings.cases.startswith(("http://", "https://")):
        text = http.get(settings.cases, timeout=TIMEOUT, headers=header(None, settings.cases_token)).text
    else:
        text = Path(settings.cases).read_text("utf-8")
    return [case for case in cases_of(json_of(text)) if case.service == settings.service]
