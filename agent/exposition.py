"""From the runner's samples to prometheus-client's registry."""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from agent import catalogue
from service.metric import Sample, families


class _Scrape(Collector):
    def __init__(self, samples: Callable[[], Iterable[Sample]]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Family]:
        build = catalogue.AGENT_BUILD_INFO.sample(1, version("ottwatch"))
        return families([*self._samples(), build])

    def describe(self) -> list[Family]:
        """Collect nothing at registration: prometheus-client would take the first scrape's names as all there are."""
        return []


def registry(samples: Callable[[], Iterable[Sample]]) -> CollectorRegistry:
    """Return a registry that gives `samples()` at each scrape, and the agent's own process."""
    result = CollectorRegistry()
    result.register(_Scrape(samples))
    ProcessCollector(registry=result)
    return result
