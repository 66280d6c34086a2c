"""From the table [[billing]] with a url to its views."""

import ssl

from agent.runtime import credentials
from agent.sources.billing.calendar import Calendar
from agent.sources.billing.settings import BillingSettings
from agent.sources.billing.views.loaded import Loaded, Reach
from agent.sources.billing.views.pages import Address


def loaded(settings: BillingSettings, calendar: Calendar) -> Loaded:
    """Return the views; raise OSError for a secret or a certificate that cannot be read."""
    trust = None
    if settings.authority is not None:
        try:
            trust = ssl.create_default_context(cafile=settings.authority)
        except (OSError, ValueError):
            raise OSError(f"{settings.authority}: no certificate in PEM can be read from it") from None
    url = str(settings.url)

    def address() -> Address:
        return Address(url, credentials.header(settings.basic, settings.token), trust)

    address()
    # All checks ask in the same moment of each interval: half of it tells two of them apart.
    reach = Reach(settings.deadline, settings.interval / 2, settings.history, settings.charge_days)
    return Loaded(address, settings.service, calendar, reach)
