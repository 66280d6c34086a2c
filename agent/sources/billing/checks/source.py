"""Whether the rows are those of now, and how many subscriptions there are."""

from collections.abc import Iterator

from agent.sources.billing import cells, metrics
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from service.metric import Sample


class Source:
    """How far the rows are behind, and the active subscriptions by tariff."""

    def __init__(self, settings: BillingSettings) -> None:
        self._settings = settings

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield the lag in seconds and the subscriptions."""
        service = self._settings.service
        moment = asking.moment(asking.rows("source")[0][0])
        if moment is None:
            raise ValueError("source: the view gives no moment")
        yield metrics.SOURCE_LAG.sample((asking.clock - moment).total_seconds(), service)
        found = cells.counted(asking.rows("subscriptions"), 1, "subscriptions")
        for (tariff,), (count,) in cells.merged(found, self._settings.smallest_cell).items():
            yield metrics.SUBSCRIPTIONS.sample(count, service, tariff)
