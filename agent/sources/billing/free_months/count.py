"""Free months looked up in the billing's own movements; nothing is remembered, so a restart changes no answer."""

from collections.abc import Iterator, Sequence

from agent.sources.billing import cells
from agent.sources.billing.free_months import desk
from agent.sources.billing.free_months.desk import Month
from agent.sources.billing.preset import assembled
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample

WAITING, CREDITED, TWICE, WRONG = "waiting", "credited", "twice", "wrong"


class FreeMonths:
    """The exported free months of a service."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Look up all months and tell the desk; there are no samples, because each month is a row of the desk's."""
        place, earliest = asking.billing.place, None
        for months in desk.pages(self._settings):
            first = min(month.since for month in months)
            earliest = first if earliest is None else min(earliest, first)
            held = place.keep_movements(earliest)
            # A credit may be older than what is read over HTTP: of such a month nothing is known.
            known = [month for month in months if held is None or month.since >= held]
            if known:
                desk.tell(self._settings, asking.now, states(asking, known))
        if earliest is None:
            place.keep_movements(None)
        yield from ()


def states(asking: Asking, months: Sequence[Month]) -> dict[int, str]:
    """Return what the billing says of some months, by number."""
    places = {f"reference{place}": month.reference for place, month in enumerate(months)}
    query = asking.billing.queries["free_months"].of(asking.billing.place.kind)
    sql = assembled(query, {"references": ", ".join(f":{place}" for place in places)})
    found = {reference: state_of(*numbers) for reference, *numbers in asking.select("free_months", sql, **places)}
    return {month.number: found.get(month.reference, WAITING) for month in months}


def state_of(credits_: object, accounts: object, exact: object) -> str:
    """Return the state of one reference: credits less those taken back, accounts that have it, those with one fee."""
    given, having, right = (cells.number(value, "free_months") for value in (credits_, accounts, exact))
    if not having:
        return WAITING
    if given > 1:
        return TWICE
    return CREDITED if given == having == right == 1 else WRONG
